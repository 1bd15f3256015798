"""What the audience does: sessions over the years, one movie after another in each, and the stars given.

All sessions take their j-th step at once, so the only loop is over places in a session. A step offers each
session a few movies and the user takes one by taste (Gumbel-max over the offers); an offer is either drawn by
popularity within a genre the user likes, or a neighbour of the movie before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.progress import Progress, silent
from recsys_assets.sources.synthetic import words
from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import N_QUARTERS, WINDOW_START, WINDOW_YEARS, Floats, Ints, Movies
from recsys_assets.sources.synthetic.users import Users

START = int(np.datetime64(f"{WINDOW_START}-01-01", "s").astype(np.int64))
SECONDS = int(np.datetime64(f"{WINDOW_START + WINDOW_YEARS}-01-01", "s").astype(np.int64)) - START
OFFERS = 5
NEIGHBOUR_STEPS = np.array([1, 2, -1, 3])
"""Along the catalogue's walk; the next one most often (a sequel, or the movie most like it)."""
NEIGHBOUR_BONUS = np.array([1.2, 0.4, 0.0, 0.0], dtype=np.float32)
POPULARITY_OF_NEIGHBOURS = 0.8
"""Exponent of how strongly a neighbour is offered; 1 would be as strongly as by a draw."""
TASTE_IN_CHOICE = 1.8
"""Of a movie fully to one's taste over an indifferent one, in log odds."""
MEAN_STARS = 3.45
CHUNK = 1 << 17
"""Sessions that step together; bounds memory."""


@dataclass(frozen=True)
class Ratings:
    """One entry a rating, in order of user, then movie; `user` and `movie` are indices, not ids."""

    user: NDArray[np.int32]
    movie: NDArray[np.int32]
    stars: Floats
    timestamp: Ints

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class _Sessions:
    user: NDArray[np.int32]
    start: Floats
    """Share of the window."""
    length: NDArray[np.int32]


def make_ratings(
    config: SyntheticConfig, movies: Movies, users: Users, rng: np.random.Generator, *, progress: Progress = silent
) -> Ratings:
    """Play all sessions, keep the first view of each movie, cut each user to the quota, and give stars."""
    sessions = _sessions(config, users, rng)
    shelf = _shelf(movies, rng)
    parts = []
    for first in range(0, len(sessions.user), CHUNK):
        parts.append(_play(config, movies, users, sessions, slice(first, first + CHUNK), shelf, rng))
        if first:
            progress(f"synthetic: {min(first + CHUNK, len(sessions.user)):,} of {len(sessions.user):,} sessions")
    user, movie, timestamp = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = _first_views_within_quota(user, movie, timestamp, users.quota, len(movies), rng)
    user, movie, timestamp = user[kept], movie[kept], timestamp[kept]
    return Ratings(user, movie, _stars(config, movies, users, user, movie, timestamp, rng), timestamp)


def taste_at(users: Users, user: NDArray[np.int32], share: Floats, drift: float) -> Floats:
    """Taste vectors (k, d) of these users at these shares of the window."""
    angle = (drift * share).astype(np.float32)[:, None]
    turned: Floats = users.taste[user] * np.cos(angle) + users.turning[user] * np.sin(angle)
    return turned


def _sessions(config: SyntheticConfig, users: Users, rng: np.random.Generator) -> _Sessions:
    """Sessions for somewhat more views than the quota (repeats are dropped later); at least two a user."""
    density = users.quota / config.n_movies
    views = np.ceil(users.quota * (1.4 + 6.0 * density)).astype(np.int64) + 2
    habit = np.clip(rng.lognormal(2.3, 0.4, len(users)), 4, 30)  # views a session
    count = np.maximum(2, np.round(views / habit)).astype(np.int64)
    user = np.repeat(np.arange(len(users), dtype=np.int32), count)
    place = np.arange(len(user)) - np.repeat(np.cumsum(count) - count, count)
    length = views[user] // count[user] + (place < views[user] % count[user])
    when = rng.random(len(user)).astype(np.float32)
    when[place == 0] = 0.0
    start = users.arrives[user] + (users.leaves - users.arrives)[user] * when
    return _Sessions(user, np.minimum(start, 0.9999).astype(np.float32), length.astype(np.int32))


def _shelf(movies: Movies, rng: np.random.Generator) -> NDArray[np.int32]:
    """(quarters, genres, q) movies: a uniform draw of the last axis is a draw by offer within quarter and genre."""
    n_genres = len(words.GENRES)
    sizes = np.bincount(movies.lead_genre, minlength=n_genres)
    depth = 1 << int(np.ceil(np.log2(max(64, 6 * sizes.max()))))
    shelf = np.zeros((N_QUARTERS, n_genres, depth), dtype=np.int32)
    starts = np.concatenate(([0], np.cumsum(sizes)))  # movies are in order of their first genre
    for genre in np.flatnonzero(sizes):
        first, last = starts[genre], starts[genre + 1]
        weight = movies.offered[:, first:last].astype(np.float64)
        weight = np.where(weight.sum(axis=1, keepdims=True) > 0, weight, 1.0)  # nothing out yet: the announced ones
        cdf = np.cumsum(weight, axis=1)
        cdf /= cdf[:, -1:]
        points = (np.arange(depth)[None, :] + rng.random((N_QUARTERS, depth))) / depth
        for quarter in range(N_QUARTERS):
            place = np.searchsorted(cdf[quarter], points[quarter], side="right")
            shelf[quarter, genre] = first + np.minimum(place, last - first - 1)
    return shelf


