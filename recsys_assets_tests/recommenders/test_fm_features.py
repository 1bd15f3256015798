"""The features of the factorization machine, by hand, and its moments against a search through all of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.progress import silent
from recsys_assets.recommenders.data import Histories, Ids, TrainingData
from recsys_assets.recommenders.fm_features import Moments, movie_block, user_block

DAY = 86400


@pytest.fixture
def histories() -> Histories:
    """Three users; the second rated nothing. User 0 on two days, user 2 within a minute."""
    rows, movies = np.array([0, 0, 0, 2, 2]), np.array([0, 1, 3, 1, 2])
    times = np.array([10, 50, DAY + 7, 20, 25])
    return Histories.from_columns(rows, 3, movies, np.full(5, 3.0), times)


@pytest.fixture
def data(histories: Histories) -> TrainingData:
    catalogue = pl.DataFrame(
        {
            "movie_id": [1, 2, 3, 4],
            "title": list("abcd"),
            "year": [1994, None, 1999, 2003],
            "genres": [["Drama", "War"], [], ["War"], ["Drama", "War"]],
        }
    )
    people = pl.DataFrame({"user_id": [1, 2, 3], "age": [24, None, 29], "gender": ["F", "M", "F"]}).with_columns(
        occupation=pl.lit(None, pl.String)
    )
    return TrainingData(Ids(np.arange(1, 4)), Ids(np.arange(1, 5)), histories, catalogue, 0, silent, people)


def test_a_user_is_who_they_are_what_they_rated_and_their_people(data: TrainingData, histories: Histories) -> None:
    block, half = user_block(data, histories), 1 / np.sqrt(2)
    third = 1 / np.sqrt(3)
    assert block.groups == (3, 4, 1, 2)  # ids, movies, one decade of age, two genders; no occupation is known
    np.testing.assert_allclose(
        block.values.toarray(),
        [
            [1, 0, 0, third, third, 0, third, 1, 1, 0],
            [0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
            [0, 0, 1, 0, half, half, 0, 1, 1, 0],
        ],
    )


def test_a_movie_is_which_it_is_who_rated_it_its_genres_and_decade(data: TrainingData, histories: Histories) -> None:
    block, half = movie_block(data, histories), 1 / np.sqrt(2)
    assert block.groups == (4, 3, 2, 2)
    np.testing.assert_allclose(
        block.values.toarray()[:, 4:],
        [
            [1, 0, 0, half, half, 1, 0],
            [half, 0, half, 0, 0, 0, 0],
            [0, 0, 1, 0, 1, 1, 0],
            [1, 0, 0, half, half, 0, 1],
        ],
    )


def test_a_rating_is_at_one_moment_of_each_length(histories: Histories) -> None:
    moments = Moments.of(histories, (DAY, 30))
    assert [len(k) for k in moments.keys] == [3, 4]
    assert moments.one_hot(histories).toarray().astype(int).tolist() == [
        [1, 0, 0, 1, 0, 0, 0],
        [1, 0, 0, 0, 1, 0, 0],
        [0, 1, 0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0, 0, 1],
        [0, 0, 1, 0, 0, 0, 1],
    ]
    assert [p.tolist() for p in moments.parents] == [[0, 0, 2], [0, 0, 1, 2]]


def test_times_are_found_at_the_shortest_moment_known() -> None:
    """Against a search through the training times, in the order of the scales."""
    rng = np.random.default_rng(0)
    users, times = rng.integers(0, 5, 60), rng.integers(-3 * DAY, 3 * DAY, 60)
    scales = (DAY, 3600, 60)
    histories = Histories.from_columns(users, 6, rng.permutation(60), np.full(60, 3.0), times)
    moments = Moments.of(histories, scales)
    asked_users = np.concatenate([rng.integers(-1, 6, 300), users])
    asked = np.concatenate([rng.integers(-4 * DAY, 4 * DAY, 300), times + rng.integers(-40, 40, 60)])
    names: list[tuple[int, ...]] = [(u,) for u in range(6)]
    for scale in scales:
        names += sorted({(u, scale, t // scale) for u, t in zip(users.tolist(), times.tolist(), strict=True)})
    for user, time, row in zip(asked_users, asked, moments.locate(asked_users, asked), strict=True):
        candidates = [(user, scale, time // scale) for scale in reversed(scales)]
        expected = next((names.index(c) for c in candidates if c in names), user)
        assert row == expected


def test_without_moments_there_are_only_users(histories: Histories) -> None:
    moments = Moments.of(histories, ())
    assert moments.one_hot(histories).shape == (5, 0)
    assert moments.locate(np.array([2, -1]), np.array([0, 0])).tolist() == [2, -1]
