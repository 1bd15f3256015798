"""Evidence is of the user's own history, by the model's similarity where it has one, by genres elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import MODELS, Recommender, build
from recsys_assets.recommenders.evidence import (
    SHARED_GENRES,
    AlikeMovie,
    GenreTaste,
    evidence,
    evidence_in,
    evidence_of_list,
)
from recsys_assets_tests.recommenders.worlds import World, frame

GENRES = [["Crime", "Drama"], ["Crime"], ["Drama", "Crime"], ["Comedy"], [], ["Crime", "Comedy"]]


@pytest.fixture(scope="module")
def small() -> Recommender:
    """Popularity knows no similar movies. User 1 rated all but movie 1, in the order of ids."""
    catalogue = pl.DataFrame(
        {
            "movie_id": range(1, 7),
            "title": [f"M{i}" for i in range(1, 7)],
            "year": [2000] * 6,
            "genres": GENRES,
            "overview": [None] * 6,
            "keywords": [[]] * 6,
            "cast": [[]] * 6,
            "director": [None] * 6,
        },
        schema_overrides={"overview": pl.String, "director": pl.String}
        | dict.fromkeys(("keywords", "cast"), pl.List(pl.String)),
    )
    ids = np.arange(2, 7)
    ratings = frame(np.ones(5, dtype=np.int64), ids, np.array([4.0, 3.0, 2.0, 5.0, 1.0]), ids)
    return build("popularity").fit(ratings, catalogue)


def test_without_similar_movies_genres_are_compared(small: Recommender) -> None:
    found = evidence(small, 1, 1)
    assert found.by == SHARED_GENRES
    assert found.movies == (
        AlikeMovie(3, "M3 (2000)", 3.0, 1.0),
        AlikeMovie(2, "M2 (2000)", 4.0, 0.5),
        AlikeMovie(6, "M6 (2000)", 1.0, pytest.approx(1 / 3)),
    )
    assert found.genres == (GenreTaste("Crime", pytest.approx(8 / 3), 3), GenreTaste("Drama", 3.0, 1))


def test_of_equally_alike_movies_the_better_rated_comes_first(small: Recommender) -> None:
    ratings = pl.DataFrame({"movie_id": [2, 6], "rating": [1.0, 5.0]})
    assert [m.movie_id for m in evidence_in(small, small.history_of(ratings), 5).movies] == []
    alike = evidence_in(small, small.history_of(pl.DataFrame({"movie_id": [1, 3], "rating": [3.0, 4.0]})), 2).movies
    assert [(m.movie_id, m.similarity) for m in alike] == [(3, 0.5), (1, 0.5)]


def test_the_movie_itself_is_no_evidence(small: Recommender) -> None:
    assert 3 not in {m.movie_id for m in evidence(small, 1, 3).movies}


@pytest.mark.parametrize(("user", "movie"), [(99, 1), (1, 99)])
def test_nobody_and_nothing_have_no_evidence(small: Recommender, user: int, movie: int) -> None:
    assert (evidence(small, user, movie).movies, evidence(small, user, movie).genres) == ((), ())


@pytest.mark.parametrize("name", [m for m in ("content", "item_knn", "ials") if m in MODELS])
def test_similar_movies_are_those_the_model_calls_similar(
    name: str, fitted: Callable[[str], Recommender], world: World
) -> None:
    model = fitted(name)
    user = 101
    rated = world.interactions.filter(pl.col("user_id") == user)["movie_id"].to_list()
    movie = next(m for m in model.movies.values.tolist() if m not in rated)
    ids, scores = model.similar(np.array([movie]), len(model.movies))
    expected = [(m, s) for m, s in zip(ids[0].tolist(), scores[0].tolist(), strict=True) if m in rated and s > 0][:3]
    found = evidence(model, user, movie)
    assert found.by == name
    assert [m.similarity for m in found.movies] == pytest.approx([s for _, s in expected])
    assert {m.movie_id for m in found.movies} <= set(rated)


def test_every_model_has_evidence_of_the_users_own(model: Recommender, world: World) -> None:
    rated = dict(world.interactions.filter(pl.col("user_id") == 101).select("movie_id", "rating").rows())
    shown = model.recommend(np.array([101]), 5).movies[0].tolist()
    found = [evidence(model, 101, movie) for movie in shown if movie >= 0]
    assert any(one.movies for one in found)
    for one in found:
        assert {m.movie_id: m.rating for m in one.movies} == {m.movie_id: rated[m.movie_id] for m in one.movies}
        similarities = [m.similarity for m in one.movies]
        assert similarities == sorted(similarities, reverse=True)
        assert all(s > 0 for s in similarities)


def test_evidence_of_a_list_is_that_of_its_movies_one_by_one(model: Recommender) -> None:
    history = model.histories.take(model.users.index(np.array([101])))
    columns = np.array([*history.movies[:2].tolist(), 0, 5, len(model.movies) - 1])
    listed = evidence_of_list(model, history, columns)
    for column, found in zip(columns.tolist(), listed, strict=True):
        alone = evidence_in(model, history, int(model.movies.values[column]))
        assert (found.by, found.genres) == (alone.by, alone.genres)
        assert [m.similarity for m in found.movies] == pytest.approx([m.similarity for m in alone.movies], abs=1e-6)
        assert model.movies.values[column] not in {m.movie_id for m in found.movies}


def test_similarity_to_some_movies_is_that_to_all(model: Recommender) -> None:
    if not model.knows_similar:
        pytest.skip("knows no similar movies")
    movies, others = np.array([0, 3]), np.array([5, 0, len(model.movies) - 1])
    np.testing.assert_allclose(model._similar_to(movies, others), model._similar(movies)[:, others], atol=1e-6)
