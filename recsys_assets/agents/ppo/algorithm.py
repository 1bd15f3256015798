"""PPO (Schulman et al., 2017) whose loss holds the exact divergence from a frozen reference.

    loss = clipped surrogate + value + weight * mean KL(policy, reference) - entropy
    weight <- weight * (1 + gain * clip(KL / target - 1, -0.2, 0.2) / 0.2)          after each update

Stable-Baselines3's `target_kl` is the distance to the policy before the update; it bounds a step and lets a thousand
steps go anywhere. The reference here is what people are served now (Ziegler et al., 2019; Ouyang et al., 2022).
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch as th
from stable_baselines3 import PPO
from torch.nn import functional

from recsys_assets.agents.ppo.network import ItemPolicy, divergence, entropy, log_chance_of

LARGEST_ERROR = 0.2
"""Of the KL, as a share of its target: what lies beyond counts no more."""


class ReferencePPO(PPO):
    """`policy` is an `ItemPolicy`; its copy at the beginning, or `reference` set later, is what it is held near."""

    policy: ItemPolicy

    def __init__(self, *args: Any, kl_target: float, kl_weight: float, kl_gain: float, **kwargs: Any) -> None:
        self.kl_target, self.kl_weight, self.kl_gain = kl_target, kl_weight, kl_gain
        self.kl = 0.0
        super().__init__(*args, **kwargs)
        self.reference = frozen(self.policy)

    def train(self) -> None:
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        divergences, losses = [], []
        for _ in range(self.n_epochs):
            for batch in self.rollout_buffer.get(self.batch_size):
                loss, kl = self._loss(batch)
                self.policy.optimizer.zero_grad()
                loss.backward()
                th.nn.utils.clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
                self.policy.optimizer.step()
                divergences.append(float(kl))
                losses.append(float(loss.detach()))
        self.policy.set_training_mode(False)
        self._n_updates += self.n_epochs
        self.kl = float(np.mean(divergences[-len(divergences) // self.n_epochs :]))
        self._steer()
        self.logger.record("objective/kl", self.kl)  # named as in TRL
        self.logger.record("objective/kl_coef", self.kl_weight)
        self.logger.record("train/loss", float(np.mean(losses)))

    def _loss(self, batch: Any) -> tuple[th.Tensor, th.Tensor]:
        shortlist, logs = self.policy.log_chances(batch.observations)
        movies = batch.actions.long().flatten()
        advantages = batch.advantages
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        ratio = th.exp(log_chance_of(shortlist, logs, movies) - batch.old_log_prob)
        width = self.clip_range(self._current_progress_remaining)  # type: ignore[operator]
        surrogate = th.min(advantages * ratio, advantages * ratio.clamp(1 - width, 1 + width)).mean()
        value = functional.mse_loss(batch.returns, self.policy.predict_values(batch.observations).flatten())
        with th.no_grad():
            _, reference = self.reference.log_chances(batch.observations)
        kl = divergence(logs, reference).mean()
        loss = -surrogate + self.vf_coef * value + self.kl_weight * kl - self.ent_coef * entropy(logs).mean()
        return loss, kl.detach()

    def _steer(self) -> None:
        """The weight follows the divergence."""
        error = np.clip(self.kl / self.kl_target - 1, -LARGEST_ERROR, LARGEST_ERROR) / LARGEST_ERROR
        self.kl_weight *= 1 + self.kl_gain * float(error)


def frozen(policy: ItemPolicy) -> ItemPolicy:
    """A copy that learns nothing."""
    found = copy.deepcopy(policy)
    found.set_training_mode(False)
    for parameter in found.parameters():
        parameter.requires_grad_(False)
    return found
