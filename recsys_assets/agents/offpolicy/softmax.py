"""A policy that can be judged by its logs later: softmax over a short list, with the probability of all it could show.

Over thousands of movies the chance of any one is so small that logs say nothing of another policy; over the best
hundred some thousand decisions are enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.base import hide_known
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

CANDIDATES = 100
Scores = Callable[[FloatArray, np.random.Generator], FloatArray]
"""Of observations (b, width): (b, n_movies)."""


@dataclass(frozen=True)
class Choice:
    """Of b moments: candidates (b, k), probability of each (b, k), and which place was taken (b,)."""

    candidates: IntArray
    probabilities: FloatArray
    places: IntArray

    @property
    def movies(self) -> IntArray:
        """(b,) what is shown."""
        return self.candidates[np.arange(len(self.places)), self.places]

    @property
    def propensities(self) -> FloatArray:
        """(b,) probability of it."""
        return self.probabilities[np.arange(len(self.places)), self.places]


@dataclass
class SoftmaxPolicy:
    """Shows one of the `k` best by `scores`, the likelier the better; those known or shown never.

    `scores`: a `ScoringPolicy`'s, or those of any policy that ranks all movies. `temperature` is in their units.
    """

    name: str
    scores: Scores
    temperature: float
    k: int = CANDIDATES
    known: Histories = field(init=False, repr=False)
    layout: ObservationLayout = field(init=False, repr=False)

    def begin(self, known: Histories, layout: ObservationLayout) -> None:
        self.known, self.layout = known, layout

    def act(self, observations: FloatArray, rng: np.random.Generator) -> IntArray:
        return self.choose(observations, rng).movies

    def choose(self, observations: FloatArray, rng: np.random.Generator) -> Choice:
        """What is shown, beside all that could have been."""
        return softmax_choice(self._allowed(observations, rng), temperature=self.temperature, rng=rng, k=self.k)

    def chances(self, observations: FloatArray, candidates: IntArray, rng: np.random.Generator) -> FloatArray:
        """(b, c) probability with which this policy shows each of `candidates` (b, c), 0 where -1."""
        best, probabilities = shortlist(self._allowed(observations, rng), temperature=self.temperature, k=self.k)
        n = int(max(candidates.max(initial=0), best.max(initial=0))) + 1
        every = np.zeros((len(best), n), dtype=np.float32)
        np.put_along_axis(every, best, probabilities, axis=1)
        found: FloatArray = np.take_along_axis(every, np.maximum(candidates, 0), axis=1) * (candidates >= 0)
        return found

    def _allowed(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        scores = np.array(self.scores(observations, rng), dtype=np.float32)
        hide_known(scores, observations, self.known, self.layout)
        return scores


def softmax_choice(scores: FloatArray, *, temperature: float, rng: np.random.Generator, k: int = CANDIDATES) -> Choice:
    """One of the `k` highest scores (b, n) each; -inf is never shown. `temperature` in units of the scores, above 0."""
    best, probabilities = shortlist(scores, temperature=temperature, k=k)
    sums = np.cumsum(probabilities, axis=1, dtype=np.float64)
    drawn = rng.random((len(scores), 1)) * sums[:, -1:]
    places = (sums <= drawn).sum(axis=1)  # a place of probability 0 adds nothing, so that none is ever drawn
    return Choice(best, probabilities, places.astype(np.int64))


def shortlist(scores: FloatArray, *, temperature: float, k: int = CANDIDATES) -> tuple[IntArray, FloatArray]:
    """The `k` highest of scores (b, n), in no order, and their probabilities (b, k)."""
    if temperature <= 0:
        raise ValueError(f"temperature {temperature} gives no chance to anything but the best; it must be above 0")
    k = min(k, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k].astype(np.int64)
    return best, softmax(np.take_along_axis(scores, best, axis=1), temperature=temperature)


def softmax(scores: FloatArray, *, temperature: float) -> FloatArray:
    """(b, k) probabilities."""
    scaled = (scores - scores.max(axis=1, keepdims=True)) / temperature
    weights = np.exp(scaled)
    found: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return found
