"""Preference pairs: of two movies that one person thought of in one state, which they liked better.

Pairs are drawn, not enumerated: a user with 2,000 ratings has two million. Each state draws pairs of its opinions; what
differs by less than `least_gap` is no preference. Then caps: a user may give `per_user` pairs and a weight of
`user_weight` in all, and a movie may be the better one in no more than `movie_share` of all pairs, and the worse one
likewise, so that neither one busy person nor one pushed movie is what a reward model learns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt

from recsys_assets.agents.preferences.opinions import Opinions
from recsys_assets.recommenders.data import FloatArray, IntArray

LEAST_MOVIE_CAP = 20
"""A movie may be in so many pairs even where all are few."""


class PairConfig(BaseModel, extra="forbid", frozen=True):
    """How many pairs, and of whom."""

    least_gap: float = Field(default=0.4, gt=0, le=2)
    """Of values: 0.4 is a star, or what a like is above a watch."""
    per_state: PositiveInt = 60
    """Pairs that are drawn of one state at most."""
    per_user: PositiveInt = 200
    user_weight: PositiveFloat = 100.0
    """Sum of the weights of one user's pairs."""
    movie_share: float = Field(default=0.01, gt=0, le=1)


@dataclass(frozen=True)
class Pairs:
    """Rows of one `Opinions`' states, and of its movies."""

    states: IntArray
    """(p,)."""
    better: IntArray
    """(p,) movie indices."""
    worse: IntArray
    """(p,)."""
    weights: FloatArray
    """(p,)."""

    def __len__(self) -> int:
        return len(self.states)

    def take(self, rows: IntArray) -> Pairs:
        return Pairs(self.states[rows], self.better[rows], self.worse[rows], self.weights[rows])


def draw_pairs(opinions: Opinions, config: PairConfig | None = None, *, seed: int) -> Pairs:
    """Pairs in random order; the same for the same seed."""
    config, rng = config or PairConfig(), np.random.default_rng(seed)
    order = np.argsort(opinions.states, kind="stable")
    counts = np.bincount(opinions.states, minlength=len(opinions.people))
    starts = np.cumsum(counts) - counts
    drawn = np.repeat(np.arange(len(counts)), np.minimum(3 * config.per_state, counts * (counts - 1)))
    first, second = (order[starts[drawn] + _below(counts[drawn], rng)] for _ in range(2))
    gap = opinions.values[first] - opinions.values[second]
    better, worse = np.where(gap > 0, first, second), np.where(gap > 0, second, first)
    there = np.flatnonzero(
        (np.abs(gap) >= config.least_gap - 1e-6) & (opinions.movies[first] != opinions.movies[second])
    )
    _, distinct = np.unique(better[there] * len(opinions) + worse[there], return_index=True)
    chosen = rng.permutation(there[distinct])
    chosen = chosen[rank_within(drawn[chosen]) < config.per_state]
    chosen = chosen[rank_within(opinions.people[drawn[chosen]]) < config.per_user]
    chosen = _capped_movies(chosen, opinions.movies[better], opinions.movies[worse], config)
    weights = np.sqrt(opinions.weights[better[chosen]] * opinions.weights[worse[chosen]])
    return Pairs(
        drawn[chosen],
        opinions.movies[better[chosen]],
        opinions.movies[worse[chosen]],
        _capped_weights(weights, opinions.people[drawn[chosen]], config.user_weight),
    )


def rank_within(keys: IntArray) -> IntArray:
    """(n,) place of each among those of its key, in the order given."""
    order = np.argsort(keys, kind="stable")
    sorted_keys = keys[order]
    first = np.concatenate(([True], sorted_keys[1:] != sorted_keys[:-1])) if len(keys) else np.zeros(0, dtype=bool)
    place = np.arange(len(keys))
    rank = np.empty(len(keys), dtype=np.int64)
    rank[order] = place - np.maximum.accumulate(np.where(first, place, 0)) if len(keys) else place
    return rank


def _below(bounds: IntArray, rng: np.random.Generator) -> IntArray:
    """A whole number in [0, bound) for each bound."""
    return np.minimum((rng.random(len(bounds)) * bounds).astype(np.int64), bounds - 1)


def _capped_movies(chosen: IntArray, better: IntArray, worse: IntArray, config: PairConfig) -> IntArray:
    cap = max(LEAST_MOVIE_CAP, int(config.movie_share * len(chosen)))
    for movies in (better, worse):
        chosen = chosen[rank_within(movies[chosen]) < cap]
    return chosen


def _capped_weights(weights: FloatArray, people: IntArray, most: float) -> FloatArray:
    _, place = np.unique(people, return_inverse=True)
    total = np.bincount(place, weights)
    scale = np.minimum(1.0, most / np.maximum(total, 1e-9))
    return (weights * scale[place]).astype(np.float32)
