"""Content: vectors against TF-IDF by hand, similarity against cosines, profiles against their formula."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import Recommender
from recsys_assets.recommenders.content import Content
from recsys_assets.recommenders.content_fields import FieldWeights, documents, movie_vectors, tf_idf
from recsys_assets_tests.recommenders.worlds import World

Fit = Callable[[str], Recommender]


@pytest.fixture(scope="module")
def content(fitted: Fit) -> Content:
    model = fitted("content")
    assert isinstance(model, Content)
    return model


def test_tf_idf_is_the_textbooks() -> None:
    """Smoothed idf ln((1 + n) / (1 + df)) + 1, tf 1 + ln(count), rows of length 1; a term of one movie is out."""
    rows = tf_idf([["a", "b", "a"], ["a", "c"], ["b"]]).toarray()
    idf = log(4 / 3) + 1
    first = np.array([(1 + log(2)) * idf, idf])
    np.testing.assert_allclose(rows, [first / np.linalg.norm(first), [1, 0], [0, 1]], atol=1e-6)


def test_names_stay_whole_and_plots_are_words_without_function_words() -> None:
    rows = pl.DataFrame(
        {
            "cast": [[" Tom Hanks", "Tim Allen"], None],
            "director": ["John Lasseter", None],
            "overview": ["The toys of Andy: a TOY's life", None],
        }
    )
    assert documents(rows, "cast") == [["tom hanks", "tim allen"], []]
    assert documents(rows, "director") == [["john lasseter"], []]
    assert documents(rows, "overview") == [["toys", "andy", "toy", "life"], []]


def test_similarity_is_the_weighted_mean_of_the_fields_cosines() -> None:
    catalogue = pl.DataFrame(
        {
            "genres": [["War"], ["War"], ["Crime"], ["Crime"]],
            "keywords": [["sea"], ["land"], ["sea"], ["land"]],
            "director": ["A", "A", "A", "A"],
        }
    )
    weights = FieldWeights(genres=3, keywords=2, director=1)
    vectors = movie_vectors(catalogue, weights)
    expected = np.array([[6, 4, 3, 1], [4, 6, 1, 3], [3, 1, 6, 4], [1, 3, 4, 6]]) / 6
    np.testing.assert_allclose((vectors @ vectors.T).toarray(), expected, atol=1e-6)


def test_a_catalogue_without_texts_or_terms_gives_zero_vectors() -> None:
    vectors = movie_vectors(pl.DataFrame({"genres": [[], []]}, schema={"genres": pl.List(pl.String)}), FieldWeights())
    assert vectors.shape == (2, 0)


def test_similar_movies_are_of_the_same_kind_and_never_the_movie_itself(content: Content) -> None:
    ids, scores = content.similar(np.array([10, 40]), 9)
    assert 10 not in ids[0]
    assert 40 not in ids[1]
    assert ((ids[0] // 10) % 2 == 1).all()
    assert ((ids[1] // 10) % 2 == 0).all()
    assert ((scores > 0) & (scores <= 1 + 1e-6)).all()


def test_movies_that_share_nothing_are_not_called_similar(content: Content) -> None:
    """Movie 10 shares terms with the 19 others of its block, and words of its plot with 10 of the other block."""
    ids, _ = content.similar(np.array([10]), 40)
    assert (ids[0] >= 0).sum() == 29


def test_scores_are_the_profile_formula(content: Content, world: World) -> None:
    vectors = content.vectors.toarray()
    rated = world.interactions.filter(pl.col("user_id") == 103)
    index = content.movies.index(rated["movie_id"].to_numpy())
    mean = (rated["rating"].sum() + 3 * 5) / (len(rated) + 5)
    liked = rated["rating"].to_numpy() - mean
    profile = (liked[:, None] * vectors[index]).sum(axis=0) / np.abs(liked).sum()
    votes = dict(world.interactions.group_by("movie_id").len().iter_rows())
    known = np.array([log(1 + votes.get(m, 0)) for m in content.movies.values]) / log(1 + max(votes.values()))
    np.testing.assert_allclose(content.scores(np.array([103]))[0], vectors @ profile + 0.1 * known, atol=1e-5)


def test_with_a_half_life_the_latest_movies_count_most() -> None:
    model = Content(Content.Config(half_life=1, newcomer_ratings=0))
    model.movies = type("Four", (), {"__len__": lambda self: 4})()
    from recsys_assets.recommenders.data import Histories

    history = Histories(np.array([0, 3]), np.array([2, 0, 3], np.int32), np.array([1, 5, 3], np.float32), np.arange(3))
    liked = model._liked(history).toarray()[0]
    np.testing.assert_allclose(liked, np.array([2 / 2, 0, -2 / 4, 0]) / 1.5, atol=1e-6)


def test_reasons_name_the_movies_of_the_history_with_their_ratings(content: Content, world: World) -> None:
    told = content.explain(101, 10)
    given = dict(world.interactions.filter(pl.col("user_id") == 101).select("movie_id", "rating").iter_rows())
    from_history = {r.movie_id: r.rating for r in told.reasons if r.kind == "history"}
    assert from_history
    assert from_history.items() <= given.items()


def test_rows_have_length_one(content: Content) -> None:
    lengths = np.sqrt(content.vectors.multiply(content.vectors).sum(axis=1))
    assert np.allclose(lengths, 1, atol=1e-5)
    assert sqrt(2) > lengths.max()
