"""What is on offer: movies by popularity, for each quarter of the window and each genre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.sources.synthetic import words
from recsys_assets.sources.synthetic.movies import N_QUARTERS, Floats, Ints, Movies


@dataclass(frozen=True)
class Shelf:
    """A uniform draw of a place is a draw by offer within quarter and genre, without a search."""

    places: NDArray[np.int32]
    """(quarters * genres * 2**bits,) movies."""
    bits: int

    def at(self, quarter: Ints, genre: NDArray[np.uint8], draw: Ints) -> NDArray[np.int32]:
        """The movies at these draws of 0 to 2**bits - 1; the three broadcast."""
        return self.places.take(((quarter * len(words.GENRES) + genre) << self.bits) + draw)


def make_shelf(movies: Movies, rng: np.random.Generator) -> Shelf:
    """Each movie has its share of the places, rounded by chance."""
    sizes = np.bincount(movies.lead_genre, minlength=len(words.GENRES))
    bits = int(np.ceil(np.log2(max(64, 6 * sizes.max()))))
    places = np.zeros((N_QUARTERS, len(words.GENRES), 1 << bits), dtype=np.int32)
    ends = np.cumsum(sizes)  # movies are in order of their first genre
    for genre in np.flatnonzero(sizes):
        first, last = ends[genre] - sizes[genre], ends[genre]
        weight = movies.offered[:, first:last].astype(np.float64)
        weight = np.where(weight.sum(axis=1, keepdims=True) > 0, weight, 1.0)  # nothing out yet: the announced ones
        for quarter in range(N_QUARTERS):
            places[quarter, genre] = first + _shares(weight[quarter], 1 << bits, rng)
    return Shelf(places.reshape(-1), bits)


def genre_table(genre_cdf: Floats) -> NDArray[np.uint8]:
    """(n * 256,) genres: byte b of user i is at 256 * i + b, each genre as often as the user likes it."""
    bounds = np.rint(genre_cdf * 256).astype(np.int64)
    counts = np.diff(bounds, axis=1, prepend=0)
    genres = np.broadcast_to(np.arange(genre_cdf.shape[1], dtype=np.uint8), counts.shape)
    return np.repeat(genres.ravel(), counts.ravel())


def _shares(weight: NDArray[np.float64], places: int, rng: np.random.Generator) -> Ints:
    """(places,) indices, each about in proportion to its weight: systematic sampling, in order."""
    bounds = np.floor(np.cumsum(weight) / weight.sum() * places + rng.random())
    bounds = np.minimum(bounds, places).astype(np.int64)
    bounds[-1] = places
    return np.repeat(np.arange(len(weight)), np.diff(bounds, prepend=0))
