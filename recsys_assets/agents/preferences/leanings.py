"""What somebody leans to, by traits of movies that everyone can name: a normal belief, with a prior from other people.

    r(u, i) = level_i + z_i . y_u + noise,   y_u ~ N(0, diag(S)),   noise ~ N(0, s2)
    z_i = (1, genres, year, renown, level)

A factorization of a few hundred people finds directions that newcomers do not share; genres, age and renown are shared,
and so is how far somebody follows the crowd (the weight of the level). S and s2 by EM over the people of the training
part (random effects: Laird and Ware, 1982). Evidence adds up: sum of z z' / noise and of z (r - level) / noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from recsys_assets.agents.environments.sessions import NOISE_OF_ACT, RATING_OF_ACT
from recsys_assets.agents.preferences.standing import years
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

ROUNDS, MOST_PEOPLE = 25, 5_000
"""Of EM, and the people it looks at: a few dozen variances need no more."""
MIDDLE = 3.5
LEAST_VARIANCE = 1e-4


@dataclass(frozen=True)
class Evidence:
    """Of b people: what ratings and acts say of their leanings. Those of two sources add up."""

    precision: FloatArray
    """(b, w, w)."""
    pull: FloatArray
    """(b, w)."""

    def take(self, rows: IntArray) -> Evidence:
        """Of these rows; row -1 knows nothing."""
        if not len(self.pull):
            width = self.pull.shape[1]
            return Evidence(np.zeros((len(rows), width, width), np.float32), np.zeros((len(rows), width), np.float32))
        there = (rows >= 0).astype(np.float32)
        return Evidence(self.precision[rows] * there[:, None, None], self.pull[rows] * there[:, None])

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(self.precision + other.precision, self.pull + other.pull)


@dataclass(frozen=True)
class Leanings:
    """`traits` (n, w) of the movies, their first column 1; `level` (n,) stars; `prior` (w,) variances; `noise` s2."""

    traits: FloatArray
    level: FloatArray
    prior: FloatArray
    noise: float

    @classmethod
    def fit(cls, histories: Histories, world: World, level: FloatArray) -> Self:
        """Of the people of `histories`, by whom `level` is (`standing.standings`)."""
        traits = _traits(world, level)
        width = traits.shape[1]
        found = cls(traits, level, np.full(width, 0.05, dtype=np.float32), 0.8)
        people = np.flatnonzero(histories.lengths > 0)
        if not len(people):
            return found
        some = histories.take(people[:: -(-len(people) // MOST_PEOPLE)])
        off = some.ratings - level[some.movies]
        unit = found._sums(some, np.ones(len(off)))
        prior, noise, squares = found.prior.astype(np.float64), found.noise, float(off @ off)
        for _ in range(ROUNDS):
            covariance = np.linalg.inv(unit.precision / noise + np.diag(1 / prior))
            mean = np.einsum("bij,bj->bi", covariance, unit.pull / noise)
            moment = covariance + mean[:, :, None] * mean[:, None, :]
            prior = np.maximum(np.einsum("bii->i", moment) / len(some), LEAST_VARIANCE)
            left = squares - 2 * float((mean * unit.pull).sum()) + float((unit.precision * moment).sum())
            noise = max(left / len(off), LEAST_VARIANCE)
        return cls(traits, level, prior.astype(np.float32), noise)

    @property
    def width(self) -> int:
        return int(self.traits.shape[1])

    def evidence(self, known: Histories, weights: FloatArray | None = None) -> Evidence:
        """Of each history; `weights` (m,) by which its ratings count."""
        unit = self._sums(known, np.ones(len(known.movies)) if weights is None else weights)
        precision, pull = unit.precision / self.noise, unit.pull / self.noise
        return Evidence(precision.astype(np.float32), pull.astype(np.float32))

    def evidence_of_acts(self, shown: IntArray, acts: IntArray) -> Evidence:
        """Of sessions (b, t): movies shown and what was done with each, both -1 where nothing was."""
        there = (shown >= 0) & (acts >= 0)
        movies, done = np.where(there, shown, 0), np.where(there, acts, 0)
        weight = np.where(there, 1 / NOISE_OF_ACT[done], 0).astype(np.float32) / self.noise
        z = self.traits[movies]
        heavy = z * weight[:, :, None]
        pull = np.einsum("btw,bt->bw", heavy, RATING_OF_ACT[done] - self.level[movies])
        return Evidence(np.matmul(heavy.transpose(0, 2, 1), z), pull)

    def believe(self, evidence: Evidence) -> FloatArray:
        """(b, w) posterior means, stars of a trait."""
        if not len(evidence.pull):
            return np.zeros((0, self.width), dtype=np.float32)
        precision = evidence.precision + np.diag(1 / self.prior)
        mean: FloatArray = np.linalg.solve(precision, evidence.pull[:, :, None])[:, :, 0].astype(np.float32)
        return mean

    def _sums(self, known: Histories, weights: FloatArray | np.ndarray) -> Evidence:
        """Sums of z z' and z (r - level) over each history, as products with sparse matrices."""
        shape, z = (len(known), len(self.level)), self.traits.astype(np.float64)
        seen = sparse.csr_matrix((np.asarray(weights, dtype=np.float64), known.movies, known.indptr), shape=shape)
        off = (known.ratings - self.level[known.movies]) * weights
        pulled = sparse.csr_matrix((off.astype(np.float64), known.movies, known.indptr), shape=shape)
        outer = (z[:, :, None] * z[:, None, :]).reshape(len(z), -1)
        return Evidence((seen @ outer).reshape(len(known), self.width, self.width), pulled @ z)


def _traits(world: World, level: FloatArray) -> FloatArray:
    own = [years(world.catalogue), 2 * world.popularity - 1, level - MIDDLE]
    found: FloatArray = np.concatenate(
        [np.ones((len(world), 1)), world.directions, np.stack(own, axis=1)], axis=1
    ).astype(np.float32)
    return found
