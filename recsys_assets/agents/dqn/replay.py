"""A replay of sessions: n-step returns in which the chance to have stayed is part of the discount.

    R = sum over j < m of (product over k < j of gamma * stay_k) * reward_j,   m = min(n, steps to the end)

and what follows them counts by the product of all m. Of each step it keeps the observation, the shortlist of movies
that could be shown, which of them was, the expected reward and the chance to stay: no mask of all movies (7,841 bytes a
row), and no second copy of the observation, as what comes next is the next row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch as th

from recsys_assets.recommenders.data import FloatArray, IntArray

COLUMNS = ("observations", "shortlists", "places", "rewards", "stays", "survivals", "ends")


class Batch(NamedTuple):
    """b steps; tensors."""

    observations: th.Tensor
    shortlists: th.Tensor
    """(b, k) movies, -1 where there are fewer."""
    places: th.Tensor
    """(b,) which of them was shown."""
    returns: th.Tensor
    """(b,) of the next n steps."""
    discounts: th.Tensor
    """(b,) of the value of what follows; 0 after the end."""
    next_observations: th.Tensor
    next_shortlists: th.Tensor
    weights: th.Tensor
    """(b,) chance that a session comes so far."""


class SessionReplay:
    """Holds `size` steps of `envs` sessions that run side by side; the oldest give way."""

    def __init__(
        self,
        size: int,
        envs: int,
        width: int,
        shortlist: int,
        *,
        n_steps: int,
        gamma: float,
        seed: int,
        device: Any = "cpu",
    ) -> None:
        self.rows, self.envs = max(size // envs, n_steps + 2), envs
        self.n_steps, self.gamma, self.device = n_steps, gamma, device
        self.rng = np.random.default_rng([seed, 1])
        self.observations = np.zeros((self.rows, envs, width), dtype=np.float32)
        self.shortlists = np.full((self.rows, envs, shortlist), -1, dtype=np.int32)
        self.places = np.zeros((self.rows, envs), dtype=np.int64)
        self.rewards, self.survivals = (np.zeros((self.rows, envs), dtype=np.float32) for _ in range(2))
        self.stays = np.ones((self.rows, envs), dtype=np.float32)
        self.ends = np.zeros((self.rows, envs), dtype=bool)
        self.filled = 0
        """Rows ever written."""

    def add(
        self,
        observations: FloatArray,
        shortlists: IntArray,
        places: IntArray,
        rewards: FloatArray,
        *,
        stays: FloatArray,
        survivals: FloatArray,
        ends: np.ndarray,
    ) -> None:
        row = self.filled % self.rows
        new = (observations, shortlists, places, rewards, stays, survivals, ends)
        for name, values in zip(COLUMNS, new, strict=True):
            getattr(self, name)[row] = values
        self.filled += 1

    def size(self) -> int:
        """Steps that can be sampled."""
        return self.envs * max(0, min(self.filled, self.rows) - self.n_steps)

    def sample(self, batch_size: int) -> Batch:
        """Of steps whose next n are held, every one as likely as any."""
        oldest = max(0, self.filled - self.rows)
        first = self.rng.integers(oldest, self.filled - self.n_steps, batch_size)
        env = self.rng.integers(0, self.envs, batch_size)
        steps = (first[:, None] + np.arange(self.n_steps)) % self.rows
        column = env[:, None]
        ended = self.ends[steps, column]
        over = np.cumsum(ended, axis=1) - ended > 0  # steps after the end belong to the next session
        stays = np.where(over, 1, self.gamma * self.stays[steps, column])
        reach = np.cumprod(stays, axis=1)
        before = np.concatenate([np.ones((batch_size, 1)), reach[:, :-1]], axis=1)
        returns = (before * np.where(over, 0, self.rewards[steps, column])).sum(axis=1)
        discounts = np.where(ended.any(axis=1), 0, reach[:, -1])
        now, after = first % self.rows, (first + self.n_steps) % self.rows
        return Batch(
            self._tensor(self.observations[now, env]),
            self._tensor(self.shortlists[now, env].astype(np.int64)),
            self._tensor(self.places[now, env]),
            self._tensor(returns.astype(np.float32)),
            self._tensor(discounts.astype(np.float32)),
            self._tensor(self.observations[after, env]),
            self._tensor(self.shortlists[after, env].astype(np.int64)),
            self._tensor(self.survivals[now, env]),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """All that is held, for a checkpoint."""
        return {name: getattr(self, name) for name in COLUMNS} | {"filled": np.array(self.filled)}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        for name in COLUMNS:
            getattr(self, name)[...] = arrays[name]
        self.filled = int(arrays["filled"])

    def _tensor(self, values: np.ndarray) -> th.Tensor:
        return th.from_numpy(values).to(self.device)
