"""What the audience does: as many ratings of each user as the quota says, each of another movie, and the stars given.

Users are taken in blocks, each with its own stream of the seed: blocks are drawn side by side and come in order, so
that memory does not grow with the number of ratings and threads don't change a byte.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import Floats, Ints, Movies
from recsys_assets.sources.synthetic.quota import kept_views
from recsys_assets.sources.synthetic.sessions import SECONDS, START, make_sessions
from recsys_assets.sources.synthetic.shelf import Shelf, make_shelf
from recsys_assets.sources.synthetic.users import Users, taste_at
from recsys_assets.sources.synthetic.viewing import Views, watch

MEAN_STARS = 3.45
BLOCK = 500_000
"""Ratings drawn together, about; bounds memory (some 200 bytes each)."""
THREADS = 4


@dataclass(frozen=True)
class Ratings:
    """One entry a rating, in order of user, then published movie id; `user` and `movie` are indices, not ids."""

    user: NDArray[np.int32]
    movie: NDArray[np.int32]
    stars: Floats
    timestamp: Ints

    def __len__(self) -> int:
        return len(self.user)


def rating_blocks(config: SyntheticConfig, movies: Movies, users: Users, rng: np.random.Generator) -> Iterator[Ratings]:
    """All ratings, `config.n_ratings` of them, block by block in order of user."""
    blocks = _blocks(users.quota)
    shelf = make_shelf(movies, rng)
    scale: _Scale | None = None
    for views, stream in _side_by_side(config, movies, users, blocks, shelf, rng.spawn(len(blocks))):
        match = _match(config, movies, users, views)
        scale = scale or _Scale(float(match.mean()), float(match.std()) or 1.0)
        stars = _stars(config, movies, users, views, (match - scale.mean) / scale.spread, stream)
        yield Ratings(views.user, views.movie, stars, views.timestamp)


@dataclass(frozen=True)
class _Scale:
    """Of taste times movie, over the first block's ratings; the same for all, so that blocks can be compared."""

    mean: float
    spread: float


def _blocks(quota: Ints) -> list[slice]:
    """Users in order, about BLOCK ratings together; a user costs as much as ten ratings."""
    number = (np.cumsum(quota + 10) - 1) // BLOCK
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    return [slice(int(a), int(b)) for a, b in zip(starts, [*starts[1:], len(quota)], strict=True)]


def _side_by_side(
    config: SyntheticConfig,
    movies: Movies,
    users: Users,
    blocks: list[slice],
    shelf: Shelf,
    streams: list[np.random.Generator],
) -> Iterator[tuple[Views, np.random.Generator]]:
    """Each block's views with its stream, in order; a few blocks are drawn ahead."""

    def draw(block: slice, rng: np.random.Generator) -> Views:
        views = watch(config, movies, users, make_sessions(config, users, block, rng), shelf, rng)
        return kept_views(config, movies, users, block, views, rng)

    workers = min(THREADS, os.cpu_count() or 1)
    ahead: deque[tuple[Future[Views], np.random.Generator]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for block, stream in zip(blocks, streams, strict=True):
                ahead.append((pool.submit(draw, block, stream), stream))
                if len(ahead) > workers:
                    future, rng = ahead.popleft()
                    yield future.result(), rng
            for future, rng in ahead:
                yield future.result(), rng
        finally:
            pool.shutdown(cancel_futures=True)


def _match(config: SyntheticConfig, movies: Movies, users: Users, views: Views) -> Floats:
    share = ((views.timestamp - START) / SECONDS).astype(np.float32)
    taste = taste_at(users, views.user, share, config.drift)
    match: Floats = np.einsum("kd,kd->k", taste, movies.factors.take(views.movie, axis=0))
    return match


def _stars(
    config: SyntheticConfig, movies: Movies, users: Users, views: Views, match: Floats, rng: np.random.Generator
) -> Floats:
    """Half stars from 0.5 to 5: mean + user + movie + taste x movie + noise."""
    noise = config.noise * rng.standard_normal(len(views), dtype=np.float32)
    liking = config.taste_strength * match
    exact = MEAN_STARS + users.bias[views.user] + movies.quality[views.movie] + liking + noise
    stars: Floats = (np.clip(np.round(2 * exact), 1, 10) / 2).astype(np.float32)
    return stars
