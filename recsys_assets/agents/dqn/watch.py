"""Looks at validation users now and then, keeps the best agent, writes checkpoints, and stops a run that diverges."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from recsys_assets.agents.dqn.algorithm import DoubleDQN
from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.curves import Look
from recsys_assets.agents.dqn.looking import Looking
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.environments.expected import PatientSessions, expected_returns
from recsys_assets.progress import Progress
from recsys_assets.recommenders.data import FloatArray, IntArray

FIRST_SEED = 10_000
"""Of validation sessions' draws: the same in every look."""


class Watch(Looking):
    """`keep` is called after each look, to write a checkpoint. The first look is at the start, before any learning."""

    def __init__(
        self,
        sessions: PatientSessions,
        config: DqnConfig,
        *,
        bound: float,
        progress: Progress,
        keep: Callable[[Watch], None] | None = None,
    ) -> None:
        super().__init__(every=config.evaluate_every, bound=bound, progress=progress)
        self.sessions, self.config, self.keep = sessions, config, keep
        self.users = np.arange(len(sessions.known))
        self.seeds = np.arange(FIRST_SEED, FIRST_SEED + config.evaluation_seeds)
        self.looks: list[Look] = []
        self.start_returns: FloatArray
        self.best: QPolicy
        self._began, self._from = time.monotonic(), 0

    @property
    def best_look(self) -> Look:
        return max(self.looks, key=lambda look: look.mean_return)

    def _on_training_start(self) -> None:
        self._began, self._from = time.monotonic(), self.num_timesteps

    def look(self) -> None:
        """Play validation users' sessions, the greedy way."""
        assert isinstance(self.model, DoubleDQN)
        policy = QPolicy.of(self.model.q_net)
        counted = _Counting(policy)
        returns = expected_returns(counted, self.sessions, self.users, seeds=self.seeds).mean(axis=0)
        if not self.looks:
            self.start_returns = returns
        difference = returns - self.start_returns
        found = Look(
            self.num_timesteps,
            float(returns.mean()),
            float(difference.std() / len(difference) ** 0.5),
            *self.noted(),
            self.model.exploration_rate if self.num_timesteps else self.config.epsilon[0],  # SB3 begins at 0
            self.model.policy.optimizer.param_groups[0]["lr"],
            self._recent(),
            counted.changed / max(1, counted.steps),
        )
        if not self.looks or found.mean_return > self.best_look.mean_return:
            self.best = policy
        self.looks.append(found)
        self._say(found)
        if self.keep:
            self.keep(self)

    def _recent(self) -> float:
        recent = [episode["r"] for episode in self.model.ep_info_buffer or []]
        return float(np.mean(recent)) if recent else float("nan")

    def _say(self, found: Look) -> None:
        done, spent = found.steps - self._from, time.monotonic() - self._began
        left = f", {spent * (self.config.steps - found.steps) / done:.0f} s left" if done else ""
        self.progress(
            f"dqn: step {found.steps:,}/{self.config.steps:,}, return of validation users {found.mean_return:.3f} "
            f"(start {self.looks[0].mean_return:.3f}, difference's s.e. {found.error:.3f}), loss {found.loss:.3f}, "
            f"largest |Q| {found.max_q:.1f}, {found.changed:.0%} of choices changed{left}"
        )


class _Counting:
    """A policy that counts how often it departs from its start."""

    def __init__(self, policy: QPolicy) -> None:
        self.policy, self.name, self.changed, self.steps = policy, policy.name, 0, 0

    def begin(self, known: object, layout: object) -> None:
        self.policy.begin(known, layout)  # type: ignore[arg-type]

    def act(self, observations: FloatArray, rng: np.random.Generator) -> IntArray:
        movies, places = self.policy.choose(observations)
        self.changed += int((places != 0).sum())
        self.steps += len(places)
        return movies
