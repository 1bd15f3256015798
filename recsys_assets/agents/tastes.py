"""What is believed of people's tastes: a Gaussian over bias and factors, with the movies' side fixed.

    r(u, i) = base_i + a_i . x_u + noise,    a_i = (1, q_i),  x_u = (b_u, p_u) ~ N(0, S),  noise ~ N(0, s2)

The movies' side, S and s2 come from a variational factorization of training users' ratings (`factorization`). Given
ratings, x_u is Gaussian in closed form, and each further rating changes it by a rank-one step (a Kalman filter that
stands still).

What people think of movies may move after the ratings that tastes come from (`preferences.levels`). `base` is then what
they think now, `then` what it was before `since`: an older rating is brought to today's level before it says something
of a taste, for it was given among people who thought otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.factorization import factorize
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.once import once

BLOCK = 512
"""Users whose covariances are held at once."""
TIMED = 1 << 28
"""Seconds since 1970 from which on a time is one: newcomers' ratings are only numbered, and are of today."""


class TasteConfig(BaseModel, extra="forbid", frozen=True):
    """Of the factorization; defaults chosen by the fold-in error of validation users of ml-latest-small."""

    factors: PositiveInt = 8
    """Length of q: a taste is one number longer."""
    rounds: PositiveInt = 40
    """Updates of both sides."""


class Beliefs(NamedTuple):
    """Of b users: `mean` (b, w) and `covariance` (b, w, w) of (bias, factors), rating points."""

    mean: FloatArray
    covariance: FloatArray

    @property
    def deviation(self) -> FloatArray:
        """(b, w) standard deviation of each number."""
        return np.sqrt(np.maximum(np.diagonal(self.covariance, axis1=1, axis2=2), 0)).astype(np.float32)

    def take(self, rows: IntArray) -> Beliefs:
        return Beliefs(self.mean[rows], self.covariance[rows])


