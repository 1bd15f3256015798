"""Splits made by hand and models whose quality is known beforehand."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel

from recsys_assets.recommenders import RatingPredictor, Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData

GENRES = ("Drama", "Comedy", "Horror", "Western")


def catalogue_of(n_movies: int) -> pl.DataFrame:
    """Movies 1..n; every fourth shares its one genre."""
    ids = np.arange(1, n_movies + 1)
    return pl.DataFrame(
        {
            "movie_id": ids,
            "title": [f"Movie {i}" for i in ids],
            "year": [1990] * n_movies,
            "genres": [[GENRES[i % 4]] for i in ids],
        }
    )


def splits_of(*, users: int = 60, movies: int = 50, events: int = 12, cold: int = 6, seed: int = 0) -> pl.DataFrame:
    """Each user rates `events` movies in a random order; the last `cold` users are in the temporal test part alone.

    Of the others' movies the last two are temporal test, the two before validation.
    """
    rng = np.random.default_rng(seed)
    rated = np.argsort(rng.random((users, movies)), axis=1)[:, :events] + 1
    place = np.tile(np.arange(events), users)
    user = np.repeat(np.arange(1, users + 1), events)
    new = user > users - cold
    part = np.where(new | (place >= events - 2), "test", np.where(place >= events - 4, "validation", "train"))
    second = np.select([part == "train", part == "validation"], [0, 10_000], 20_000) + place * 60 + user
    loo = np.where(place == events - 1, "test", np.where(place == events - 2, "validation", "train"))
    return pl.DataFrame(
        {
            "user_id": user,
            "movie_id": rated.ravel(),
            "rating": rng.choice([1.0, 2.0, 3.0, 4.0, 5.0], len(user)).astype(np.float32),
            "second": second,
            "temporal": part,
            "leave_one_out": loo,
            "fold": rng.permutation(len(user)) % 5,
        }
    ).select(
        "user_id",
        "movie_id",
        "rating",
        timestamp=pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.col("second")),
        temporal=pl.col("temporal").cast(pl.Enum(["train", "validation", "test"])),
        leave_one_out=pl.col("leave_one_out").cast(pl.Enum(["train", "validation", "test"])),
        fold=pl.col("fold").cast(pl.Int8),
    )


class NoConfig(BaseModel, extra="forbid"):
    pass


class Oracle(Recommender):
    """Knows what each user will rate, and in which order; new users too."""

    name: ClassVar[str] = "oracle"
    Config = NoConfig
    future: pl.DataFrame
    """user_id, movie_id, score: higher where rated sooner."""

    def recommend(self, users, k, **options):  # type: ignore[no-untyped-def]
        self.asked = np.asarray(users)
        return super().recommend(users, k, **options)

    def _score_blocks(self, known, histories, fallback):  # type: ignore[no-untyped-def]
        asked = pl.DataFrame({"user_id": self.asked}).with_row_index("row").join(self.future, on="user_id")
        scores = np.zeros((len(self.asked), len(self.movies)), dtype=np.float32)
        scores[asked["row"].to_numpy(), self.movies.index(asked["movie_id"].to_numpy())] = asked["score"].to_numpy()
        yield 0, scores

    def _fit(self, data: TrainingData) -> None:
        pass

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        raise AssertionError("an oracle is asked for users, not for histories")

    def _state(self) -> dict[str, NDArray[Any]]:
        return {}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        pass


def oracle_of(splits: pl.DataFrame) -> Oracle:
    model = Oracle()
    sooner = pl.col("timestamp").rank("ordinal", descending=True).over("user_id")
    model.future = splits.select("user_id", "movie_id", score=sooner.cast(pl.Float32))
    return model


class Chance(Recommender):
    """Scores at random."""

    name: ClassVar[str] = "chance"
    Config = NoConfig

    def _fit(self, data: TrainingData) -> None:
        self.seed = data.seed

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        rng = np.random.default_rng([self.seed, len(users)])
        return rng.random((len(histories), len(self.movies))).astype(np.float32)

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"seed": np.array(self.seed)}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.seed = int(state["seed"])


class Mean(RatingPredictor):
    """Predicts the mean of all ratings it was fitted on; ranks by how often a movie was rated."""

    name: ClassVar[str] = "mean"
    Config = NoConfig
    fits: ClassVar[list[pl.DataFrame]] = []
    """What every instance was fitted on, as pairs."""

    def fit(self, interactions, catalogue, **options):  # type: ignore[no-untyped-def]
        Mean.fits.append(interactions)
        return super().fit(interactions, catalogue, **options)

    def _fit(self, data: TrainingData) -> None:
        self.mean = float(data.histories.ratings.mean(dtype=np.float64))
        self.counts = np.bincount(data.histories.movies, minlength=len(data.movies)).astype(np.float32)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        return np.tile(self.counts, (len(histories), 1))

    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        return np.full(len(users), self.mean, dtype=np.float32)

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"mean": np.array(self.mean), "counts": self.counts}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.mean, self.counts = float(state["mean"]), state["counts"]
