"""What every watch over a training run does: notes the losses, looks when it is time, stops a run that diverges."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from recsys_assets.progress import Progress


class HasSteps(Protocol):
    @property
    def steps(self) -> int: ...


class Looking(BaseCallback):
    """Looks every `every` steps, the first time before any learning. `bound`: what no Q-value can pass."""

    looks: Sequence[HasSteps]

    def __init__(self, *, every: int, bound: float, progress: Progress) -> None:
        super().__init__()
        self.every, self.bound, self.progress = every, bound, progress
        self.stopped = ""
        self._losses: list[float] = []
        self._largest = 0.0

    @abstractmethod
    def look(self) -> None:
        """Play, judge, and add to `looks`."""

    def _on_rollout_start(self) -> None:
        """Between an update and the next step: a state that a killed run can go on from."""
        self._note()
        due = self.looks[-1].steps + self.every if self.looks else 0
        if self.num_timesteps >= due and not self.stopped:
            self.look()

    def _on_step(self) -> bool:
        return not self.stopped

    def noted(self) -> tuple[float, float]:
        """Mean loss and largest |Q| since they were asked for last."""
        loss = float(np.mean(self._losses)) if self._losses else float("nan")
        largest, self._losses, self._largest = self._largest, [], 0.0
        return loss, largest

    def _note(self) -> None:
        values = self.model.logger.name_to_value
        if "train/loss" not in values:
            return
        largest = float(values["train/max_q"])
        self._losses.append(float(values["train/loss"]))
        self._largest = max(self._largest, largest)
        if not np.isfinite(largest) or largest > self.bound:
            self.stopped = (
                f"stopped at step {self.num_timesteps:,}: a Q-value of {largest:.1f}, and no session returns more than "
                f"{self.bound:.1f}; lower learning_rate or raise target_every"
            )
            self.progress(f"dqn: {self.stopped}")