@dataclass(frozen=True)
class TasteModel:
    """The movies' side, and what tastes are like before anything is known."""

    base: FloatArray
    """(n,) rating of a movie by people of average taste."""
    design: FloatArray
    """(n, w) rows a_i."""
    prior: FloatArray
    """(w, w) covariance S."""
    noise: float
    """s2: variance of a rating around what taste says, squared rating points."""
    then: FloatArray | None = None
    """(n,) `base` of ratings from before `since`; None: it has not moved."""
    since: int = 0
    """Seconds since 1970 UTC."""

    @classmethod
    def fit(cls, data: TrainingData, config: TasteConfig | None = None) -> Self:
        """Fit on the users of `data`, and on nobody else."""
        config = config or TasteConfig()
        found = factorize(
            data.histories,
            len(data.movies),
            factors=config.factors,
            rounds=config.rounds,
            seed=data.seed,
            progress=data.progress,
        )
        base = found.mean + found.movies.mean[:, 0]
        design = np.concatenate([np.ones((len(base), 1)), found.movies.mean[:, 1:]], axis=1)
        return cls(
            base.astype(np.float32), design.astype(np.float32), found.users.prior.astype(np.float32), found.noise
        )

    @property
    def width(self) -> int:
        return int(self.design.shape[1])

    @property
    def as_rated(self) -> TasteModel:
        """With the levels that ratings told of, whatever has moved since."""
        return self if self.then is None else replace(self, base=self.then, then=None, since=0)

    @property
    def moved(self) -> FloatArray:
        """(n,) stars by which levels differ from what ratings told of."""
        return np.zeros_like(self.base) if self.then is None else self.base - self.then

    def start(self, n: int) -> Beliefs:
        """Of `n` people of whom nothing is known."""
        return Beliefs(
            np.zeros((n, self.width), dtype=np.float32),
            np.broadcast_to(self.prior.astype(np.float32), (n, self.width, self.width)).copy(),
        )

    def believe(self, histories: Histories, weights: FloatArray | None = None) -> Beliefs:
        """Given all ratings of each history; `weights` (m,): how far each counts, 1 where not given."""
        worth = np.ones(len(histories.movies), dtype=np.float32) if weights is None else weights
        parts = [self._posterior(histories, worth, rows) for rows in _blocks(len(histories))]
        if not parts:
            return self.start(0)
        return Beliefs(np.concatenate([p.mean for p in parts]), np.concatenate([p.covariance for p in parts]))

    def belief_once(self, histories: Histories) -> Beliefs:
        """`believe`; within `one_history`, as it was made before for these very histories."""
        return once(self, "beliefs", histories, lambda: self.believe(histories))

    def update(
        self, beliefs: Beliefs, movies: IntArray, ratings: FloatArray, *, noise: FloatArray | None = None
    ) -> Beliefs:
        """After one more rating each. `movies` (b,); `noise` (b,): its variance, inf where it says nothing."""
        a = self.design[movies]
        variance = np.full(len(movies), self.noise, dtype=np.float32) if noise is None else noise
        spread = np.einsum("bij,bj->bi", beliefs.covariance, a)
        surprise = ratings - self.base[movies] - np.einsum("bi,bi->b", a, beliefs.mean)
        gain = spread / (np.einsum("bi,bi->b", a, spread) + variance)[:, None]
        return Beliefs(
            (beliefs.mean + gain * surprise[:, None]).astype(np.float32),
            (beliefs.covariance - gain[:, :, None] * spread[:, None, :]).astype(np.float32),
        )

    def predict(self, means: FloatArray) -> FloatArray:
        """Expected ratings (b, n) of all movies for means (b, w)."""
        scores: FloatArray = means @ self.design.T + self.base
        return scores

    def rate(self, tastes: FloatArray, movies: IntArray) -> FloatArray:
        """Expected rating (b,) of one movie each."""
        rated: FloatArray = self.base[movies] + np.einsum("bi,bi->b", tastes, self.design[movies])
        return rated

    def shares(self, history: Histories, movies: IntArray) -> FloatArray:
        """(c, r) stars that each rating of one person adds to what is expected of `movies` (c,), beside their base.

        The mean of a belief is linear in the ratings, so these are exact: they sum up to `a_i . x_u`.
        """
        rated = self.design[history.movies]
        residual = (self._today(history).ratings - self.base[history.movies]) / self.noise
        shares: FloatArray = residual * (self.design[movies] @ self.belief_once(history).covariance[0] @ rated.T)
        return shares

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, to be stored with whatever believes by this model."""
        kept = {"base": self.base, "design": self.design, "prior": self.prior, "noise": np.array(self.noise)}
        return kept if self.then is None else kept | {"then": self.then, "since": np.array(self.since)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        then, since = arrays.get("then"), int(arrays.get("since", 0))
        return cls(arrays["base"], arrays["design"], arrays["prior"], float(arrays["noise"]), then, since)

    def _posterior(self, histories: Histories, weights: FloatArray, rows: IntArray) -> Beliefs:
        """Sums over each history as products with a sparse matrix: no loop over users or ratings."""
        taken, n = self._today(histories.take(rows)), len(self.base)
        worth = weights[histories.indptr[rows[0]] : histories.indptr[rows[-1] + 1]]  # blocks are rows in a row
        seen = replace(taken, ratings=worth).matrix(n)
        residual = replace(taken, ratings=worth * (taken.ratings - self.base[taken.movies])).matrix(n)
        if len(rows) == 1:  # a list that is asked for: no squares of movies nobody rated
            rated = self.design[taken.movies]
            gram = (rated.T @ (rated * worth[:, None]))[None] / self.noise
        else:
            outer = (self.design[:, :, None] * self.design[:, None, :]).reshape(len(self.base), -1)
            gram = (seen @ outer).reshape(len(rows), self.width, self.width) / self.noise
        precision = gram + np.linalg.inv(self.prior)
        covariance = np.linalg.inv(precision.astype(np.float64))
        mean = np.einsum("bij,bj->bi", covariance, (residual @ self.design) / self.noise)
        return Beliefs(mean.astype(np.float32), covariance.astype(np.float32))

    def _today(self, histories: Histories) -> Histories:
        """Ratings as they would be given at today's levels."""
        if self.then is None:
            return histories
        old = (histories.timestamps >= TIMED) & (histories.timestamps < self.since)
        moved = np.where(old, (self.base - self.then)[histories.movies], 0)
        return replace(histories, ratings=(histories.ratings + moved).astype(np.float32))


def fold_in_rmse(
    model: TasteModel, known: Histories, hidden: Histories, *, progress: Progress = silent
) -> tuple[float, float]:
    """RMSE on each user's `hidden` ratings given their `known` ones: by taste, and by the movies' own level alone."""
    rows = hidden.rows
    taste = model.rate(model.believe(known).mean[rows], hidden.movies.astype(np.int64))
    level = model.base[hidden.movies]
    by_taste, by_level = (float(np.sqrt(np.mean((hidden.ratings - p) ** 2))) for p in (taste, level))
    progress(f"fold-in RMSE {by_taste:.4f}, movies' level alone {by_level:.4f}, {len(rows):,} ratings")
    return by_taste, by_level


def _blocks(n: int) -> list[IntArray]:
    return [np.arange(start, min(n, start + BLOCK), dtype=np.int64) for start in range(0, n, BLOCK)]
