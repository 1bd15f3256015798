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
COARSE_STEPS, MANY_PARTS, COARSER_STEPS = 4, 6, 2
"""First all weights in quarters, in halves for six parts or more, then moves of smaller shares between two parts."""
FINE_STEPS = (1 / 8, 1 / 16, 1 / 32)
CONTENDERS = 100
"""Weights are searched among each user's best so many unseen movies of every part."""
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
        return cls.among(split, np.sort(np.random.default_rng(seed).permutation(able)[:n_users]))

    @classmethod
    def among(cls, split: Split, users: IntArray) -> Self:
        """Of these users, who have something held out."""
        held = split.held.take(users)
        ideal = np.cumsum(_discounts())[np.minimum(held.lengths, CUTOFF) - 1]
        return cls(users, split.train.take(users), np.sort((held.rows << 32) + held.movies), ideal)

    def ndcg(self, scores: FloatArray) -> float:
        """Mean NDCG@10 of scores (n, n_movies), seen movies left out."""
        return float(self.gains(self.lists(scores)).mean())

    def lists(self, scores: FloatArray, k: int = CUTOFF) -> IntArray:
        """Movies (n, k) of the highest scores (n, n_movies), seen movies left out; -1 where fewer remain."""
        masked = scores.copy()
        hide(masked, self.train)
        return top_k(masked, k)[0]

    def hits(self, lists: IntArray) -> NDArray[np.bool_]:
        """(n, k) True where a listed movie is one to be found."""
        found: NDArray[np.bool_] = np.isin((np.arange(len(lists))[:, None] << 32) + lists, self.relevant)
        return found & (lists >= 0)

    def gains(self, lists: IntArray) -> NDArray[np.float64]:
        """NDCG@10 (n,) of each user's list of ten."""
        gains: NDArray[np.float64] = self.hits(lists) @ _discounts() / self.ideal
        return gains

    def best_weights(self, parts: list[FloatArray]) -> tuple[FloatArray, float]:
        """Convex weights (n_parts,) with the highest NDCG@10 found, and that NDCG, of standardized scores.

        The search looks at `CONTENDERS` only, which is exact for a part alone; what it finds is scored on all movies.
        """
        narrow = _Contenders.of(self, parts)
        found = {w: narrow.ndcg(w) for w in _simplex(len(parts), _coarse_steps(len(parts)))}
        for step in FINE_STEPS:
            while True:
                best = max(found, key=lambda w: found[w])
                moved = [w for w in _moves(best, step) if w not in found]
                found |= {w: narrow.ndcg(w) for w in moved}
                if all(found[w] <= found[best] for w in moved):
                    break
        alone = [w for w in found if max(w) == 1]
        finalists = [max(found, key=lambda w: found[w]), max(alone, key=lambda w: found[w])]
        exact = {w: self.ndcg(blended(parts, np.array(w, dtype=np.float32))) for w in finalists}
        best = max(exact, key=lambda w: exact[w])
        return np.array(best, dtype=np.float32), exact[best]


@dataclass(frozen=True)
class _Contenders:
    """The movies that may come to the top of a blend, and each part's scores of them."""

    parts: FloatArray
    """(n_parts, n, c) scores; -inf where a movie is there twice or there are fewer."""
    hits: NDArray[np.bool_]
    """(n, c) True where the movie is one to be found."""
    ideal: NDArray[np.float64]

    @classmethod
    def of(cls, search: Search, parts: list[FloatArray]) -> Self:
        movies = np.sort(np.concatenate([search.lists(scores, CONTENDERS) for scores in parts], axis=1), axis=1)
        vain = movies < 0
        vain[:, 1:] |= movies[:, 1:] == movies[:, :-1]
        scores = np.stack([np.take_along_axis(part, np.maximum(movies, 0), axis=1) for part in parts])
        return cls(np.where(vain, np.float32(-np.inf), scores), search.hits(movies), search.ideal)

    def ndcg(self, weights: tuple[float, ...]) -> float:
        total = np.zeros_like(self.parts[0])
        for scores, weight in zip(self.parts, weights, strict=True):
            if weight:
                total += np.float32(weight) * scores
        places, values = top_k(total, CUTOFF)
        hits = np.take_along_axis(self.hits, np.maximum(places, 0), axis=1) & np.isfinite(values)
        return float((hits @ _discounts()[: hits.shape[1]] / self.ideal).mean())


def _discounts() -> NDArray[np.float64]:
    return 1 / np.log2(np.arange(2, CUTOFF + 2))


def _coarse_steps(n: int) -> int:
    return COARSE_STEPS if n < MANY_PARTS else COARSER_STEPS


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
