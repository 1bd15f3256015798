"""Coverage, diversity, novelty, calibration and popularity bias against figures computed by hand and plain versions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.evaluation.beyond_accuracy import (
    SMOOTHING,
    calibration,
    coverage,
    diversity,
    gini,
    history_popularity,
    novelty,
    popularity,
    popularity_lift,
)
from recsys_assets.recommenders.data import Histories, Ids

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


def histories_of(*rows: list[int]) -> Histories:
    """Histories of the movies 1-5, given by id."""
    lengths = [len(row) for row in rows]
    movies = np.array([m for row in rows for m in row], dtype=np.int64) - 1
    n = len(movies)
    return Histories.from_columns(np.repeat(np.arange(len(rows)), lengths), len(rows), movies, np.ones(n), np.arange(n))


MOVIES = Ids(np.array([1, 2, 3, 4, 5]))


def divergence(history: list[int], shown: list[int]) -> float:
    """Steck's formula over dictionaries."""

    def mix(movies: list[int]) -> dict[str, float]:
        with_genres = [m for m in movies if GENRES.get(m)]
        found: dict[str, float] = {}
        for movie in with_genres:
            for genre in GENRES[movie]:
                found[genre] = found.get(genre, 0) + 1 / len(GENRES[movie]) / len(with_genres)
        return found

    p, q = mix(history), mix(shown)
    if not p or not q:
        return float("nan")
    smoothed = {g: (1 - SMOOTHING) * q.get(g, 0) + SMOOTHING * p[g] for g in p}
    return sum(p[g] * np.log(p[g] / smoothed[g]) for g in p)


def test_a_list_of_the_users_own_mix_of_genres_is_calibrated() -> None:
    same = calibration(np.array([[1, 3]]), histories_of([1, 3, 1, 3][:2]), MOVIES, CATALOGUE)
    assert same == pytest.approx([0])


def test_a_list_of_one_genre_for_a_taste_of_two_costs_half_a_log() -> None:
    """p = (1/2, 1/2), q' = (1 - a/2, a/2): KL = 1/2 log(1/2 / (1 - a/2)) + 1/2 log(1/2 / (a/2))."""
    found = calibration(np.array([[1, -1]]), histories_of([1, 3]), MOVIES, CATALOGUE)
    a = SMOOTHING
    assert found == pytest.approx([0.5 * np.log(0.5 / (1 - a / 2)) + 0.5 * np.log(1 / a)])


def test_the_worst_list_shows_none_of_the_users_genres() -> None:
    found = calibration(np.array([[3, 3]]), histories_of([1, 2][:1]), MOVIES, CATALOGUE)
    assert found == pytest.approx([np.log(1 / SMOOTHING)])


def test_without_genres_or_history_nothing_is_said() -> None:
    found = calibration(np.array([[4, -1], [1, 2], [-1, -1]]), histories_of([1], [], [2]), MOVIES, CATALOGUE)
    assert np.isnan(found).all()


@given(
    st.lists(st.permutations([1, 2, 3, 4, 5]), min_size=1, max_size=4),
    st.lists(st.permutations([1, 2, 3, 4, 5, 77]), min_size=4, max_size=4),
    st.integers(1, 5),
    st.integers(0, 5),
)
def test_calibration_is_stecks_formula(known: list[list[int]], shown: list[list[int]], k: int, length: int) -> None:
    known = [row[:length] for row in known]
    ranked = np.array(shown[: len(known)])[:, :k]
    found = calibration(ranked, histories_of(*known), MOVIES, CATALOGUE)
    expected = [divergence(own, row.tolist()) for own, row in zip(known, ranked, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert (found[np.isfinite(found)] >= 0).all()
    assert (found[np.isfinite(found)] <= np.log(1 / SMOOTHING) + 1e-9).all()


def test_popularity_is_the_mean_share_of_raters() -> None:
    rated = np.array([1, 1, 1, 2])
    found = popularity(np.array([[1, 2], [2, -1], [9, -1], [-1, -1]]), rated, n_users=4)
    np.testing.assert_allclose(found, [(3 / 4 + 1 / 4) / 2, 1 / 4, 0, np.nan])


def test_popularity_of_histories_is_that_of_lists_of_the_same_movies() -> None:
    histories = histories_of([1, 2, 3], [2], [1, 2])
    raters = np.bincount(histories.movies, minlength=5)
    found = history_popularity(histories, raters, n_users=3)
    lists = np.array([[1, 2, 3], [2, -1, -1], [1, 2, -1]])
    np.testing.assert_allclose(found, popularity(lists, MOVIES.values[histories.movies], n_users=3))
    assert np.isnan(history_popularity(histories_of([]), raters, n_users=3)).all()


def test_lists_twice_as_popular_as_histories_have_a_lift_of_1() -> None:
    assert popularity_lift(np.array([0.4, 0.4]), np.array([0.1, 0.3])) == pytest.approx(1)
    assert popularity_lift(np.array([0.4, 0.1]), np.array([0.4, np.nan])) == pytest.approx(0)
    assert popularity_lift(np.array([0.4]), np.array([np.nan])) is None


def test_exposure_is_unequal_by_gini() -> None:
    assert gini(np.array([[1, 2], [3, 4]]), np.array([1, 2, 3, 4])) == pytest.approx(0)
    assert gini(np.array([[7], [7]]), np.arange(1, 11)) == pytest.approx(0.9)
    assert gini(np.full((2, 2), -1), np.arange(5)) == 0
    assert gini(np.array([[1]]), np.array([], dtype=np.int64)) == 0


@given(st.lists(st.integers(0, 7), min_size=1, max_size=30))
def test_gini_is_half_the_mean_difference_over_the_mean(shown: list[int]) -> None:
    counts = np.bincount(shown, minlength=8)
    differences = np.abs(counts[:, None] - counts[None, :]).mean()
    assert gini(np.array(shown)[:, None], np.arange(8)) == pytest.approx(differences / (2 * counts.mean()))
