"""What is public about the movies, in columns: the ground that simulators, policies and agents share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from recsys_assets.recommenders.data import FloatArray, Ids, IntArray


@dataclass(frozen=True)
class World:
    """Movies by index; every array has one row per movie of `movies`."""

    movies: Ids
    genres: FloatArray
    """(n, g) share of each genre in a movie: 1 / its number of genres, rows sum to 1 or 0."""
    directions: FloatArray
    """(n, g) the same with rows of length 1 or 0: their products are cosines."""
    genre_names: tuple[str, ...]
    popularity: FloatArray
    """(n,) log(1 + ratings by the people things are fitted on) / its maximum: 0-1."""
    features: FloatArray
    """(n, d) genres, text and mean rating, as `content_state.movie_features` makes them; 310 of the IMDb table."""
    catalogue: pl.DataFrame
    """One row per movie, in this order."""
    sequence: FloatArray
    """(n, d) frozen vectors of a sequence model (`sequence_features`); no columns where there is none."""

    @classmethod
    def of(cls, movies: Ids, catalogue: pl.DataFrame, counts: IntArray, features: FloatArray) -> Self:
        """`counts` (n,): ratings of each movie by the people things are fitted on."""
        genres, names = genre_shares(catalogue)
        length = np.linalg.norm(genres, axis=1, keepdims=True)
        known = np.log1p(counts) / max(1.0, float(np.log1p(counts.max(initial=0))))
        return cls(
            movies,
            genres,
            genres / np.maximum(length, 1e-9),
            names,
            known.astype(np.float32),
            features,
            catalogue,
            np.empty((len(movies), 0), dtype=np.float32),
        )

    def __len__(self) -> int:
        return len(self.movies)

    @property
    def n_genres(self) -> int:
        return int(self.genres.shape[1])


def genre_shares(catalogue: pl.DataFrame) -> tuple[FloatArray, tuple[str, ...]]:
    """(n, g) shares and the names of the genres in alphabetical order, of a catalogue with column `genres`."""
    counts = catalogue.select(row=pl.int_range(pl.len()), genres="genres").explode("genres").drop_nulls()
    names = tuple(sorted(counts["genres"].unique().to_list()))
    shares = np.zeros((len(catalogue), len(names)), dtype=np.float32)
    columns = counts["genres"].replace_strict(list(names), list(range(len(names))), return_dtype=pl.Int64).to_numpy()
    shares[counts["row"].to_numpy(), columns] = 1
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1), names
