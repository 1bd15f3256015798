"""Leaks are planted: the evaluation must refuse them, or its figure must not move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.protocols import (
    INTERACTION_COLUMNS,
    Scores,
    cross_validate,
    fit_temporal,
    leave_one_out,
    score_temporal,
)
from recsys_assets.evaluation.ultragcn import ultragcn
from recsys_assets.features.splits import make_splits
from recsys_assets.recommenders import ModelError, Recommender, build
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.sources.ml_1m_ultragcn import UltraGcnData
from recsys_assets_tests.evaluation.worlds import Mean
from recsys_assets_tests.recommenders.conftest import QUICK
from recsys_assets_tests.recommenders.worlds import two_tastes

MODELS = ("popularity", "content", "svd", "ease", "markov", "biased_mf", "sasrec", "hybrid")
Data = tuple[pl.DataFrame, pl.DataFrame]
Protocol = Callable[[Callable[[], Recommender], pl.DataFrame, pl.DataFrame], Scores]


def temporal(make: Callable[[], Recommender], splits: pl.DataFrame, catalogue: pl.DataFrame) -> Scores:
    return score_temporal(fit_temporal(make, splits, catalogue, seed=5), splits)


def last_movie(make: Callable[[], Recommender], splits: pl.DataFrame, catalogue: pl.DataFrame) -> Scores:
    return leave_one_out(make, splits, catalogue, seed=5)


def last_but_one(make: Callable[[], Recommender], splits: pl.DataFrame, catalogue: pl.DataFrame) -> Scores:
    return leave_one_out(make, splits, catalogue, part="validation", seed=5)


def folds(make: Callable[[], Recommender], splits: pl.DataFrame, catalogue: pl.DataFrame) -> Scores:
    return cross_validate(make, splits, catalogue, seed=5)


LISTS: dict[str, tuple[Protocol, str]] = {
    "temporal": (temporal, "temporal"),
    "last movie": (last_movie, "leave_one_out"),
    "last but one": (last_but_one, "leave_one_out"),
}
"""Protocols that rank, and the column of the splits that rules each."""


def maker(name: str) -> Callable[[], Recommender]:
    return lambda: build(name, QUICK.get(name))


@pytest.fixture(scope="module")
def planted() -> Data:
    """Forty users of two tastes, split as published data are."""
    world = two_tastes()
    return make_splits(world.interactions, seed=1), world.catalogue


@pytest.fixture(params=["planted", pytest.param("published", marks=pytest.mark.real_data)])
def data(request: pytest.FixtureRequest) -> Data:
    found: Data = request.getfixturevalue(request.param)
    return found


def figures(scores: Scores) -> dict[str, float]:
    """All but the time it took."""
    found = {k: v for r in (*scores.rankings, *scores.ratings) for k, v in r.metrics().items()}
    return {k: v for k, v in found.items() if "ms_per_user" not in k}


def moved(splits: pl.DataFrame, column: str, part: str) -> pl.DataFrame:
    """One row of `part` counted as training too."""
    row = splits.filter(pl.col(column) == part).head(1)
    return pl.concat([splits, row.with_columns(pl.lit("train").cast(splits[column].dtype).alias(column))])


# -- a row of the scored part in training --------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", LISTS)
def test_a_row_that_is_both_trained_on_and_scored_is_refused(protocol: str, data: Data) -> None:
    run, column = LISTS[protocol]
    part = "validation" if protocol == "last but one" else "test"
    with pytest.raises(EvaluationError, match=r"fitted on|reaches to"):
        run(maker("popularity"), moved(data[0], column, part), data[1])


def test_a_rating_in_two_folds_is_refused(data: Data) -> None:
    splits, catalogue = data
    twice = pl.concat([splits, splits.head(1).with_columns(fold=(pl.col("fold") + 1) % 5)])
    with pytest.raises((EvaluationError, ModelError), match=r"fitted on 1 of the|hold a user and movie twice"):
        cross_validate(Mean, twice, catalogue, seed=0)


def test_a_pair_of_test_in_the_training_file_of_ultragcns_split_is_refused() -> None:
    train = pl.DataFrame({"user_id": [1, 1, 2, 2], "movie_id": [1, 2, 2, 3]})
    leaking = UltraGcnData(train, pl.DataFrame({"user_id": [1, 2], "movie_id": [3, 3]}))
    with pytest.raises(EvaluationError, match="fitted on 1 of the 2 pairs"):
        ultragcn(maker("popularity"), leaking, seed=0)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_was_fitted_on_everything_is_not_scored(name: str, planted: Data) -> None:
    splits, catalogue = planted
    everything = maker(name)().fit(splits.select(INTERACTION_COLUMNS), catalogue, seed=5)
    with pytest.raises(EvaluationError, match="was fitted on"):
        score_temporal(everything, splits)


# -- a rating of the future ----------------------------------------------------------------------------------------


def test_a_training_row_later_than_the_scored_part_is_refused(data: Data) -> None:
    splits, catalogue = data
    future = splits.filter(pl.col("temporal") == "train").head(1).with_columns(timestamp=splits["timestamp"].max())
    leaking = pl.concat([splits.join(future, on=["user_id", "movie_id"], how="anti"), future])
    with pytest.raises(EvaluationError, match="reaches to"):
        temporal(maker("popularity"), leaking, catalogue)


@pytest.mark.parametrize("protocol", ["last movie", "last but one"])
def test_a_movie_to_be_found_that_is_not_its_users_last_is_refused(protocol: str, data: Data) -> None:
    splits, catalogue = data
    run, column = LISTS[protocol]
    first = splits.filter(pl.col(column) == "train").sort("timestamp").head(1)
    late = first.with_columns(timestamp=splits["timestamp"].max() + timedelta(days=1))  # type: ignore[operator]
    leaking = pl.concat([splits.join(first, on=["user_id", "movie_id"], how="anti"), late])
    with pytest.raises(EvaluationError, match="rated others after movie"):
        run(maker("popularity"), leaking, catalogue)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_in_the_scored_part_changes_no_model(name: str, planted: Data) -> None:
    """Scored rows are given other movies, other ratings: the model fitted beside them is the same, to the bit."""
    splits, catalogue = planted
    other = splits.with_columns(
        rating=pl.when(pl.col("temporal") == "train").then("rating").otherwise(5.5 - pl.col("rating")).cast(pl.Float32)
    ).filter((pl.col("temporal") == "train") | (pl.col("movie_id") % 20 == 0))
    one, two = (fit_temporal(maker(name), s, catalogue, seed=5) for s in (splits, other))
    for key, value in one._state().items():
        np.testing.assert_array_equal(value, two._state()[key])
    np.testing.assert_array_equal(one.histories.movies, two.histories.movies)


@pytest.mark.parametrize("protocol", [temporal, last_movie, last_but_one, folds])
def test_what_a_protocol_gives_a_model_to_fit_holds_no_scored_row(protocol: Protocol, data: Data) -> None:
    """Whatever is scored, lists or ratings, is checked against all that was given to `fit`."""
    given: list[set[tuple[int, int]]] = []

    class Watched(Mean):
        def fit(self, interactions: pl.DataFrame, catalogue: pl.DataFrame, **options: Any) -> Any:
            given.append(set(interactions.select("user_id", "movie_id").iter_rows()))
            return super().fit(interactions, catalogue, **options)

        def recommend(self, users: IntArray, k: int, **options: Any) -> Any:
            scored.append(users)
            return super().recommend(users, k, **options)

        def predict(self, users: IntArray, movies: IntArray, **options: Any) -> FloatArray:
            assert not given[-1] & set(zip(users.tolist(), movies.tolist(), strict=True))
            scored.append(users)
            return super().predict(users, movies, **options)

    scored: list[IntArray] = []
    splits, catalogue = data
    protocol(Watched, splits, catalogue)
    assert scored
    parts = {"temporal": ("temporal", ["validation", "test"]), "last_movie": ("leave_one_out", ["test"])}
    parts["last_but_one"] = ("leave_one_out", ["validation", "test"])
    if protocol.__name__ in parts:
        column, hidden = parts[protocol.__name__]
        rows = splits.filter(pl.col(column).cast(pl.String).is_in(hidden))
        assert not given[-1] & set(rows.select("user_id", "movie_id").iter_rows())


# -- the order of the file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("protocol", [temporal, last_movie, folds])
def test_no_figure_moves_with_the_order_of_the_file(name: str, protocol: Protocol, planted: Data) -> None:
    splits, catalogue = planted
    by_movie = splits.sort("movie_id", "user_id")
    told, again = (figures(protocol(maker(name), s, catalogue)) for s in (splits, by_movie))
    assert told.keys() == again.keys()
    assert [told[k] for k in told] == pytest.approx([again[k] for k in told], abs=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize("protocol", [temporal, last_movie])
def test_no_figure_of_published_ratings_moves_with_the_order_of_the_file(protocol: Protocol, published: Data) -> None:
    interactions = published[0].select(INTERACTION_COLUMNS)
    orders = (interactions, interactions.sort("movie_id"), interactions.sample(fraction=1, shuffle=True, seed=1))
    found = [
        figures(protocol(lambda: build("popularity", {"order": "count"}), make_splits(rows, seed=7), published[1]))
        for rows in orders
    ]
    assert found[1] == pytest.approx(found[0], abs=1e-9)
    assert found[2] == pytest.approx(found[0], abs=1e-9)


class NextNumber(Mean):
    """Knows only how some files are sorted: shows the movies whose ids follow the last one of the history."""

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        last = histories.movies[histories.indptr[1:] - 1].astype(np.int64)
        gap = np.arange(len(self.movies))[None, :] - last[:, None]
        return np.where(gap > 0, -gap, -1e6).astype(np.float32)


def sorted_by_movie(*, tied: bool) -> pl.DataFrame:
    """Each of 300 users rates 12 of 200 movies, listed by movie: at one moment, or one a second."""
    rng = np.random.default_rng(0)
    movies = np.sort(np.argsort(rng.random((300, 200)), axis=1)[:, :12] + 1, axis=1)
    return pl.DataFrame(
        {
            "user_id": np.repeat(np.arange(300), 12),
            "movie_id": movies.ravel(),
            "rating": np.full(3600, 4.0, dtype=np.float32),
            "second": np.tile(np.arange(12), 300) * (0 if tied else 1) + np.repeat(np.arange(300), 12) * 100,
        }
    ).select("user_id", "movie_id", "rating", timestamp=pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.col("second")))


def test_the_order_of_the_file_foretells_nothing_where_times_are_equal() -> None:
    catalogue = pl.DataFrame(
        {"movie_id": np.arange(1, 201), "title": ["M"] * 200, "year": [1990] * 200, "genres": [["Drama"]] * 200}
    )
    hits = {
        tied: last_movie(NextNumber, make_splits(sorted_by_movie(tied=tied), seed=3), catalogue).rankings[0].at[0]
        for tied in (False, True)
    }
    assert hits[False].hit_rate > 0.4, "where times tell the order, the next number is a good guess"
    chance = 10 / (200 - 11)
    assert hits[True].hit_rate < chance + 3 * np.sqrt(chance / 300)
