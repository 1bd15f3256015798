"""Which movies are of which genres, as one table: asked for each list, made once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.recommenders.results import ModelError


@dataclass(frozen=True)
class GenreTable:
    """Of n movies, in the order of their indices."""

    names: tuple[str, ...]
    """In the order of the alphabet."""
    of: NDArray[np.bool_]
    """(genres, n)."""

    @classmethod
    def of_catalogue(cls, catalogue: pl.DataFrame) -> Self:
        told = catalogue.select(pl.int_range(pl.len()).alias("movie"), pl.col("genres").cast(pl.List(pl.String)))
        told = told.explode("genres").drop_nulls("genres")
        names = tuple(told["genres"].unique().sort().to_list())
        of = np.zeros((len(names), len(catalogue)), dtype=bool)
        of[np.searchsorted(np.array(names, dtype=str), told["genres"].to_numpy().astype(str)), told["movie"]] = True
        return cls(names, of)

    @cached_property
    def _written(self) -> dict[str, str]:
        return {name.casefold(): name for name in self.names} | {name: name for name in self.names}

    def row(self, genre: str) -> NDArray[np.bool_]:
        """(n,) movies of a genre that is written as in `names`."""
        found: NDArray[np.bool_] = self.of[self.names.index(genre)]
        return found

    def named(self, genres: Iterable[str]) -> tuple[str, ...]:
        """`genres` as the catalogue writes them, each once; refuses those it does not have."""
        found = []
        for genre in genres:
            name = self._written.get(genre) or self._written.get(genre.strip().casefold())
            if name is None:
                shown = ", ".join(self.names) or "not in the catalogue"
                raise ModelError(f"no movie has genre {genre!r}; genres are {shown}")
            found.append(name)
        return tuple(dict.fromkeys(found))
