"""The rivals that are tuned by simulation: greedy on the belief, with weights beside the expected rating.

The one that counts has a weight each for popularity, doubt and variety; the plain heuristic has one, for variety.

The cross-entropy method (Rubinstein, 1999): draw weights, keep the best quarter by mean return, draw anew around them.
Every draw meets the same people and the same chances; returns are expected ones (`environments.expected`), which differ
less by luck. People are training users in cross-fitted worlds (`crossfit`): of ml-latest-small six times as many as
validation users, who are left to choose checkpoints alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from pydantic import BaseModel, Field, PositiveInt

from recsys_assets.agents.crossfit import FOLDS, crossfitted
from recsys_assets.agents.environments.expected import PatientSessions, expected_returns
from recsys_assets.agents.policies.simple import BeliefPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, IntArray


class TuningConfig(BaseModel, extra="forbid", frozen=True):
    """How long the search is."""

    rounds: PositiveInt = 5
    draws: int = Field(default=16, ge=2)
    seeds: PositiveInt = 1
    """Sessions of each person."""
    people: PositiveInt = 500
    """Training users that are asked, at most."""


@dataclass(frozen=True)
class Weights:
    """Of `BeliefPolicy`, in stars."""

    popularity: float
    doubt: float
    variety: float


ALL = tuple(field.name for field in fields(Weights))
ONE = ("variety",)
"""Weights that are tuned: of the rival that counts, and of the heuristic."""
START = np.array([1.0, 0.2, 1.5])
SPREAD = np.array([1.0, 0.4, 1.0])
"""Of the first draws, in the order of `ALL`."""


def tune_belief_policy(
    setting: AgentSetting,
    config: TuningConfig | None = None,
    *,
    seed: int,
    tuned: Sequence[str] = ALL,
    progress: Progress = silent,
) -> Weights:
    """The best weights found on training users in cross-fitted worlds of simulator A, those of the start among them.

    `tuned`: names of the weights that are searched for; the others stay 0.
    """
    config = config or TuningConfig()
    rng = np.random.default_rng(seed)
    free = np.isin(ALL, tuned)
    mean, spread = free * START, free * SPREAD
    best: tuple[float, np.ndarray] = (-np.inf, mean)
    worlds = [_World.of(fold, config) for fold in crossfitted(setting)]
    for number in range(config.rounds):
        drawn = np.maximum(0, mean + spread * rng.normal(size=(config.draws, len(ALL))))
        drawn[0], drawn[1] = best[1], mean
        values = [np.concatenate([world.returns(w) for world in worlds]).mean() for w in drawn]
        order = np.argsort(values)[::-1]
        best = (float(values[order[0]]), drawn[order[0]])
        chosen = drawn[order[: max(2, config.draws // 4)]]
        mean, spread = chosen.mean(axis=0), free * (chosen.std(axis=0) + 0.05)
        progress(f"greedy, {', '.join(tuned)} tuned: round {number + 1}/{config.rounds}, return {best[0]:.3f}")
    return Weights(*(round(float(w), 4) for w in best[1]))


@dataclass(frozen=True)
class _World:
    """A fold of training users before sessions."""

    setting: AgentSetting
    sessions: PatientSessions
    users: IntArray
    seeds: IntArray

    @classmethod
    def of(cls, fold: AgentSetting, config: TuningConfig) -> _World:
        """Of all folds together, `config.people` users: each gives its share, spread over its users."""
        sessions = PatientSessions(fold.simulator_a("train"), fold.model, fold.config.rewards)
        n = len(sessions.known)
        users = np.unique(np.linspace(0, n - 1, min(n, max(1, config.people // FOLDS))).astype(np.int64))
        return cls(fold, sessions, users, np.arange(config.seeds))

    def returns(self, weights: np.ndarray) -> FloatArray:
        policy = belief_policy(self.setting, Weights(*map(float, weights)))
        return expected_returns(policy, self.sessions, self.users, seeds=self.seeds).mean(axis=0)


def belief_policy(setting: AgentSetting, weights: Weights, *, name: str = "greedy, tuned re-ranker") -> BeliefPolicy:
    """The policy of these weights."""
    return BeliefPolicy(
        setting.world,
        name=name,
        model=setting.model,
        popularity=weights.popularity,
        doubt=weights.doubt,
        variety=weights.variety,
    )
