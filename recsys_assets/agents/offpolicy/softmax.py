"""A policy that can be judged by its logs later: softmax over a short list, with the probability of what it showed.

Over thousands of movies the chance of any one is so small that logs say nothing of another policy; over the best
hundred some thousand decisions are enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.recommenders.data import FloatArray, IntArray

CANDIDATES = 100


@dataclass(frozen=True)
class Choice:
    """Of b moments: candidates (b, k), probability of each (b, k), and which place was taken (b,)."""

    candidates: IntArray
    probabilities: FloatArray
    place: IntArray

    @property
    def movies(self) -> IntArray:
        """(b,) what is shown."""
        return self.candidates[np.arange(len(self.place)), self.place]

    @property
    def propensities(self) -> FloatArray:
        """(b,) probability of it."""
        return self.probabilities[np.arange(len(self.place)), self.place]


def softmax_choice(scores: FloatArray, *, temperature: float, rng: np.random.Generator, k: int = CANDIDATES) -> Choice:
    """One of the `k` highest scores (b, n) each; -inf is never shown. `temperature` in units of the scores, above 0."""
    if temperature <= 0:
        raise ValueError(f"temperature {temperature} gives no chance to anything but the best; it must be above 0")
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    probabilities = softmax(np.take_along_axis(scores, best, axis=1), temperature=temperature)
    drawn = rng.random((len(scores), 1))
    place = np.minimum((np.cumsum(probabilities, axis=1) < drawn).sum(axis=1), k - 1)
    return Choice(best.astype(np.int64), probabilities, place.astype(np.int64))


def softmax(scores: FloatArray, *, temperature: float) -> FloatArray:
    """(b, k) probabilities."""
    scaled = (scores - scores.max(axis=1, keepdims=True)) / temperature
    weights = np.exp(scaled)
    found: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return found
