"""Ids, histories and the catalogue's alignment."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.recommenders.data import Histories, Ids, align_catalogue, align_people, histories_of, titles_of
from recsys_assets_tests.recommenders.worlds import World

ID_LISTS = st.lists(st.integers(1, 50), max_size=20)


@given(ID_LISTS, ID_LISTS)
def test_an_ids_index_is_its_place_or_minus_one(known: list[int], asked: list[int]) -> None:
    ids = Ids.of(np.array(known, dtype=np.int64))
    expected = [sorted(set(known)).index(i) if i in known else -1 for i in asked]
    assert ids.index(np.array(asked, dtype=np.int64)).tolist() == expected


def test_histories_are_each_users_rows_in_time_order(world: World) -> None:
    users = Ids.of(world.interactions["user_id"].to_numpy())
    movies = Ids.of(world.catalogue["movie_id"].to_numpy())
    histories = histories_of(world.interactions.sample(fraction=1.0, shuffle=True, seed=1), users, movies)
    for row in (0, 7, len(users) - 1):
        rows = world.interactions.filter(pl.col("user_id") == users.values[row]).sort("timestamp", "movie_id")
        own = slice(histories.indptr[row], histories.indptr[row + 1])
        assert movies.values[histories.movies[own]].tolist() == rows["movie_id"].to_list()
        assert histories.ratings[own].tolist() == rows["rating"].to_list()


def test_taken_histories_are_those_of_the_rows_asked() -> None:
    histories = Histories(
        np.array([0, 2, 2, 3]), np.array([4, 1, 0], np.int32), np.array([1, 2, 3], np.float32), np.arange(3)
    )
    taken = histories.take(np.array([2, -1, 0, 0, 1]))
    assert taken.lengths.tolist() == [1, 0, 2, 2, 0]
    assert taken.movies.tolist() == [0, 4, 1, 4, 1]
    assert histories.matrix(5).toarray()[0].tolist() == [0, 2, 0, 0, 1]
    assert len(histories.take(np.array([], dtype=np.int64))) == 0


def test_histories_cannot_be_changed_by_a_model_that_shares_them(world: World) -> None:
    histories = histories_of(
        world.interactions,
        Ids.of(world.interactions["user_id"].to_numpy()),
        Ids.of(world.catalogue["movie_id"].to_numpy()),
    )
    before = histories.movies.copy()
    histories.matrix(len(world.catalogue)).sort_indices()
    assert (histories.movies == before).all()
    with pytest.raises(ValueError, match="read-only"):
        histories.movies[0] = 1


def test_titles_carry_the_year_where_it_is_known(world: World) -> None:
    aligned = align_catalogue(world.catalogue.reverse(), Ids(np.array([10, 30, 31])))
    assert titles_of(aligned) == ["Movie 1 (1951)", "Movie 3", "movie 31"]
    assert aligned["genres"].to_list()[2] == []


def test_equal_times_are_ordered_by_neither_id_nor_row() -> None:
    movies, times = np.arange(200), np.zeros(200, dtype=np.int64)
    rows, ratings = np.zeros(200, dtype=np.int64), np.ones(200)
    histories = Histories.from_columns(rows, 1, movies, ratings, times)
    backwards = Histories.from_columns(rows, 1, movies[::-1], ratings, times)
    np.testing.assert_array_equal(histories.movies, backwards.movies)
    assert abs(np.corrcoef(histories.movies, movies)[0, 1]) < 0.3


def test_people_are_aligned_and_unknown_ones_are_null() -> None:
    people = pl.DataFrame({"user_id": [7, 3, 99], "age": [30, 20, 50], "gender": ["F", "M", None], "occupation": "x"})
    aligned = align_people(people, Ids(np.array([3, 5, 7])))
    assert aligned["age"].to_list() == [20, None, 30]
    assert align_people(None, Ids(np.array([3, 5]))).columns == ["user_id", "age", "gender", "occupation"]
