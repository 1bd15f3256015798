"""Dueling Double DQN from nothing: Q(s, i) = V(s) + phi(s) . (psi(i) - mean psi), with masks.

V and phi come from a trunk over the state, psi from the movie's features, so that all movies cost one matrix product.
What may not be shown is masked in acting, in exploring and in the target: a transition keeps the mask of the state that
follows, one bit a movie. Layers are normalized, not batches (see `dqn.network`); phi and V are zero at first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch as th
from gymnasium import spaces
from stable_baselines3 import DQN
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import nn
from torch.nn import functional

from recsys_assets.agents.dqn.config import NetworkConfig
from recsys_assets.agents.dqn.network import SLOPE, trunk_of, zero
from recsys_assets.agents.from_scratch.columns import ColumnsVecEnv
from recsys_assets.recommenders.data import FloatArray, IntArray


class MovieQNetwork(QNetwork):
    """Q-values of all movies."""

    movie_features: th.Tensor

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Discrete,
        features_extractor: BaseFeaturesExtractor,
        features_dim: int,
        *,
        features: FloatArray,
        config: NetworkConfig,
        **_: Any,
    ) -> None:
        super().__init__(observation_space, action_space, features_extractor, features_dim, net_arch=[1])
        del self.q_net
        self.register_buffer("movie_features", th.from_numpy(features), persistent=False)
        self.trunk = trunk_of(features_dim, config)
        self.value = zero(nn.Linear(config.trunk[-1], 1))
        self.phi = zero(nn.Linear(config.trunk[-1], config.width))
        self.psi = nn.Sequential(
            nn.Linear(features.shape[1], config.psi), nn.LeakyReLU(SLOPE), nn.Linear(config.psi, config.width)
        )

    def forward(self, obs: PyTorchObs) -> th.Tensor:
        assert isinstance(obs, th.Tensor)
        value, phi = self.heads(obs)
        return value + phi @ self.vectors().T

    def vectors(self) -> th.Tensor:
        """(n, width) psi less its mean."""
        vectors = self.psi(self.movie_features)
        return vectors - vectors.mean(dim=0)

    def heads(self, obs: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """V (b, 1) and phi (b, width)."""
        trunk = self.trunk(obs)
        return self.value(trunk), self.phi(trunk)


class MovieDQNPolicy(DQNPolicy):
    """Stable-Baselines3's policy around it."""

    def __init__(self, *args: Any, network: dict[str, Any], **kwargs: Any) -> None:
        self.network = network
        super().__init__(*args, **kwargs)

    def make_q_net(self) -> MovieQNetwork:
        arguments = self._update_features_extractor(self.net_args, features_extractor=None)
        return MovieQNetwork(**arguments, **self.network).to(self.device)


class Transitions(NamedTuple):
    """Columns of one row a step."""

    observations: np.ndarray
    movies: np.ndarray
    rewards: np.ndarray
    following: np.ndarray
    ends: np.ndarray
    allowed: np.ndarray
    """(b, n / 8) uint8: the mask of what follows, one bit a movie."""


