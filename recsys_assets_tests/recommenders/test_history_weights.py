from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.history_weights import ages, history_weights, weighted_matrix


def histories(rows: list[int], movies: list[int], ratings: list[float], times: list[int], n: int) -> Histories:
    return Histories.from_columns(np.array(rows), n, np.array(movies), np.array(ratings), np.array(times))


TWO = histories([0, 0, 0, 0, 2], [5, 1, 3, 2, 4], [5, 1, 3, 3, 4], [10, 20, 20, 30, 7], 3)


def test_an_age_is_the_number_of_movies_rated_later_and_of_one_moment_it_is_one() -> None:
    assert ages(TWO).tolist() == [3, 1, 1, 0, 0]


def test_nothing_is_of_no_age() -> None:
    assert ages(TWO.take(np.array([1]))).tolist() == []


def test_a_movie_counts_half_after_a_half_life() -> None:
    np.testing.assert_allclose(history_weights(TWO, half_life=1.0), [1 / 8, 1 / 2, 1 / 2, 1, 1])
    np.testing.assert_allclose(history_weights(TWO, half_life=2.0)[0], 0.5**1.5)


def test_data_without_times_does_not_fade() -> None:
    bare = histories([0] * 4, [1, 2, 3, 4], [5] * 4, [9] * 4, 1)
    assert history_weights(bare, half_life=1.0).tolist() == [1, 1, 1, 1]


def test_ratings_count_against_the_users_shrunk_mean() -> None:
    mean = (5 + 1 + 3 + 3 + 5 * 3) / 9
    expected = 1 + 0.5 * (np.array([5, 1, 3, 3]) - mean)
    found = history_weights(TWO, rating_weight=0.5)
    by_movie = dict(zip(TWO.movies[:4].tolist(), found[:4].tolist(), strict=True))
    assert [by_movie[m] for m in (5, 1, 3, 2)] == pytest.approx(expected)
    assert found[4] == pytest.approx(1 + 0.5 * (4 - 19 / 6))


def test_the_matrix_holds_the_weights_at_their_movies() -> None:
    matrix = weighted_matrix(TWO, 6, half_life=1.0).toarray()
    assert matrix[0].tolist() == [0, 0.5, 1, 0.5, 0, 0.125]
    assert matrix[1].tolist() == [0] * 6
