"""Coverage, diversity and novelty against figures computed by hand and plain versions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.evaluation.beyond_accuracy import coverage, diversity, novelty

GENRES = {1: ["Drama"], 2: ["Drama", "Crime"], 3: ["Comedy"], 4: [], 5: ["Crime", "Comedy", "Drama"]}
CATALOGUE = pl.DataFrame({"movie_id": list(GENRES), "genres": list(GENRES.values())})


def cosine(one: list[str], other: list[str]) -> float:
    return len(set(one) & set(other)) / (len(one) * len(other)) ** 0.5 if one and other else 0.0


def test_coverage_is_the_share_of_the_catalogue_that_anyone_was_shown() -> None:
    ranked = np.array([[1, 2, -1], [2, 3, 99]])
    assert coverage(ranked, np.array([1, 2, 3, 4, 5])) == 3 / 5
    assert coverage(np.full((2, 3), -1), np.array([1])) == 0
    assert coverage(ranked, np.array([], dtype=np.int64)) == 0


def test_a_list_of_one_genre_has_no_diversity_and_one_of_strangers_all() -> None:
    same = pl.DataFrame({"movie_id": [1, 2, 3], "genres": [["Drama"]] * 3})
    assert diversity(np.array([[1, 2, 3]]), same) == pytest.approx(0)
    assert diversity(np.array([[1, 3, 4]]), CATALOGUE) == pytest.approx(1)


@given(st.lists(st.permutations([1, 2, 3, 4, 5, 77]), min_size=1, max_size=4), st.integers(2, 6))
def test_diversity_is_that_of_all_pairs(lists: list[list[int]], k: int) -> None:
    ranked = np.array(lists)[:, :k]
    expected = [
        np.mean([1 - cosine(GENRES.get(a, []), GENRES.get(b, [])) for a, b in combinations(row, 2)]) for row in ranked
    ]
    assert diversity(ranked, CATALOGUE) == pytest.approx(np.mean(expected))


def test_lists_too_short_for_a_pair_do_not_count() -> None:
    assert diversity(np.array([[1, -1], [1, 3]]), CATALOGUE) == pytest.approx(1)
    assert diversity(np.array([[1, -1]]), CATALOGUE) == 0
    bare = CATALOGUE.with_columns(genres=pl.lit([], dtype=pl.List(pl.String)))
    assert diversity(np.array([[1, 2]]), bare) == pytest.approx(1)


def test_novelty_is_the_surprise_in_bits() -> None:
    rated = np.array([1, 1, 1, 2])
    assert novelty(np.array([[1]]), rated, n_users=3) == pytest.approx(0)
    assert novelty(np.array([[2]]), rated, n_users=3) == pytest.approx(1)
    assert novelty(np.array([[9, -1]]), rated, n_users=3) == pytest.approx(2)
    assert novelty(np.array([[1, 2], [9, -1]]), rated, n_users=3) == pytest.approx(1)
    assert novelty(np.full((1, 2), -1), rated, n_users=3) == 0
