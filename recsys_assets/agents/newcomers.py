"""Newcomers who name genres: the agent's first list for a taste that is believed from what they said.

A genre g that is named counts as an observation of the taste x: that the average movie of g is liked `STATED` stars
more than the average movie,

    (mean a over movies of g - mean a over all movies) . x = STATED + noise,        means weighted by popularity

with the prior and the movies' a of `tastes`, so that it changes what is believed of every movie, not of g's alone.
Movies of none of the genres are left out. Whoever names none is shown the weighted rating, as by every model; whoever
rates a few movies is no newcomer any more: they are folded in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.tastes import Beliefs, TasteModel
from recsys_assets.recommenders.accounts import Accounts, Summand, together
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.newcomers import Newcomers

STATED, STATED_NOISE = 1.0, 0.1
"""Stars by which a genre is taken to be liked more than others, and the variance of that."""


@dataclass(frozen=True)
class AgentNewcomers(Newcomers):
    """`Newcomers` whose genres are answered by the agent."""

    policy: QPolicy
    taste: TasteModel

    @classmethod
    def beside(cls, newcomers: Newcomers, policy: QPolicy, taste: TasteModel) -> Self:
        kept = {field.name: getattr(newcomers, field.name) for field in fields(Newcomers)}
        return cls(**kept, policy=policy, taste=taste)

    def within(self, genres: Sequence[str]) -> FloatArray:
        """Q (n_movies,) for the taste that the genres speak of, -inf for movies of none; all movies where empty."""
        named = self.genres.named(genres)
        if not named:
            return super().within(genres)
        of_any = np.any([self.genres.row(genre) for genre in named], axis=0)
        return np.where(of_any, self._values(named), -np.inf).astype(np.float32)

    def accounts(self, movies: IntArray, genres: Sequence[str]) -> Accounts:
        named = self.genres.named(genres)
        if not named:
            return super().accounts(movies, genres)
        of_any = np.any([self.genres.row(genre)[movies] for genre in named], axis=0)
        inside, outside = np.flatnonzero(of_any), np.flatnonzero(~of_any)
        told = [self._accounts_within(movies[inside], named).spread(inside, len(movies))]
        if len(outside):
            told.append(super().accounts(movies[outside], named).spread(outside, len(movies)))
        return together(told)

    def _accounts_within(self, movies: IntArray, named: Sequence[str]) -> Accounts:
        taste = (self.taste.design[movies] @ self.believed(named).mean[0]).astype(np.float64)
        level = self.taste.base[movies].astype(np.float64)
        renown = (self.policy.items.weights[0] * self.policy.items.popularity[movies]).astype(np.float64)
        return Accounts(
            (
                Summand("bias", "how this movie is rated", level),
                Summand("genre", f"what liking {' and '.join(named)} says of their taste", taste),
                Summand("popularity", "known to many", renown),
                Summand("part", LEARNED, self._values(named)[movies] - level - taste - renown),
            )
        )

    def believed(self, named: Sequence[str]) -> Beliefs:
        """Of one person of whom nothing but these genres is known."""
        n, weights = len(self.taste.base), self.policy.items.popularity
        everything = _average(self.taste.design, weights)
        rows = [_average(self.taste.design, weights * self.genres.row(genre)) - everything for genre in named]
        stated = replace(
            self.taste,
            design=np.concatenate([self.taste.design, np.stack(rows)]).astype(np.float32),
            base=np.concatenate([self.taste.base, np.zeros(len(rows), dtype=np.float32)]),
        )
        beliefs, noise = stated.start(1), np.array([STATED_NOISE], dtype=np.float32)
        for place in range(len(rows)):
            said = np.array([STATED], dtype=np.float32)
            beliefs = stated.update(beliefs, np.array([n + place]), said, noise=noise)
        return beliefs

    def _values(self, named: Sequence[str]) -> FloatArray:
        beliefs = self.believed(named)
        rows = self.policy.layout.beginning(beliefs.mean, beliefs.deviation, np.zeros(1, dtype=np.int64))
        values: FloatArray = self.policy.ranking(rows, known=nobody())[0]
        return values


LEARNED = "learned in simulated sessions"
"""What is left of a Q-value beside the parts of the supervised start."""


def nobody() -> Histories:
    """No known histories: what a user has seen is masked by the base class."""
    empty = np.zeros(0, dtype=np.int64)
    return Histories(np.zeros(1, dtype=np.int64), empty.astype(np.int32), empty.astype(np.float32), empty)


def _average(design: FloatArray, weights: FloatArray) -> FloatArray:
    average: FloatArray = weights @ design / max(float(weights.sum()), 1e-9)
    return average
