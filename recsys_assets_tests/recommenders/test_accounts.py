"""Accounts of a list: sums, shares and the largest summands, beside one score at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.recommenders import Reason
from recsys_assets.recommenders.accounts import Accounts, OfRatings, RatedMovies, Summand, only_largest, together
from recsys_assets.recommenders.data import Ids

RATED = RatedMovies(np.array([2, 0, 1]), np.array([4.0, 5.0, 1.0], np.float32), Ids(np.array([6, 16, 32])), "ABC")


def account(*rows: list[float], mean: tuple[float, ...] = (3.0, 3.0)) -> Accounts:
    return Accounts.of_ratings(RATED, np.array(rows), Summand("bias", "mean of all ratings", np.array(mean)))


def test_reasons_name_the_rated_movie_and_leave_out_what_says_nothing() -> None:
    told = account([0.25, 0.0, -0.5], [0.0, 0.0, 0.0])
    assert told.reasons(0) == [
        Reason("history", "C", 0.25, movie_id=32, rating=4.0),
        Reason("history", "B", -0.5, movie_id=16, rating=1.0),
        Reason("bias", "mean of all ratings", 3.0),
    ]
    assert told.reasons(1) == [Reason("bias", "mean of all ratings", 3.0)]
    np.testing.assert_allclose(told.totals(), [2.75, 3.0])


def test_what_two_parts_say_of_a_movie_is_one_reason_of_both() -> None:
    both = together([account([0.25, 0, 0], [1, 0, 0]), account([0.5, 0.1, 0], [0, 0, 0], mean=(1, 2))])
    assert [r.contribution for r in both.reasons(0)] == pytest.approx([0.75, 0.1, 3.0, 1.0])
    differently = together([account([0.25, 0, 0], [1, 0, 0]), account([0.5, 0, 0], [0, 0, 0]).scaled(1.0, "as in ")])
    assert [(r.how, r.contribution) for r in differently.reasons(0) if r.kind == "history"] == [
        ("", 0.25),
        ("as in ", 0.5),
    ]


def test_a_part_s_share_is_its_ratings_to_scale_and_the_rest_under_its_name() -> None:
    share = account([0.25, 0.1, 0], [0, 0, 0]).share(scale=2.0, amounts=np.array([0.9, 0.4]), label="taste")
    assert [(r.label, r.contribution) for r in share.reasons(0)] == [
        ("C", 0.5),
        ("A", 0.2),
        ("taste", pytest.approx(0.2)),
    ]
    assert share.reasons(1) == [Reason("part", "taste", 0.4)]
    alone = Accounts((Summand("bias", "mean", np.array([3.0])),)).share(scale=2.0, amounts=np.array([0.9]), label="x")
    assert alone.reasons(0) == [Reason("part", "x", 0.9)]


def test_accounts_of_some_movies_say_nothing_of_the_others() -> None:
    some = Accounts((Summand("popularity", ["seen by 2", "seen by 1"], np.array([2.0, 1.0])),))
    other = Accounts((Summand("part", "new", np.array([0.5])),))
    whole = together([some.spread(np.array([2, 0]), 3), other.spread(np.array([1]), 3)])
    assert [whole.reasons(row) for row in range(3)] == [
        [Reason("popularity", "seen by 1", 1.0)],
        [Reason("part", "new", 0.5)],
        [Reason("popularity", "seen by 2", 2.0)],
    ]


def test_ratings_beyond_the_weightiest_are_one_reason() -> None:
    of = OfRatings(RATED, np.array([[0.1, -0.5, 0.3], [0.0, 0.2, 0.2]]), "as in ")
    told = only_largest(of, 2, "as in {} other movies")
    assert [(r.label, r.contribution, r.movie_id) for r in told.reasons(0)] == [
        ("A", -0.5, 6),
        ("B", 0.3, 16),
        ("as in 1 other movies", pytest.approx(0.1), None),
    ]
    assert only_largest(of, 3, "{}").ratings == (of,)


AMOUNT = st.sampled_from([0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 0.25])
ROW = st.lists(AMOUNT, min_size=3, max_size=3)


@given(st.lists(ROW, min_size=1, max_size=3), st.lists(AMOUNT | st.just(float("nan")), min_size=3, max_size=3))
def test_the_largest_are_those_of_sorting_all_and_the_rest_adds_up(
    rows: list[list[float]], others: list[float]
) -> None:
    told = Accounts.of_ratings(RATED, np.array(rows), Summand("part", "other", np.array(others[: len(rows)])))
    for row, shown in enumerate(told.largest(2)):
        every = sorted(told.reasons(row), key=lambda reason: -abs(reason.contribution))
        assert shown.reasons == every[:2]
        assert shown.left == len(every[2:])
        assert shown.rest == pytest.approx(sum(r.contribution for r in every[2:]))


def test_a_summand_that_is_no_number_is_not_shown() -> None:
    told = Accounts((Summand("genre", "of none", np.array([-np.inf])), Summand("bias", "mean", np.array([1.0]))))
    assert told.largest(5)[0].reasons == [Reason("bias", "mean", 1.0)]


def test_reasons_are_read_out_in_the_words_of_what_they_mean() -> None:
    assert Reason("history", "Heat (1995)", 0.1, 6, 4.5).words == "you gave Heat (1995) 4.5"
    assert Reason("history", "Heat (1995)", 0.1, 6, 4.5, "your taste, as it shows in ").words == (
        "your taste, as it shows in Heat (1995), which you gave 4.5"
    )
    assert Reason("history", "your taste, as it shows in 9 other movies you rated", 0.1).words.endswith("you rated")
