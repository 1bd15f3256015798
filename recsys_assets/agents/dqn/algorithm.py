"""Double DQN over thousands of movies, as a subclass of Stable-Baselines3's DQN.

The next movie is chosen by the learning network and valued by the target (van Hasselt et al., AAAI 2016), over n-step
returns; acting, exploring and the target choose among shortlists, which hold no movie that may not be shown. SB3's own
DQN takes the plain maximum, tosses one coin for all environments and samples movies that are masked.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch as th
from stable_baselines3 import DQN
from torch.nn import functional

from recsys_assets.agents.dqn.network import ItemQNetwork
from recsys_assets.agents.dqn.replay import Batch, SessionReplay


class DoubleDQN(DQN):
    """`replay` holds what `TeachingVecEnv` tells; `follow_start`: so many steps are chosen by the start, whose value is
    learned first; the others as in `DqnConfig`."""

    q_net: ItemQNetwork
    q_net_target: ItemQNetwork

    def __init__(
        self,
        *args: Any,
        replay: SessionReplay,
        explore_among: int = 100,
        follow_start: int = 0,
        conservative: float = 0.0,
        own_decay: float = 0.0,
        compared: int = 15,
        huber: float = 1.0,
        bound: float = np.inf,
        **kwargs: Any,
    ) -> None:
        self.replay, self.explore_among, self.follow_start = replay, explore_among, follow_start
        self.conservative, self.own_decay, self.huber, self.bound = conservative, own_decay, huber, bound
        self.compared = compared
        super().__init__(*args, **kwargs)
        self.rng = np.random.default_rng(self.seed)

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        if self.replay.size() < batch_size:
            return
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        losses, largest = [], []
        for _ in range(gradient_steps):
            batch = self.replay.sample(batch_size)
            q = self.q_net.among(batch.observations, batch.shortlists, self._columns(batch))
            current = q[:, 0]
            expected = current + self.q_net.person(batch.observations)
            each = self.errors(batch, expected)
            loss = (batch.weights * each).sum() / batch.weights.sum().clamp(min=1e-6)
            self.policy.optimizer.zero_grad()
            (loss + self._penalties(batch, q, current)).backward()
            th.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
            self.policy.optimizer.step()
            losses.append(loss.item())
            largest.append(float(current.detach().abs().max()))
        self.policy.set_training_mode(False)
        self._n_updates += gradient_steps
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
        self.logger.record("train/loss", float(np.mean(losses)))
        self.logger.record("train/max_q", float(np.max(largest)))

    def errors(self, batch: Batch, expected: th.Tensor) -> th.Tensor:
        """(b,) loss of what is expected (b,) of what was shown."""
        return functional.huber_loss(expected, self.targets(batch), reduction="none", delta=self.huber)

    def targets(self, batch: Batch) -> th.Tensor:
        """(b,) n-step returns and the value of what follows, no larger than any session can return."""
        with th.no_grad():
            target = batch.returns.clone()
            goes_on = (batch.discounts > 0).nonzero()[:, 0]
            if len(goes_on):
                observations, shortlists = batch.next_observations[goes_on], batch.next_shortlists[goes_on]
                best = self.q_net.among(observations, shortlists).argmax(dim=1, keepdim=True)
                value = self.q_net_target.among(observations, shortlists).gather(1, best)[:, 0]
                value = value + self.q_net_target.person(observations)
                target[goes_on] += batch.discounts[goes_on] * value
            return target.clamp(-self.bound, self.bound)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Greedy, or for each session by its own coin one of the `explore_among` highest Q-values."""
        shortlists, places = self._choose(np.atleast_2d(observation), explore=not deterministic)
        movies = shortlists[np.arange(len(places)), places]
        return (movies if np.ndim(observation) > 1 else movies[0]), state

    def _sample_action(
        self, learning_starts: int, action_noise: Any = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """The warm-up acts as later steps do: a movie by chance says nothing that is worth learning."""
        assert isinstance(self._last_obs, np.ndarray)
        follow = self.num_timesteps < self.follow_start
        self._shortlists, self._places = self._choose(self._last_obs, explore=True, follow_start=follow)
        movies = self._shortlists[np.arange(n_envs), self._places]
        return movies, movies

    def _store_transition(
        self, replay_buffer: Any, buffer_action: Any, new_obs: Any, reward: Any, dones: Any, infos: list[dict[str, Any]]
    ) -> None:
        assert isinstance(self._last_obs, np.ndarray)
        self.replay.add(
            self._last_obs,
            self._shortlists,
            self._places,
            reward,
            stays=np.array([info.get("stay", 1.0) for info in infos], dtype=np.float32),
            survivals=np.array([info.get("survival", 1.0) for info in infos], dtype=np.float32),
            ends=dones,
        )
        self._last_obs = new_obs

    def _choose(
        self, observations: np.ndarray, *, explore: bool, follow_start: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Shortlists (b, k) and the place (b,) of the chosen in each."""
        seen = th.as_tensor(observations, device=self.device)
        with th.no_grad():
            shortlists = self.q_net.shortlist(seen)
            q = self.q_net.among(seen, shortlists)
        if follow_start:  # shortlists are in the order of the start
            q = -th.arange(q.shape[1], device=q.device, dtype=q.dtype).expand_as(q).masked_fill(shortlists < 0, th.inf)
        places = q.argmax(dim=1).cpu().numpy()
        if explore:
            coins = np.flatnonzero(self.rng.random(len(places)) < self.exploration_rate)
            if len(coins):
                places[coins] = self._among_the_best(q[coins])
        return shortlists.cpu().numpy(), places

    def _among_the_best(self, q: th.Tensor) -> np.ndarray:
        values, places = q.topk(min(self.explore_among, q.shape[1]), dim=1)
        allowed = th.isfinite(values).sum(dim=1).clamp(min=1).cpu().numpy()
        drawn = (self.rng.random(len(q)) * allowed).astype(np.int64)
        chosen: np.ndarray = places.cpu().numpy()[np.arange(len(q)), drawn]
        return chosen

    def _columns(self, batch: Batch) -> th.Tensor:
        """(b, c) places of shortlists: that of what was shown, then `compared` by chance, the same for all rows."""
        total = batch.shortlists.shape[1]
        drawn = np.arange(total) if self.compared >= total else self.rng.choice(total, self.compared, replace=False)
        others = th.from_numpy(drawn).to(self.device).expand(len(batch.places), -1)
        return th.cat([batch.places[:, None], others], dim=1)

    def _penalties(self, batch: Batch, q: th.Tensor, current: th.Tensor) -> th.Tensor:
        penalty = th.zeros((), device=self.device)
        if self.own_decay:
            penalty = penalty + self.own_decay * (self.q_net.people.weight**2).sum()
            if hasattr(self.q_net, "own"):
                penalty = penalty + self.own_decay * (self.q_net.own.weight**2).sum()
        if self.conservative:
            penalty = penalty + self.conservative * (batch.weights * (q[:, 1:].logsumexp(dim=1) - current)).mean()
        return penalty
