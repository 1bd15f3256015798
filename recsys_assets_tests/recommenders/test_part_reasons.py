"""Reasons of several models for one score add up to it, and name each movie once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recsys_assets.recommenders import Reason
from recsys_assets.recommenders.part_reasons import each_movie_once, share_of

HEAT = Reason("history", "Heat (1995)", 0.25, movie_id=6, rating=4.0)
CASINO = Reason("history", "Casino (1995)", 0.1, movie_id=16, rating=5.0)
MEAN = Reason("bias", "mean of all ratings", 3.0)


def test_a_movie_that_two_parts_name_is_one_reason_of_both_their_contributions() -> None:
    rest = [Reason("part", "many people rated it", 0.3), Reason("part", "the svd model's score", -0.1)]
    told = each_movie_once([HEAT, rest[0], replace(HEAT, contribution=0.5), CASINO, rest[1]])
    assert told == [replace(HEAT, contribution=0.75), CASINO, *rest]


def test_a_part_s_share_is_its_movies_to_scale_and_the_rest_under_its_name() -> None:
    heat, casino, rest = share_of([HEAT, MEAN, CASINO], scale=2.0, amount=0.9, label="taste")
    assert (heat.contribution, casino.contribution) == (0.5, 0.2)
    assert (heat.movie_id, heat.rating) == (6, 4.0)
    assert (rest.kind, rest.label) == ("part", "taste")
    assert rest.contribution == pytest.approx(0.2)


def test_a_part_that_names_no_movie_has_its_share_alone() -> None:
    assert share_of([MEAN], scale=2.0, amount=0.9, label="taste") == [Reason("part", "taste", 0.9)]
