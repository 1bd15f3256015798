"""What every recommender is fitted on: ids mapped to dense indices, and each user's history in time order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.features.splitmix import STEP, finalized
from recsys_assets.progress import Progress

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
PEOPLE_COLUMNS: dict[str, type[pl.DataType]] = {"age": pl.Int32, "gender": pl.String, "occupation": pl.String}
"""What models may know of a user beside their ratings, where the data set has it."""


@dataclass(frozen=True)
class Ids:
    """Published ids in ascending order; an id's index is its place. `values`: (n,) int64, unique."""

    values: IntArray

    @classmethod
    def of(cls, *arrays: IntArray) -> Self:
        return cls(np.unique(np.concatenate([np.asarray(a, dtype=np.int64) for a in arrays])))

    def __len__(self) -> int:
        return len(self.values)

    def index(self, ids: IntArray) -> IntArray:
        """Index of each id, -1 where unknown."""
        ids = np.asarray(ids, dtype=np.int64)
        if len(self.values) == 0:
            return np.full(ids.shape, -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.values, ids), len(self.values) - 1)
        return np.where(self.values[place] == ids, place, -1).astype(np.int64)


@dataclass(frozen=True)
class Histories:
    """Rated movies of a list of users, each user's in time order, as one CSR-shaped block of columns.

    Row r owns positions `indptr[r]:indptr[r + 1]` of the other columns: `movies` (indices, not ids) int32,
    `ratings` float32, `timestamps` int64 seconds since 1970 UTC. All are read-only: models share them.
    """

    indptr: IntArray
    movies: NDArray[np.int32]
    ratings: FloatArray
    timestamps: IntArray

    def __post_init__(self) -> None:
        for column in ("indptr", "movies", "ratings", "timestamps"):
            shared = getattr(self, column).view()
            shared.setflags(write=False)
            object.__setattr__(self, column, shared)

    @classmethod
    def from_columns(
        cls,
        rows: NDArray[np.integer],
        n_rows: int,
        movies: NDArray[np.integer],
        ratings: NDArray[np.floating],
        timestamps: NDArray[np.integer],
    ) -> Self:
        """Group columns by row, then time; equal times in a random order that depends on nothing but time and movie.

        The order of ids would be a pattern for models of sequences to learn, and the order of the file a leak.
        """
        order = np.lexsort((movies, tie_breakers(movies, timestamps), timestamps, rows))
        indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=n_rows)))).astype(np.int64)
        return cls(
            indptr,
            movies[order].astype(np.int32),
            ratings[order].astype(np.float32),
            timestamps[order].astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> IntArray:
        return np.diff(self.indptr)

    @property
    def rows(self) -> IntArray:
        """The row of every position."""
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    def take(self, rows: IntArray) -> Histories:
        """The histories of these rows, in this order; row -1 gives an empty one."""
        known = rows >= 0
        safe = np.where(known, rows, 0)
        lengths = np.where(known, self.lengths[safe] if len(self) else 0, 0)
        indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        starts = self.indptr[safe] if len(self) else np.zeros(len(rows), dtype=np.int64)
        positions = np.arange(indptr[-1]) + np.repeat(starts - indptr[:-1], lengths)
        return Histories(indptr, self.movies[positions], self.ratings[positions], self.timestamps[positions])

    def stars(self, n_movies: int) -> FloatArray:
        """(n_movies,) ratings of a single history; 0 where there is none."""
        found = np.zeros(n_movies, dtype=np.float32)
        found[self.movies] = self.ratings
        return found

    def matrix(self, n_movies: int) -> sparse.csr_matrix:
        """Ratings as a (rows, n_movies) float32 CSR matrix with sorted columns, on copies of the columns."""
        matrix = sparse.csr_matrix((self.ratings, self.movies, self.indptr), shape=(len(self), n_movies), copy=True)
        matrix.sort_indices()
        return matrix


@dataclass(frozen=True)
class TrainingData:
    """The one argument of a model's `_fit`."""

    users: Ids
    movies: Ids
    """All movies of the catalogue and of the interactions; the columns of every score matrix."""
    histories: Histories
    """One row per user of `users`."""
    catalogue: pl.DataFrame
    """One row per movie of `movies`, in that order; nulls where the catalogue lacks it."""
    seed: int
    progress: Progress
    people: pl.DataFrame
    """One row per user of `users`, in that order: `age`, `gender`, `occupation`; nulls where nothing is known."""


def align_catalogue(catalogue: pl.DataFrame, movies: Ids) -> pl.DataFrame:
    """Catalogue rows in the order of `movies`; a movie it lacks gets a title of its id and empty lists."""
    index = pl.DataFrame({"movie_id": movies.values})
    lists = [c for c, t in catalogue.schema.items() if isinstance(t, pl.List)]
    return (
        index.join(catalogue, on="movie_id", how="left", maintain_order="left")
        .with_columns(pl.col(lists).fill_null([]))
        .with_columns(pl.col("title").fill_null(pl.format("movie {}", pl.col("movie_id"))))
    )


def align_people(people: pl.DataFrame | None, users: Ids) -> pl.DataFrame:
    """Demographics in the order of `users`, `PEOPLE_COLUMNS` only; nulls for users that `people` lacks."""
    index = pl.DataFrame({"user_id": users.values})
    if people is None:
        return index.with_columns(pl.lit(None, dtype=kind).alias(column) for column, kind in PEOPLE_COLUMNS.items())
    known = people.select("user_id", *(pl.col(column).cast(kind) for column, kind in PEOPLE_COLUMNS.items()))
    return index.join(known, on="user_id", how="left", maintain_order="left")


def histories_of(interactions: pl.DataFrame, users: Ids, movies: Ids) -> Histories:
    """The history of each of `users` from Interactions whose ids are all known."""
    return Histories.from_columns(
        users.index(interactions["user_id"].to_numpy()),
        len(users),
        movies.index(interactions["movie_id"].to_numpy()),
        interactions["rating"].cast(pl.Float32).to_numpy(),
        interactions["timestamp"].dt.epoch("s").to_numpy(),
    )


def titles_of(catalogue: pl.DataFrame) -> list[str]:
    """`Title (year)` of every row."""
    year = pl.when(pl.col("year").is_null()).then(pl.lit("")).otherwise(pl.format(" ({})", pl.col("year")))
    return catalogue.select(pl.concat_str("title", year))["title"].to_list()


def tie_breakers(movies: NDArray[np.integer], timestamps: NDArray[np.integer]) -> NDArray[np.uint64]:
    """A random number (n,) per pair of time and movie."""
    return finalized(timestamps.astype(np.uint64) * STEP + movies.astype(np.uint64))
