"""A world in which only the order tells what comes next."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_assets_tests.recommenders.worlds import World, frame

MOVIES = 30


def cyclic(*, users: int = 60, length: int = 12, seed: int = 0) -> World:
    """Each user goes round the same circle of movies from a place of their own; all movies are as popular.

    Neighbours on the circle share nothing but their place: genres are of the two halves. Movie ids are 10, 20, ...;
    half of the steps are a second apart, half a day.
    """
    rng = np.random.default_rng(seed)
    start = rng.permutation(np.arange(users) % MOVIES)
    movies = (start[:, None] + np.arange(length)) % MOVIES + 1
    seconds = np.cumsum(rng.choice([1, 86_400], (users, length)), axis=1)
    ids = np.repeat(np.arange(users) + 101, length)
    ratings = rng.choice([3.0, 4.0, 5.0], users * length)
    catalogue = pl.DataFrame(
        {
            "movie_id": np.arange(1, MOVIES + 1) * 10,
            "title": [f"Movie {i}" for i in range(1, MOVIES + 1)],
            "year": [1930 + 3 * i for i in range(1, MOVIES + 1)],
            "genres": [[["western", "noir"][i % 2]] for i in range(MOVIES)],
            "keywords": [[f"place {i // 3}", f"mood {i % 5}"] for i in range(MOVIES)],
        }
    )
    return World(frame(ids, movies.ravel() * 10, ratings, seconds.ravel()), catalogue)


def next_of(world: World) -> dict[int, int]:
    """The movie id after each user's last."""
    last = world.interactions.sort("timestamp").group_by("user_id").last()
    return {u: m % (MOVIES * 10) + 10 for u, m in last.select("user_id", "movie_id").iter_rows()}
