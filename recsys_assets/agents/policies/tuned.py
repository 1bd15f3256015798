"""The rival that counts: greedy on the belief with weights for popularity, variety and doubt, tuned by simulation.

The cross-entropy method (Rubinstein, 1999) on validation users: draw weights, keep the best quarter by mean return,
draw anew around them. Every draw meets the same people and the same chances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.policies.simple import BeliefPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent

START = np.array([1.0, 0.2, 1.5])
SPREAD = np.array([1.0, 0.4, 1.0])


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


def tune_belief_policy(
    setting: AgentSetting, config: TuningConfig | None = None, *, seed: int, progress: Progress = silent
) -> Weights:
    """The best weights found on validation users in simulator A, those of the start among them."""
    config = config or TuningConfig()
    rng = np.random.default_rng(seed)
    mean, spread = START, SPREAD
    best: tuple[float, np.ndarray] = (-np.inf, START)
    sessions = setting.sessions(setting.simulator_a("validation"))
    users = np.arange(len(sessions.known))
    for number in range(config.rounds):
        drawn = np.maximum(0, mean + spread * rng.normal(size=(config.draws, len(mean))))
        drawn[0] = best[1]
        seeds = np.arange(config.seeds)
        values = [rollout(_policy(setting, w), sessions, users, seeds=seeds).returns.mean() for w in drawn]
        order = np.argsort(values)[::-1]
        best = (float(values[order[0]]), drawn[order[0]])
        chosen = drawn[order[: max(2, config.draws // 4)]]
        mean, spread = chosen.mean(axis=0), chosen.std(axis=0) + 0.05
        progress(f"tuned re-ranker: round {number + 1}/{config.rounds}, return {best[0]:.3f}")
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
