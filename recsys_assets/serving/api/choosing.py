"""Lists from scores: the best first, or by chance with a known probability; both with diversity if asked for.

At place j, with the movies C_j of the candidates not yet listed and L_j those listed,

    v_j(i)  =  z(i) - d / (1 - d) * max over l in L_j of cos(genres of i, genres of l)
    greedy:        the i in C_j with the highest v_j(i)
    stochastic:    i with probability  p_j(i) = exp(v_j(i) / T) / sum over C_j of exp(v_j / T)

z are scores of mean 0 and deviation 1 over the candidates, d in [0, 1) the diversity asked for (maximal marginal
relevance; Carbonell & Goldstein, SIGIR 1998); without it the stochastic policy is Plackett-Luce. T is such that the
best candidate comes first with probability `first_share`, whatever the model's units are.

**propensity** of the movie at place j is p_j of it: the probability that this policy puts this movie in this place,
given what it had put in the places before. Place 0 needs no "given": the estimators of `agents.offpolicy`, which take
each shown movie as one decision, are exact for it. For later places they are conditional on the list so far, and the
probability of a whole list is the product of its propensities. Greedy lists have propensity 1: they say nothing of
other policies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, IntArray

CANDIDATES = 100
"""Over thousands of movies any one's chance is too small for logs to say anything (see `agents.offpolicy`)."""
STEPS = 40
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Listed:
    """`places` (k,) among the candidates, in the order of the list; `propensities` (k,)."""

    places: IntArray
    propensities: Floats


@dataclass(frozen=True)
class Chance:
    """The stochastic policy: `rng` draws, the best candidate comes first with probability `first_share`."""

    rng: np.random.Generator
    first_share: float = 0.2


def choose(
    scores: FloatArray,
    k: int,
    *,
    directions: FloatArray | None = None,
    diversity: float = 0.0,
    chance: Chance | None = None,
) -> Listed:
    """At most `k` of candidates with `scores` (c,), best first and finite. `directions` (c, d): unit vectors or 0."""
    k = min(k, len(scores))
    if k == 0:
        return Listed(np.empty(0, dtype=np.int64), np.empty(0))
    if chance is None and not diversity:
        return Listed(np.arange(k), np.ones(k))
    values = standardized(scores)
    temperature = temperature_for(values, chance.first_share) if chance else 0.0
    if not diversity and chance:
        return _plackett_luce(values / temperature, k, chance.rng)
    assert directions is not None
    return _one_by_one(values, k, directions, diversity / max(1 - diversity, 1e-6), temperature, chance)


def standardized(scores: FloatArray) -> Floats:
    """Of mean 0 and deviation 1; zeros where all are the same."""
    values = scores.astype(np.float64)
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))


def temperature_for(values: Floats, first_share: float) -> float:
    """T at which the highest of `values` (c,) has the probability `first_share`, by bisection of its logarithm.

    Where that cannot be (there are fewer than 1 / first_share candidates, or all are the same) it is the nearest.
    """
    below = values - values.max()
    low, high = np.log(1e-4), np.log(1e4)
    for _ in range(STEPS):
        middle = (low + high) / 2
        share = 1 / np.exp(below / np.exp(middle)).sum()
        low, high = (middle, high) if share > first_share else (low, middle)
    return float(np.exp((low + high) / 2))


def _plackett_luce(logits: Floats, k: int, rng: np.random.Generator) -> Listed:
    """Drawn all at once: the k highest of logits + Gumbel noise are a Plackett-Luce sample (Yellott, 1977)."""
    drawn = np.argsort(-(logits + rng.gumbel(size=len(logits))), kind="stable")
    weights = np.exp(logits - logits.max())[drawn]
    left = np.cumsum(weights[::-1])[::-1]  # at each place: the weight of what had not been listed yet
    return Listed(drawn[:k].astype(np.int64), np.clip(weights[:k] / left[:k], np.finfo(float).tiny, 1.0))


def _one_by_one(
    values: Floats, k: int, directions: FloatArray, penalty: float, temperature: float, chance: Chance | None
) -> Listed:
    left = values.copy()
    likeness = np.zeros(len(values))
    places, propensities = np.empty(k, dtype=np.int64), np.ones(k)
    for place in range(k):
        worth = left - penalty * likeness
        if chance is None:
            chosen = int(np.argmax(worth))
        else:
            weights = np.exp((worth - worth.max()) / temperature)
            sums = np.cumsum(weights)
            chosen = int(np.searchsorted(sums, chance.rng.random() * sums[-1], side="right"))
            propensities[place] = max(weights[chosen] / sums[-1], np.finfo(float).tiny)
        places[place] = chosen
        left[chosen] = -np.inf
        likeness = np.maximum(likeness, directions @ directions[chosen])
    return Listed(places, propensities)