class MaskedDQN(DQN):
    """Double DQN over `ColumnsVecEnv`; it keeps its own transitions, the last `memory` of them.

    `renown` (n,): by which exploration chooses; by uniform chance it would seldom see a movie that anybody knows.
    """

    q_net: MovieQNetwork
    q_net_target: MovieQNetwork

    def __init__(self, *args: Any, memory: int, bound: float, renown: FloatArray, **kwargs: Any) -> None:
        self.memory, self.bound, self.stored = memory, bound, 0
        self.log_renown = np.log(np.maximum(renown, 1e-6)).astype(np.float32)
        super().__init__(*args, **kwargs)
        self.rng = np.random.default_rng(self.seed)
        assert isinstance(self.env, ColumnsVecEnv)
        self.columns, n = self.env.columns, int(self.action_space.n)  # type: ignore[attr-defined]
        self.kept = Transitions(
            np.zeros((memory, self.columns.width), dtype=np.float32),
            np.zeros(memory, dtype=np.int64),
            np.zeros(memory, dtype=np.float32),
            np.zeros((memory, self.columns.width), dtype=np.float32),
            np.zeros(memory, dtype=np.bool_),
            np.zeros((memory, (n + 7) // 8), dtype=np.uint8),
        )

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        self.policy.set_training_mode(True)
        losses, largest = [], []
        for _ in range(gradient_steps):
            rows = self.rng.integers(0, min(self.stored, self.memory), batch_size)
            batch = Transitions(*(column[rows] for column in self.kept))
            value, phi = self.q_net.heads(self._tensor(batch.observations))
            chosen = self.q_net.vectors()[self._tensor(batch.movies)]
            q = value[:, 0] + (phi * chosen).sum(dim=1)
            loss = functional.huber_loss(q, self._targets(batch))
            self.policy.optimizer.zero_grad()
            loss.backward()
            th.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
            self.policy.optimizer.step()
            losses.append(loss.item())
            largest.append(float(q.detach().abs().max()))
        self.policy.set_training_mode(False)
        self._n_updates += gradient_steps
        self.logger.record("train/loss", float(np.mean(losses)))
        self.logger.record("train/max_q", float(np.max(largest)))

    def greedy(self, observations: FloatArray, allowed: np.ndarray) -> IntArray:
        """The movie of the highest Q among the allowed, for each row."""
        with th.no_grad():
            q = self.q_net(self._tensor(observations))
            best = q.masked_fill(~self._tensor(allowed), -th.inf).argmax(dim=1)
        found: IntArray = best.cpu().numpy()
        return found

    def _targets(self, batch: Transitions) -> th.Tensor:
        n = self.q_net.movie_features.shape[0]
        allowed = self._tensor(np.unpackbits(batch.allowed, axis=1, count=n).astype(np.bool_))
        following = self._tensor(batch.following)
        with th.no_grad():
            best = self.q_net(following).masked_fill(~allowed, -th.inf).argmax(dim=1)
            value, phi = self.q_net_target.heads(following)
            after = value[:, 0] + (phi * self.q_net_target.vectors()[best]).sum(dim=1)
            goes_on = 1 - self._tensor(batch.ends.astype(np.float32))
            return self._tensor(batch.rewards) + self.gamma * goes_on * after

    def _sample_action(
        self, learning_starts: int, action_noise: Any = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """For each session by its own coin: the best, or any that may be shown."""
        assert isinstance(self._last_obs, np.ndarray)
        allowed = self.columns.allowed()
        movies = self.greedy(self._last_obs, allowed)
        explored = np.flatnonzero(self.rng.random(n_envs) < self.exploration_rate)
        if len(explored):
            movies[explored] = self._explore(allowed[explored])
        return movies, movies

    def _explore(self, allowed: np.ndarray) -> IntArray:
        """One of the allowed for each row, with chances in proportion to `renown` (by Gumbel's trick)."""
        keys = self.log_renown + self.rng.gumbel(size=allowed.shape).astype(np.float32)
        found: IntArray = np.where(allowed, keys, -np.inf).argmax(axis=1)
        return found

    def _store_transition(
        self, replay_buffer: Any, buffer_action: Any, new_obs: Any, reward: Any, dones: Any, infos: list[dict[str, Any]]
    ) -> None:
        following = np.array(new_obs)
        for row in np.flatnonzero(dones):
            following[row] = infos[row]["terminal_observation"]
        allowed = np.packbits(self.columns.allowed(), axis=1)
        rows = (self.stored + np.arange(len(reward))) % self.memory
        added = (self._last_obs, buffer_action, reward, following, dones, allowed)
        for column, values in zip(self.kept, added, strict=True):
            column[rows] = values
        self.stored += len(reward)
        self._last_obs = new_obs

    def _tensor(self, values: np.ndarray) -> th.Tensor:
        return th.from_numpy(values).to(self.device)
