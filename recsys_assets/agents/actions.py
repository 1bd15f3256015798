"""What people do with a movie they are shown, and what each act is worth."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from pydantic import BaseModel

from recsys_assets.recommenders.data import FloatArray, IntArray


class Act(IntEnum):
    """In falling order of liking; the integer is what observations and logs hold."""

    LIKE = 0
    WATCH = 1
    CLICK = 2
    SKIP = 3
    IGNORE = 4


N_ACTS = len(Act)
NOT_SHOWN = -1
"""In place of an act or a movie in a session that has not come that far."""


class Rewards(BaseModel, extra="forbid", frozen=True):
    """Reward of each act."""

    like: float = 1.5
    watch: float = 0.8
    click: float = 0.4
    skip: float = -0.2
    ignore: float = -0.5

    def table(self) -> FloatArray:
        """(5,) rewards by `Act`."""
        return np.array([getattr(self, act.name.lower()) for act in Act], dtype=np.float32)

    def of(self, acts: IntArray) -> FloatArray:
        """Rewards of an array of `Act`, any shape."""
        return self.table()[acts]

    def bound(self, horizon: int, *, gamma: float = 1.0) -> float:
        """The most that `horizon` steps can return, discounted: above it no Q-value can be right."""
        best = max(0.0, float(self.table().max()))
        return best * float(np.sum(gamma ** np.arange(horizon)))
