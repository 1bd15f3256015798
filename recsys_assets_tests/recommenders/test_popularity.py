"""Popularity against weighted ratings computed by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import ModelError, build
from recsys_assets.recommenders.popularity import Popularity
from recsys_assets_tests.recommenders.worlds import frame


@pytest.fixture(scope="module")
def popularity() -> Popularity:
    """Movie 1: one 5. Movie 2: four 4.5. Movie 3: four 2. Movie 4: three 3. Movie 5: nothing."""
    movies = np.repeat([1, 2, 3, 4], [1, 4, 4, 3])
    ratings = np.repeat([5.0, 4.5, 2.0, 3.0], [1, 4, 4, 3])
    users = np.array([1, 1, 2, 3, 4, 1, 2, 3, 4, 2, 3, 4])
    catalogue = pl.DataFrame(
        {
            "movie_id": [1, 2, 3, 4, 5],
            "title": list("abcde"),
            "year": [1990] * 5,
            "genres": [["Drama"], ["Comedy"], ["Drama"], ["Comedy", "Drama"], []],
        }
    )
    model = build("popularity", {"percentile": 0.5}).fit(frame(users, movies, ratings, np.arange(12)), catalogue)
    assert isinstance(model, Popularity)
    return model


def weighted(votes: float, mean: float, m: float, c: float) -> float:
    """IMDb's formula as published."""
    return votes / (votes + m) * mean + m / (votes + m) * c


def test_the_overall_list_is_imdbs_formula(popularity: Popularity) -> None:
    c, m = (5 + 18 + 8 + 9) / 12, 3.5
    expected = {
        1: weighted(1, 5, m, c),
        2: weighted(4, 4.5, m, c),
        3: weighted(4, 2, m, c),
        4: weighted(3, 3, m, c),
        5: c,
    }
    ids, scores = popularity.top(5)
    assert ids.tolist() == sorted(expected, key=lambda i: -expected[i])
    assert scores == pytest.approx([expected[i] for i in ids], abs=1e-5)


def test_a_genres_list_takes_its_prior_from_the_genre(popularity: Popularity) -> None:
    c, m = (5 + 8 + 9) / 8, 3.0
    expected = {1: weighted(1, 5, m, c), 3: weighted(4, 2, m, c), 4: weighted(3, 3, m, c)}
    ids, scores = popularity.top(5, genre="Drama")
    assert ids.tolist() == [*sorted(expected, key=lambda i: -expected[i]), -1, -1]
    assert scores[:3] == pytest.approx([expected[i] for i in ids[:3]], abs=1e-5)


def test_an_unknown_genre_is_refused_with_those_there_are(popularity: Popularity) -> None:
    with pytest.raises(ModelError, match="'Opera'; genres are Comedy, Drama"):
        popularity.top(3, genre="Opera")


def test_ordered_by_count_the_most_rated_come_first(popularity: Popularity) -> None:
    counted = Popularity(Popularity.Config(order="count"))
    counted.adopt(popularity.users, popularity.movies, popularity.histories, popularity.catalogue)
    counted._restore(popularity._state())
    counted.fitted = True
    ids, scores = counted.top(5)
    assert ids.tolist() == [2, 3, 4, 1, 5]
    assert np.expm1(scores) == pytest.approx([4, 4, 3, 1, 0], abs=1e-5)


def test_everyone_has_the_same_scores(popularity: Popularity) -> None:
    scores = popularity.scores(np.array([1, 2, 3]))
    assert (scores == scores[0]).all()
