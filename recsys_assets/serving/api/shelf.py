"""A catalogue made ready for requests: titles, years and genres as columns, so that a filter is one mask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, Ids, IntArray
from recsys_assets.recommenders.newcomers import known_genres, movies_of_genre
from recsys_assets.serving.api.search import TitleIndex

Mask = NDArray[np.bool_]
NO_YEAR = 0


class UnknownGenreError(ValueError):
    """No movie is of that genre; the message lists those there are."""


@dataclass(frozen=True)
class Shelf:
    """Movies in the order of a model's columns."""

    movies: Ids
    titles: Sequence[str]
    """`Title (year)`."""
    years: NDArray[np.int32]
    """(n,), `NO_YEAR` where unknown."""
    genres: tuple[str, ...]
    of_genre: NDArray[np.bool_] = field(repr=False)
    """(genres, n)."""
    bare: Sequence[str] = field(repr=False)
    """Titles without their year."""

    @classmethod
    def of(cls, movies: Ids, titles: Sequence[str], catalogue: pl.DataFrame) -> Shelf:
        genres = tuple(known_genres(catalogue))
        masks = [movies_of_genre(catalogue, genre) for genre in genres]
        stacked = np.stack(masks) if masks else np.zeros((0, len(movies)), dtype=bool)
        years = catalogue["year"].fill_null(NO_YEAR).cast(pl.Int32).to_numpy()
        return cls(movies, titles, years, genres, stacked, catalogue["title"].to_list())

    @cached_property
    def index(self) -> TitleIndex:
        """Search by title; made when first asked for."""
        return TitleIndex.of(self.bare, self.years)

    @cached_property
    def directions(self) -> FloatArray:
        """(n, genres) of length 1, or 0 where a movie has no genre: their products are cosines."""
        rows = self.of_genre.T.astype(np.float32)
        unit: FloatArray = rows / np.sqrt(np.maximum(rows.sum(axis=1, keepdims=True), 1))
        return unit

    @cached_property
    def _written(self) -> dict[str, int]:
        return {genre.casefold(): place for place, genre in enumerate(self.genres)}

    def __len__(self) -> int:
        return len(self.movies)

    def genres_of(self, column: int) -> list[str]:
        return [self.genres[place] for place in np.flatnonzero(self.of_genre[:, column])]

    def year_of(self, column: int) -> int | None:
        return int(self.years[column]) or None

    def named(self, genres: Iterable[str]) -> tuple[str, ...]:
        """As the catalogue writes them, each once, in any case. Raises UnknownGenreError."""
        found = []
        for genre in genres:
            place = self._written.get(genre.strip().casefold())
            if place is None:
                raise UnknownGenreError(f"no movie has genre {genre!r}; genres are {', '.join(self.genres) or 'none'}")
            found.append(self.genres[place])
        return tuple(dict.fromkeys(found))

    def within(self, genres: Sequence[str], *, year_from: int | None = None, year_to: int | None = None) -> Mask | None:
        """(n,) movies of any of `genres` and of these years, both ends included; None: all. Unknown years are not of
        any."""
        mask: Mask | None = None
        if genres:
            mask = np.any(self.of_genre[[self.genres.index(genre) for genre in genres]], axis=0)
        if year_from is not None or year_to is not None:
            low, high = year_from if year_from is not None else 1, year_to if year_to is not None else 9999
            of_years: Mask = (self.years >= max(low, 1)) & (self.years <= high)
            mask = of_years if mask is None else mask & of_years
        return mask

    def columns(self, movies: Iterable[int]) -> IntArray:
        """Column of each id, -1 where unknown."""
        return self.movies.index(np.fromiter(movies, dtype=np.int64))
