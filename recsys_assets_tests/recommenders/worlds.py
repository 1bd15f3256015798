"""Small worlds with a known right answer, as Interactions and a Catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_assets.recommenders.data import IntArray


@dataclass(frozen=True)
class World:
    interactions: pl.DataFrame
    catalogue: pl.DataFrame


def frame(users: IntArray, movies: IntArray, ratings: np.ndarray, seconds: IntArray) -> pl.DataFrame:
    """Interactions of columns; `seconds` since 2020."""
    return pl.DataFrame(
        {"user_id": users, "movie_id": movies, "rating": ratings.astype(np.float32), "seconds": seconds}
    ).select(
        "user_id",
        "movie_id",
        "rating",
        timestamp=pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.col("seconds")),
    )


def two_tastes(*, users: int = 40, movies: int = 40, seed: int = 0) -> World:
    """Odd users like odd movies (4-5 stars), even ones even movies; the others' they rate 1-2, and rarely.

    Movie ids are 10, 20, ..., their block is the parity of the id over 10; the last two movies nobody rated.
    Cast, director, keywords and overview are of the block too; half of the movies lack them.
    """
    rng = np.random.default_rng(seed)
    u, m = np.divmod(np.arange(users * movies), movies)
    u, m = u + 1, m + 1
    own = u % 2 == m % 2
    seen = (rng.random(len(u)) < np.where(own, 0.5, 0.15)) & (m <= movies - 2)
    rating = np.where(own, rng.choice([4.0, 4.5, 5.0], len(u)), rng.choice([1.0, 1.5, 2.0], len(u)))
    when = rng.permutation(len(u))
    side = [["western", "noir"][i % 2] for i in range(1, movies + 1)]
    rich = [i % 4 < 2 for i in range(1, movies + 1)]
    catalogue = pl.DataFrame(
        {
            "movie_id": np.arange(1, movies + 1) * 10,
            "title": [f"Movie {i}" for i in range(1, movies + 1)],
            "year": [None if i == 3 else 1950 + i for i in range(1, movies + 1)],
            "genres": [[s] for s in side],
            "overview": [f"a tale of {s} and {s} life" if r else None for s, r in zip(side, rich, strict=True)],
            "keywords": [[f"{s} town"] if r else [] for s, r in zip(side, rich, strict=True)],
            "cast": [[f"{s} star"] if r else [] for s, r in zip(side, rich, strict=True)],
            "director": [f"{s} maker" if r else None for s, r in zip(side, rich, strict=True)],
        }
    )
    return World(frame(u[seen] + 100, m[seen] * 10, rating[seen], when[seen]), catalogue)
