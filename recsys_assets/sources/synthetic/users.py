"""The planted audience: tastes that turn slowly, activity, and when each user comes and goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.sources.synthetic import words
from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import Floats, GenreSpace, Ints

GENRE_PREFERENCE = 2.2
"""How sharply users keep to genres near their taste when they choose what to watch."""


@dataclass(frozen=True)
class Users:
    """One entry a user, n of them; index i is `userId` i + 1."""

    taste: Floats
    """(n, d) unit vectors at the start of the window."""
    turning: Floats
    """(n, d) unit vectors at right angles to `taste`, towards which it turns."""
    bias: Floats
    """(n,) stars added to each of the user's ratings."""
    quota: Ints
    """(n,) ratings to give; they add up to the config's `n_ratings`."""
    arrives: Floats
    """(n,) first session, as a share of the window."""
    leaves: Floats
    """(n,) no session after this share of the window."""
    genre_cdf: Floats
    """(n, g) cumulative chance of the genre to choose from."""
    age: Ints
    gender: NDArray[np.object_]
    occupation: NDArray[np.object_]
    zip_code: Ints

    def __len__(self) -> int:
        return len(self.bias)


def make_users(
    config: SyntheticConfig, space: GenreSpace, stocked: NDArray[np.bool_], rng: np.random.Generator
) -> Users:
    """Draw the users. `stocked` (g,) marks the genres that some movie has as its first."""
    n = config.n_users
    archetypes = rng.normal(size=(2 * config.n_tastes, config.n_tastes))
    kind = rng.integers(0, len(archetypes), n)
    taste = _unit(archetypes[kind] + 0.6 * rng.normal(size=(n, config.n_tastes)))
    other = rng.normal(size=taste.shape)
    turning = _unit(other - (other * taste).sum(axis=1, keepdims=True) * taste)
    arrives = 0.9 * rng.random(n)
    stays = np.where(rng.random(n) < 0.55, 1.0, rng.lognormal(-1.5, 0.7, n))
    return Users(
        taste=taste,
        turning=turning,
        bias=(0.38 * rng.normal(size=n)).astype(np.float32),
        quota=_quotas(config, rng),
        arrives=arrives.astype(np.float32),
        leaves=np.minimum(1.0, arrives + np.maximum(stays, 0.05)).astype(np.float32),
        genre_cdf=_genre_cdf(taste, space, stocked),
        age=np.clip(rng.normal(20 + 30 * rng.random(len(archetypes))[kind], 8), 13, 90).astype(np.int64),
        gender=np.where(rng.random(n) < 0.5, "F", "M").astype(object),
        occupation=words.OCCUPATIONS[rng.integers(0, len(words.OCCUPATIONS), n)],
        zip_code=rng.integers(10_000, 99_999, n),
    )


def taste_at(users: Users, user: NDArray[np.int32], share: Floats, drift: float) -> Floats:
    """Taste vectors (k, d) of these users at these shares of the window."""
    angle = (drift * share).astype(np.float32)[:, None]
    turned: Floats = users.taste[user] * np.cos(angle) + users.turning[user] * np.sin(angle)
    return turned


def _quotas(config: SyntheticConfig, rng: np.random.Generator) -> Ints:
    """Log-normal shares of `n_ratings`, at least 20 each (as MovieLens) where there are enough, at most 40 % of all."""
    n, total = config.n_users, config.n_ratings
    cap = max(1, int(0.4 * config.n_movies))
    floor = min(20, total // n, cap)
    share = rng.lognormal(0.0, 1.1, n)
    quota = np.full(n, floor, dtype=np.int64)
    while (left := total - int(quota.sum())) > 0:  # what the cap cuts off goes to the others; a few rounds do
        open_share = np.where(quota < cap, share, 0.0)
        wanted = left * open_share / open_share.sum()
        whole = np.floor(wanted).astype(np.int64)
        short = min(left - int(whole.sum()), int((open_share > 0).sum()))
        whole[np.argsort(-(wanted - whole), kind="stable")[:short]] += 1
        quota = np.minimum(quota + whole, cap)
    return quota


def _genre_cdf(taste: Floats, space: GenreSpace, stocked: NDArray[np.bool_]) -> Floats:
    liking = GENRE_PREFERENCE * taste @ space.vectors.T + np.log(words.GENRE_WEIGHTS).astype(np.float32)
    chance = np.exp(liking - liking.max(axis=1, keepdims=True)) * stocked
    cdf = np.cumsum(chance, axis=1)
    return (cdf / cdf[:, -1:]).astype(np.float32)


def _unit(rows: NDArray[np.floating]) -> Floats:
    unit: Floats = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit
