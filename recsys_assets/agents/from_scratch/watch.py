"""Looks at validation users now and then, the same sessions each time: keeps the best, stops a run that diverges."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.dqn.looking import Looking
from recsys_assets.agents.from_scratch.columns import Columns
from recsys_assets.agents.from_scratch.config import ScratchConfig
from recsys_assets.agents.from_scratch.learner import MaskedDQN
from recsys_assets.progress import Progress
from recsys_assets.recommenders.data import FloatArray, IntArray

Act = Callable[[FloatArray, np.ndarray], IntArray]
"""Movies (b,) for observations (b, width) and masks (b, n) of what may be shown."""
JUDGED = 2
"""Of the seeds of who comes: another than training's, also where people are made up."""


@dataclass(frozen=True)
class ScratchLook:
    """The greedy policy after so many steps; `reward`: of a shown movie, on average."""

    steps: int
    reward: float
    error: float
    """Standard error of its difference to the better of chance and the most rated, over the same sessions."""
    loss: float
    max_q: float
    epsilon: float


def play(columns: Columns, act: Act, size: tuple[int, int], seed: int) -> FloatArray:
    """Mean reward of a shown movie (b,) in each of b columns; everyone of the same `seed` meets the same people."""
    sessions, steps = size
    observations, total = columns.begin(sessions, seed * 10 + JUDGED), np.zeros(sessions, dtype=np.float32)
    for _ in range(steps):
        _, observations, rewards, _ = columns.step(act(observations, columns.allowed()))
        total += rewards
    mean: FloatArray = (total / steps).astype(np.float32)
    return mean


class ScratchWatch(Looking):
    """Looks at validation users now and then, keeps the best network, and stops a run that diverges."""

    def __init__(
        self,
        judged: Columns,
        config: ScratchConfig,
        bar: FloatArray,
        *,
        seed: int,
        progress: Progress,
        bound: float,
    ) -> None:
        """`bar` (b,): what the better rival earned in the sessions of a look."""
        super().__init__(every=config.evaluate_every, bound=bound, progress=progress)
        self.bar, self.judged, self.config, self.seed = bar, judged, config, seed
        self.looks: list[ScratchLook] = []
        self.best: dict[str, FloatArray] = {}
        self._began = time.monotonic()

    def look(self) -> None:
        """Play validation users' sessions, the greedy way."""
        assert isinstance(self.model, MaskedDQN)
        earned = play(self.judged, self.model.greedy, self.config.judged, self.seed)
        reward, error = float(earned.mean()), float((earned - self.bar).std() / len(earned) ** 0.5)
        if not self.looks or reward > max(look.reward for look in self.looks):
            state = self.model.q_net.state_dict()
            self.best = {name: values.cpu().numpy().copy() for name, values in state.items()}
        loss, largest = self.noted()
        epsilon = self.model.exploration_rate if self.num_timesteps else self.config.epsilon[0]  # SB3 begins at 0
        found = ScratchLook(self.num_timesteps, reward, error, loss, largest, epsilon)
        self.looks.append(found)
        spent = time.monotonic() - self._began
        left = spent * (self.config.steps - found.steps) / found.steps if found.steps else 0.0
        self.progress(
            f"dqn: step {found.steps:,}/{self.config.steps:,}, reward of a movie {reward:.3f}, loss {loss:.3f}, "
            f"largest |Q| {found.max_q:.1f}" + (f", {left:.0f} s left" if left > 0 else "")
        )
