"""Those of whom nothing is known get the best rated, within the genres they name; figures against a plain count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.recommenders import ModelError, Recommender, build
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.newcomers import Newcomers, genres_named, known_genres
from recsys_assets.recommenders.weighted_rating import prior_of
from recsys_assets_tests.recommenders.worlds import World, frame

GENRES = [["Crime", "Drama"], ["Crime"], ["Drama"], ["Comedy"], [], ["Crime", "Comedy"], ["Crime", "Drama"], ["Drama"]]
NOBODY = np.array([999])


@pytest.fixture(scope="module")
def model() -> Recommender:
    """Movie 7 nobody rated; movies 1 and 2 are about equally good, 1 is of two genres."""
    catalogue = pl.DataFrame(
        {"movie_id": range(1, 9), "title": [f"M{i}" for i in range(1, 9)], "year": [2000] * 8, "genres": GENRES}
    ).with_columns(
        pl.lit(None, dtype=pl.String).alias("overview"),
        pl.lit(None, dtype=pl.String).alias("director"),
        pl.lit([], dtype=pl.List(pl.String)).alias("keywords"),
        pl.lit([], dtype=pl.List(pl.String)).alias("cast"),
    )
    rated = {1: [4, 4, 5], 2: [4, 5, 4], 3: [5, 5], 4: [2], 5: [5, 5, 5, 5], 6: [1, 1, 2], 8: [1, 2, 2]}
    rows = [(u, movie, r) for movie, given in rated.items() for u, r in enumerate(given, start=1)]
    users, movies, ratings = (np.array(column) for column in zip(*rows, strict=True))
    return build("popularity").fit(frame(users, movies, ratings.astype(float), movies), catalogue)


def weighted_within(model: Recommender, genre: str) -> dict[int, float]:
    """Movie -> its weighted rating among the movies of `genre`, C where it is not of it."""
    mine = [genre in genres for genres in GENRES]
    prior = prior_of(model.newcomers.votes[mine], model.newcomers.total[mine])
    found = {}
    for movie, inside in enumerate(mine, start=1):
        v, total = model.newcomers.votes[movie - 1], model.newcomers.total[movie - 1]
        found[movie] = float(prior.weighted(v, total)) if inside else prior.mean
    return found


def test_scores_are_the_mean_over_the_genres_named(model: Recommender) -> None:
    crime, drama = weighted_within(model, "Crime"), weighted_within(model, "Drama")
    listed = model.recommend(NOBODY, 8, genres=["crime", "Drama"])
    shown = [m for m in listed.movies[0].tolist() if m >= 0]
    expected = {m: (crime[m] + drama[m]) / 2 for m in (1, 2, 3, 6, 7, 8)}
    assert set(shown) == set(expected), "movies of neither genre are left out"
    assert dict(zip(shown, listed.scores[0].tolist(), strict=False)) == pytest.approx(expected)
    assert shown.index(1) < shown.index(2), "equally good, and of more of the genres"


def test_without_genres_the_best_of_all_come_first(model: Recommender) -> None:
    assert model.recommend(NOBODY, 1).movies.tolist() == [[5]]
    assert model.recommend(NOBODY, 1, genres=[]).movies.tolist() == [[5]]


@pytest.mark.parametrize("movie", [1, 2, 6, 7])
def test_reasons_add_up_to_the_score(model: Recommender, movie: int) -> None:
    told = model.explain(999, movie, genres=["Crime", "Comedy"])
    assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-5)
    assert len(told.reasons) == 2
    assert told.route is not None
    assert told.route.part == "popularity"
    assert "Crime, Comedy" in told.route.why


def test_genres_do_not_change_what_known_users_get(fitted: Callable[[str], Recommender]) -> None:
    content = fitted("content")
    plain, named = (content.recommend(np.array([101, 102]), 5, genres=g) for g in ([], ["western"]))
    assert plain.movies.tolist() == named.movies.tolist()


def test_a_newcomer_without_ratings_is_answered_within_genres(
    fitted: Callable[[str], Recommender], world: World
) -> None:
    nothing = pl.DataFrame({"movie_id": [], "rating": []}, schema={"movie_id": pl.Int64, "rating": pl.Float32})
    listed = fitted("content").fold_in(nothing, 5, genres=["Western"])
    genre = dict(world.catalogue.select("movie_id", pl.col("genres").list.first()).rows())
    assert {genre[m] for m in listed.movies[0].tolist()} == {"western"}
    assert listed.fallback.tolist() == [True]


def test_genres_are_found_in_any_case_and_others_refused(model: Recommender) -> None:
    assert known_genres(model.catalogue) == ["Comedy", "Crime", "Drama"]
    assert genres_named(model.catalogue, ["crime", " DRAMA ", "Crime"]) == ("Crime", "Drama")
    with pytest.raises(ModelError, match="no movie has genre 'Krimi'; genres are Comedy, Crime, Drama"):
        genres_named(model.catalogue, ["Crime", "Krimi"])


WORLDS = st.lists(
    st.tuples(st.sets(st.sampled_from(["A", "B", "C"]), min_size=1), st.lists(st.integers(1, 10), max_size=12)),
    min_size=1,
    max_size=8,
)

EVERY = ({"A", "B", "C"}, [5])
"""So that there is a movie of every genre, and someone rated it."""


@settings(max_examples=60)
@given(WORLDS, st.lists(st.integers(1, 10), min_size=1, max_size=12), st.data())
def test_one_more_genre_helps_those_rated_above_its_mean_and_harms_those_below(
    others: list[tuple[set[str], list[int]]], own: list[int], data: st.DataObject
) -> None:
    """Two movies with the same votes, the second of all genres of the first and one more, among any others."""
    named = ["A", "B", "C"]
    fewer = data.draw(st.sets(st.sampled_from(named), min_size=1, max_size=2))
    more = fewer | {data.draw(st.sampled_from(sorted(set(named) - fewer)))}
    asked = newcomers([*others, EVERY, (fewer, own), (more, own)])
    first, second = asked.within(named)[-2:]
    (extra,) = more - fewer
    ahead = sum(own) / len(own) / 2 - mean_of(asked, extra)
    assert np.sign(second - first) == np.sign(ahead) or abs(ahead) < 1e-6


@settings(max_examples=60)
@given(WORLDS)
def test_no_movie_rated_below_every_mean_comes_before_one_above_all(others: list[tuple[set[str], list[int]]]) -> None:
    named = ["A", "B", "C"]
    asked = newcomers([*others, EVERY])
    scores, means = asked.within(named), [mean_of(asked, genre) for genre in named]
    rated = asked.votes > 0
    mean = asked.total / np.maximum(asked.votes, 1)
    good, bad = scores[rated & (mean > max(means) + 1e-6)], scores[rated & (mean < min(means) - 1e-6)]
    if len(good) and len(bad):
        assert good.min() > bad.max()


def newcomers(movies: list[tuple[set[str], list[int]]]) -> Newcomers:
    """Of movies given as their genres and their ratings in half stars."""
    catalogue = pl.DataFrame({"genres": [sorted(genres) for genres, _ in movies]})
    rated = [(i, r / 2) for i, (_, ratings) in enumerate(movies) for r in ratings]
    index, values = zip(*rated, strict=True)
    histories = Histories.from_columns(
        np.arange(len(index)), len(index), np.array(index), np.array(values), np.zeros(len(index), dtype=np.int64)
    )
    return Newcomers.of(histories, catalogue)


def mean_of(asked: Newcomers, genre: str) -> float:
    """C of a genre."""
    mine = asked.catalogue["genres"].list.contains(genre).to_numpy()
    return float(asked.total[mine].sum() / asked.votes[mine].sum())
