"""The inner validation of the hybrid: what is held out, how scores are combined, which weights rank best."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.ranking import hide, top_k

CUTOFF = 10
"""NDCG at this many."""
COARSE_STEPS = 4
"""First all weights in quarters, then moves of an eighth, a sixteenth and a thirty-second between two parts."""
FINE_STEPS = (1 / 8, 1 / 16, 1 / 32)
NO_CANDIDATE = 10.0
"""Score by which movies that are no candidates stay behind those that are: two rating scales."""


@dataclass(frozen=True)
class Split:
    """Each user's history in two, the later part held out."""

    train: Histories
    held: Histories


def hold_out(histories: Histories, *, share: float, seed: int) -> Split:
    """Hold out the last `share` of each user's ratings, at least one where there are two.

    Equal times are ordered by a seeded random key, not by id, so that nothing but time decides.
    """
    n, rows = histories.lengths, histories.rows
    order = np.lexsort((np.random.default_rng(seed).random(len(rows)), histories.timestamps, rows))
    held = np.where(n >= 2, np.clip(np.round(share * n), 1, np.maximum(n - 1, 1)), 0)
    late = np.arange(len(rows)) - histories.indptr[rows] >= (n - held)[rows]

    def of(chosen: IntArray) -> Histories:
        columns = histories.movies[chosen], histories.ratings[chosen], histories.timestamps[chosen]
        return Histories.from_columns(rows[chosen], len(n), *columns)

    return Split(of(order[~late]), of(order[late]))


def standardized(scores: FloatArray) -> FloatArray:
    """Each row of scores (n, n_movies) with mean 0 and standard deviation 1."""
    spread = np.maximum(scores.std(axis=1, keepdims=True), 1e-9)
    return ((scores - scores.mean(axis=1, keepdims=True)) / spread).astype(np.float32)


def standardized_unseen(scores: FloatArray, seen: Histories) -> FloatArray:
    """Each row of scores (n, n_movies) less the mean and over the deviation of its unseen movies.

    Some models score what a user has seen far above all else, which would shrink the rest.
    """
    unseen = np.ones(scores.shape, dtype=bool)
    unseen[seen.rows, seen.movies] = False
    count = np.maximum(unseen.sum(axis=1, keepdims=True), 1)
    mean = scores.sum(axis=1, keepdims=True, where=unseen) / count
    found = scores - mean
    spread = np.sqrt(np.square(found).sum(axis=1, keepdims=True, where=unseen) / count)
    found /= np.maximum(spread, 1e-9)
    return found.astype(np.float32)


def blended(parts: list[FloatArray], weights: FloatArray) -> FloatArray:
    """Weighted sum of standardized scores (n, n_movies) of each part."""
    total = np.zeros_like(parts[0])
    for scores, weight in zip(parts, weights, strict=True):
        if weight:
            total += np.float32(weight) * scores
    return total


def reranked(generator: FloatArray, ranker: FloatArray, seen: Histories, n: int) -> FloatArray:
    """`ranker` for the `n` best unseen movies of `generator`, and below them `generator`."""
    unseen = generator.copy()
    hide(unseen, seen)
    index, _ = top_k(unseen, n)
    rows, places = np.nonzero(index >= 0)
    scores = generator - np.float32(NO_CANDIDATE)
    scores[rows, index[rows, places]] = ranker[rows, index[rows, places]]
    return scores


@dataclass(frozen=True)
class Search:
    """Validation of rankings of some users against what they rated next."""

    users: IntArray
    """(n,) index of each validation user."""
    train: Histories
    relevant: NDArray[np.int64]
    """Sorted keys `row * 2^32 + movie` of what is held out."""
    ideal: NDArray[np.float64]
    """(n,) the DCG of a perfect list."""

    @classmethod
    def of(cls, split: Split, *, n_users: int, seed: int) -> Self:
        """At most `n_users` of those with something held out."""
        able = np.flatnonzero(split.held.lengths)
        users = np.sort(np.random.default_rng(seed).permutation(able)[:n_users])
        held = split.held.take(users)
        ideal = np.cumsum(_discounts())[np.minimum(held.lengths, CUTOFF) - 1]
        return cls(users, split.train.take(users), np.sort((held.rows << 32) + held.movies), ideal)

    def ndcg(self, scores: FloatArray) -> float:
        """Mean NDCG@10 of scores (n, n_movies), seen movies left out."""
        masked = scores.copy()
        hide(masked, self.train)
        index, _ = top_k(masked, CUTOFF)
        hits = np.isin((np.arange(len(index))[:, None] << 32) + index, self.relevant) & (index >= 0)
        return float((hits @ _discounts() / self.ideal).mean())

    def best_weights(self, parts: list[FloatArray]) -> tuple[FloatArray, float]:
        """Convex weights (n_parts,) with the highest NDCG@10 found, and that NDCG."""
        found = {w: self._value(parts, w) for w in _simplex(len(parts), COARSE_STEPS)}
        for step in FINE_STEPS:
            while True:
                best = max(found, key=lambda w: found[w])
                moved = [w for w in _moves(best, step) if w not in found]
                found |= {w: self._value(parts, w) for w in moved}
                if all(found[w] <= found[best] for w in moved):
                    break
        best = max(found, key=lambda w: found[w])
        return np.array(best, dtype=np.float32), found[best]

    def _value(self, parts: list[FloatArray], weights: tuple[float, ...]) -> float:
        return self.ndcg(blended(parts, np.array(weights, dtype=np.float32)))


def _discounts() -> NDArray[np.float64]:
    return 1 / np.log2(np.arange(2, CUTOFF + 2))


def _simplex(n: int, steps: int) -> list[tuple[float, ...]]:
    """All weights of `n` parts that are multiples of 1 / steps and add up to 1."""
    bars = combinations(range(steps + n - 1), n - 1)
    return [tuple((b - a - 1) / steps for a, b in zip((-1, *bar), (*bar, steps + n - 1), strict=True)) for bar in bars]


def _moves(weights: tuple[float, ...], step: float) -> list[tuple[float, ...]]:
    """`weights` with `step` moved from one part to another."""
    moved = []
    for giver, taker in permutations(range(len(weights)), 2):
        if weights[giver] >= step:
            delta = dict.fromkeys(range(len(weights)), 0.0) | {giver: -step, taker: step}
            moved.append(tuple(w + delta[i] for i, w in enumerate(weights)))
    return moved