def _play(
    config: SyntheticConfig,
    movies: Movies,
    users: Users,
    sessions: _Sessions,
    part: slice,
    shelf: NDArray[np.int32],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.int32], Ints]:
    """Views of one chunk of sessions: user, movie, timestamp."""
    by_length = np.argsort(-sessions.length[part], kind="stable")
    user, start, length = (
        sessions.user[part][by_length],
        sessions.start[part][by_length],
        sessions.length[part][by_length],
    )
    taste = taste_at(users, user, start, config.drift)
    quarter = np.minimum((start * N_QUARTERS).astype(np.int64), N_QUARTERS - 1)
    second = START + (start.astype(np.float64) * SECONDS).astype(np.int64)
    genre_cdf = users.genre_cdf[user]
    taken: list[NDArray[np.int32]] = []
    played: list[Ints] = []
    before: NDArray[np.int32] | None = None
    for step in range(int(length[0]) if len(length) else 0):
        active = int(np.searchsorted(-length, -step, side="left"))  # sessions longer than `step`; longest come first
        now = slice(0, active)
        offers = _draw_offers(shelf, genre_cdf[now], quarter[now], rng)
        bonus = np.zeros(offers.shape, dtype=np.float32)
        if before is not None:
            related = rng.random(active) < config.relatedness
            _offer_neighbours(offers, bonus, related, before[now], quarter[now], movies)
        liking = np.einsum("sod,sd->so", movies.factors[offers], taste[now])
        choice = np.argmax(TASTE_IN_CHOICE * liking + bonus + _gumbel(offers.shape, rng), axis=1)
        before = offers[np.arange(active), choice]
        taken.append(before)
        played.append(second[now] + 75 * step + rng.integers(0, 60, active))
    steps = np.concatenate([user[: len(t)] for t in taken]) if taken else user[:0]
    return steps, np.concatenate(taken), np.concatenate(played)


def _draw_offers(
    shelf: NDArray[np.int32], genre_cdf: Floats, quarter: Ints, rng: np.random.Generator
) -> NDArray[np.int32]:
    """(sessions, OFFERS) movies by popularity in genres the user likes."""
    draw = rng.random((len(quarter), OFFERS), dtype=np.float32)
    genre = (draw[:, :, None] >= genre_cdf[:, None, :]).sum(axis=2)
    genre = np.minimum(genre, genre_cdf.shape[1] - 1)
    return shelf[quarter[:, None], genre, rng.integers(0, shelf.shape[2], draw.shape)]


def _offer_neighbours(
    offers: NDArray[np.int32],
    bonus: Floats,
    related: NDArray[np.bool_],
    before: NDArray[np.int32],
    quarter: Ints,
    movies: Movies,
) -> None:
    """In related sessions replace all offers but the last by neighbours; the last stays for want of released ones."""
    near = (before[related, None] + NEIGHBOUR_STEPS[None, :]) % len(movies)
    out = movies.released[near] <= quarter[related, None]
    same = movies.lead_genre[near] == movies.lead_genre[before[related], None]
    offers[related, : len(NEIGHBOUR_STEPS)] = near
    bonus[related, : len(NEIGHBOUR_STEPS)] = np.where(
        out & same,
        NEIGHBOUR_BONUS + 0.5 * np.log(np.maximum(movies.offered[quarter[related, None], near], 1e-12)),
        -1e9,
    )
    bonus[related, -1] = -12.0


def _gumbel(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    draw: Floats = -np.log(rng.standard_exponential(shape, dtype=np.float32) + np.float32(1e-20))
    return draw


def _first_views_within_quota(
    user: NDArray[np.int32],
    movie: NDArray[np.int32],
    timestamp: Ints,
    quota: Ints,
    n_movies: int,
    rng: np.random.Generator,
) -> Ints:
    """Positions to keep, in order of user, then movie."""
    pair = user.astype(np.int64) * n_movies + movie
    order = np.lexsort((timestamp, pair))
    new = np.concatenate(([True], np.diff(pair[order]) != 0))
    views = order[new]
    shuffled = views[np.lexsort((rng.random(len(views)), user[views]))]
    owner = user[shuffled]
    place = np.arange(len(shuffled)) - np.searchsorted(owner, owner, side="left")
    kept = shuffled[place < quota[owner]]
    return kept[np.argsort(pair[kept], kind="stable")]


def _stars(
    config: SyntheticConfig,
    movies: Movies,
    users: Users,
    user: NDArray[np.int32],
    movie: NDArray[np.int32],
    timestamp: Ints,
    rng: np.random.Generator,
) -> Floats:
    """Half stars from 0.5 to 5: mean + user + movie + taste x movie + noise."""
    share = ((timestamp - START) / SECONDS).astype(np.float32)
    match = np.empty(len(user), dtype=np.float32)
    for first in range(0, len(user), CHUNK):
        part = slice(first, first + CHUNK)
        taste = taste_at(users, user[part], share[part], config.drift)
        match[part] = np.einsum("kd,kd->k", taste, movies.factors[movie[part]])
    spread = match.std() or np.float32(1.0)
    liking = config.taste_strength * (match - match.mean()) / spread
    noise = config.noise * rng.standard_normal(len(user), dtype=np.float32)
    exact = MEAN_STARS + users.bias[user] + movies.quality[movie] + liking + noise
    stars: Floats = (np.clip(np.round(2 * exact), 1, 10) / 2).astype(np.float32)
    return stars
