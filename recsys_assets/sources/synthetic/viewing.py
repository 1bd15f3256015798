"""What is watched, one movie after another in each session.

All sessions take their j-th step at once, so the only loop is over places in a session. A step offers each
session a few movies and the user takes one by taste (Gumbel-max over the offers); an offer is either drawn by
popularity within a genre the user likes, or a neighbour of the movie before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import N_QUARTERS, Floats, Ints, Movies
from recsys_assets.sources.synthetic.sessions import SECONDS_A_MOVIE, Sessions
from recsys_assets.sources.synthetic.shelf import Shelf, genre_table
from recsys_assets.sources.synthetic.users import Users, taste_at

OFFERS = 5
NEIGHBOUR_STEPS = np.array([1, 2, -1, 3])
"""Along the catalogue's walk; the next one most often (a sequel, or the movie most like it)."""
NEIGHBOUR_BONUS = np.array([1.2, 0.4, 0.0, 0.0], dtype=np.float32)
POPULARITY_OF_NEIGHBOURS = 0.5
"""Exponent of how strongly a neighbour is offered; 1 would be as strongly as by a draw."""
TASTE_IN_CHOICE = 1.8
"""Of a movie fully to one's taste over an indifferent one, in log odds."""


@dataclass(frozen=True)
class Views:
    """One entry a view; a user may see a movie twice. `user` and `movie` are indices."""

    user: NDArray[np.int32]
    movie: NDArray[np.int32]
    timestamp: Ints

    def __len__(self) -> int:
        return len(self.user)


def watch(
    config: SyntheticConfig, movies: Movies, users: Users, sessions: Sessions, shelf: Shelf, rng: np.random.Generator
) -> Views:
    """Play all sessions."""
    user, length, second = sessions.user, sessions.length, sessions.second
    first = int(user.min()) if len(user) else 0
    genres = genre_table(users.genre_cdf[first : int(user.max()) + 1 if len(user) else 0])
    byte_zero = (user.astype(np.int64) - first) << 8
    taste = taste_at(users, user, sessions.start, config.drift)
    quarter = np.minimum((sessions.start * N_QUARTERS).astype(np.int64), N_QUARTERS - 1)
    offered = np.where(movies.offered > 0, POPULARITY_OF_NEIGHBOURS * np.log(np.maximum(movies.offered, 1e-12)), -1e9)
    offered = offered.astype(np.float32)
    taken: list[NDArray[np.int32]] = []
    played: list[Ints] = []
    for step in range(int(length[0]) if len(length) else 0):
        active = int(np.searchsorted(-length, -step, side="left"))  # sessions longer than `step`; longest come first
        now = slice(0, active)
        bits = rng.integers(0, 1 << 64, (active, OFFERS), dtype=np.uint64)
        genre = genres.take(byte_zero[now, None] + (bits & 255).astype(np.int64))
        offers = shelf.at(quarter[now, None], genre, ((bits >> 8) & ((1 << shelf.bits) - 1)).astype(np.int64))
        appeal = gumbel(bits)
        if taken:
            related = np.flatnonzero(rng.random(active, dtype=np.float32) < config.relatedness)
            _offer_neighbours(offers, appeal, related, taken[-1], quarter, movies, offered)
        appeal += TASTE_IN_CHOICE * np.einsum("sod,sd->so", movies.factors.take(offers, axis=0), taste[now])
        taken.append(offers[np.arange(active), appeal.argmax(axis=1)])
        played.append(second[now] + SECONDS_A_MOVIE * step + rng.integers(0, 60, active, dtype=np.uint8))
    if not taken:
        return Views(user[:0], user[:0], second[:0])
    return Views(np.concatenate([user[: len(t)] for t in taken]), np.concatenate(taken), np.concatenate(played))


def _offer_neighbours(
    offers: NDArray[np.int32],
    appeal: Floats,
    related: Ints,
    before: NDArray[np.int32],
    quarter: Ints,
    movies: Movies,
    offered: Floats,
) -> None:
    """In related sessions replace all offers but the last by neighbours; the last stays for want of released ones."""
    last = before[related, None]
    near = (last + NEIGHBOUR_STEPS[None, :]) % len(movies)
    same = movies.lead_genre.take(near) == movies.lead_genre.take(last)
    bonus = NEIGHBOUR_BONUS + offered.reshape(-1).take(quarter[related, None] * len(movies) + near)
    offers[related, : len(NEIGHBOUR_STEPS)] = near
    appeal[related, : len(NEIGHBOUR_STEPS)] += np.where(same, bonus, np.float32(-1e9))
    appeal[related, -1] -= 12.0


def gumbel(bits: NDArray[np.uint64]) -> Floats:
    """Of the upper 23 bits: with half a step they fill float32's 24, so that no draw is rounded to 0 or 1."""
    uniform = ((bits >> 41).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-23)
    draw: Floats = -np.log(-np.log(uniform))
    return draw
