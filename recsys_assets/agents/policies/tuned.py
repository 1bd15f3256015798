"""The rivals that are tuned by simulation: greedy on the belief, with weights beside the expected rating.

The one that counts has a weight each for popularity, doubt and variety; the plain heuristic has one, for variety.

The cross-entropy method (Rubinstein, 1999) on validation users: draw weights, keep the best quarter by mean return,
draw anew around them. Every draw meets the same people and the same chances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.policies.simple import BeliefPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent


class TuningConfig(BaseModel, extra="forbid", frozen=True):
    """How long the search is."""

    rounds: PositiveInt = 5
    draws: PositiveInt = 20
    seeds: PositiveInt = 5
    """Sessions of each validation user."""


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
    """The best weights found on validation users in simulator A, those of the start among them.

    `tuned`: names of the weights that are searched for; the others stay 0.
    """
    config = config or TuningConfig()
    rng = np.random.default_rng(seed)
    free = np.isin(ALL, tuned)
    mean, spread = free * START, free * SPREAD
    best: tuple[float, np.ndarray] = (-np.inf, mean)
    sessions = setting.sessions(setting.simulator_a("validation"))
    users = np.arange(len(sessions.known))
    for number in range(config.rounds):
        drawn = np.maximum(0, mean + spread * rng.normal(size=(config.draws, len(ALL))))
        drawn[0] = best[1]
        seeds = np.arange(config.seeds)
        values = [rollout(_policy(setting, w), sessions, users, seeds=seeds).returns.mean() for w in drawn]
        order = np.argsort(values)[::-1]
        best = (float(values[order[0]]), drawn[order[0]])
        chosen = drawn[order[: max(2, config.draws // 4)]]
        mean, spread = chosen.mean(axis=0), free * (chosen.std(axis=0) + 0.05)
        progress(f"greedy, {', '.join(tuned)} tuned: round {number + 1}/{config.rounds}, return {best[0]:.3f}")
    return Weights(*(round(float(w), 4) for w in best[1]))


def _policy(setting: AgentSetting, weights: np.ndarray) -> BeliefPolicy:
    return belief_policy(setting, Weights(*map(float, weights)))


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
