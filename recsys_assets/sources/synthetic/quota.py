"""From views to ratings: each user rates as many different movies as the quota says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import N_QUARTERS, Ints, Movies
from recsys_assets.sources.synthetic.sessions import SECONDS, SECONDS_A_MOVIE, START
from recsys_assets.sources.synthetic.users import Users, taste_at
from recsys_assets.sources.synthetic.viewing import TASTE_IN_CHOICE, Views

CELLS = 1 << 22
"""Users times movies looked at together when users lack movies; bounds memory."""


def kept_views(
    config: SyntheticConfig, movies: Movies, users: Users, block: slice, views: Views, rng: np.random.Generator
) -> Views:
    """Exactly `users.quota` views of each user of the block, no movie twice, by user and published movie id.

    Of a movie seen twice one view stays; users who saw more than their quota keep a random part; those who saw
    less see the movies that they would have liked best of what was offered.
    """
    local = views.user - np.int32(block.start)
    quota = users.quota[block]
    once = _once(local, views.movie)
    kept = _within_quota(local, once, quota, rng)
    views = Views(views.user[kept], views.movie[kept], views.timestamp[kept])
    short = quota - np.bincount(local[kept], minlength=len(quota))
    if short.any():
        views = _topped_up(config, movies, users, block, views, short, rng)
    order = np.argsort(views.user.astype(np.int64) * (len(movies) + 1) + movies.movie_id[views.movie])
    return Views(views.user[order], views.movie[order], views.timestamp[order])


def _once(local: NDArray[np.int32], movie: NDArray[np.int32]) -> Ints:
    """Positions of one view per user and movie. Key and position in one number: sorting it is the fastest grouping."""
    place = _bits(len(local))
    key = np.sort((((local.astype(np.int64) << _bits(int(movie.max(initial=0)) + 1)) | movie) << place) | _count(local))
    new = np.diff(key >> place, prepend=-1) != 0
    return key[new] & ((1 << place) - 1)


def _within_quota(local: NDArray[np.int32], once: Ints, quota: Ints, rng: np.random.Generator) -> Ints:
    """A random part of each user's positions, as large as the quota where there are as many."""
    place = _bits(len(local))
    dice = 62 - place - _bits(len(quota))
    owner = local[once].astype(np.int64)
    key = np.sort((((owner << dice) | rng.integers(0, 1 << dice, len(once))) << place) | once)
    owner = key >> (place + dice)
    first = np.cumsum(np.bincount(owner, minlength=len(quota))) - np.bincount(owner, minlength=len(quota))
    kept: Ints = (key & ((1 << place) - 1))[_count(key) - first[owner] < quota[owner]]
    return kept


def _topped_up(
    config: SyntheticConfig,
    movies: Movies,
    users: Users,
    block: slice,
    views: Views,
    short: Ints,
    rng: np.random.Generator,
) -> Views:
    """The views with `short` more of each user, after the user's last one."""
    lacking = np.flatnonzero(short)
    last = np.zeros(len(short), dtype=np.int64)
    np.maximum.at(last, views.user - block.start, views.timestamp)
    parts = [views]
    rows = max(1, CELLS // len(movies))
    for part in (lacking[i : i + rows] for i in range(0, len(lacking), rows)):
        user = (part + block.start).astype(np.int32)
        share = ((last[part] - START) / SECONDS).astype(np.float32)
        offered = movies.offered[np.clip((share * N_QUARTERS).astype(np.int64), 0, N_QUARTERS - 1)]
        liking = TASTE_IN_CHOICE * taste_at(users, user, share, config.drift) @ movies.factors.T
        score = np.log(np.maximum(offered, 1e-30)) + liking + rng.gumbel(size=liking.shape)
        row = np.full(len(short), -1)
        row[part] = np.arange(len(part))
        seen = row[views.user - block.start]
        score[seen[seen >= 0], views.movie[seen >= 0]] = -np.inf
        best = np.argsort(-score, axis=1)[:, : int(short[part].max())]
        rank = np.broadcast_to(np.arange(best.shape[1]), best.shape)
        wanted = rank < short[part, None]
        when = last[part, None] + SECONDS_A_MOVIE * (1 + rank)
        parts.append(Views(np.repeat(user, short[part]), best[wanted].astype(np.int32), when[wanted]))
    return Views(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("user", "movie", "timestamp")))


def _bits(count: int) -> int:
    return max(1, count).bit_length()


def _count(values: NDArray[np.generic]) -> Ints:
    return np.arange(len(values), dtype=np.int64)
