"""PPO's policy: a softmax over the shortlist whose logits come from the DQN's item head, and a value beside it.

    pi(i | s) = softmax over the shortlist of (scale * start(s, i) + phi(s) . psi(i) + pair(s, i))

The shortlist depends on the start alone, which never changes, so that two policies of one start choose among the same
movies in the same state, and their divergence is a finite sum:

    KL(pi, ref | s) = sum_i pi(i | s) * (log pi(i | s) - log ref(i | s))
"""

from __future__ import annotations

from typing import Any

import torch as th
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import FlattenExtractor
from torch import nn

from recsys_assets.agents.dqn.items import state_columns, state_width
from recsys_assets.agents.dqn.network import ItemQNetwork, trunk_of, zero


class ItemPolicy(ActorCriticPolicy):
    """Stable-Baselines3's policy around an `ItemQNetwork`; `network`: its arguments."""

    def __init__(self, *args: Any, network: dict[str, Any], **kwargs: Any) -> None:
        self.arguments = network
        super().__init__(*args, **kwargs)

    def _build(self, lr_schedule: Any) -> None:
        extractor = FlattenExtractor(self.observation_space)
        actions: Any = self.action_space
        self.actor = ItemQNetwork(self.observation_space, actions, extractor, extractor.features_dim, **self.arguments)
        config = self.arguments["config"]
        self.critic = nn.Sequential(
            trunk_of(state_width(self.actor.layout), config), zero(nn.Linear(config.trunk[-1], 1))
        )
        optimizer: Any = self.optimizer_class
        self.optimizer = optimizer(self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs)

    def log_chances(self, obs: th.Tensor) -> tuple[th.Tensor, th.Tensor]:
        """(b, k) movies of the shortlist, -1 where there are fewer, and the logarithms of their chances."""
        shortlist = self.actor.shortlist(obs)
        return shortlist, th.log_softmax(self.actor.among(obs, shortlist), dim=1)

    def forward(self, obs: th.Tensor, deterministic: bool = False) -> tuple[th.Tensor, th.Tensor, th.Tensor]:
        shortlist, logs = self.log_chances(obs)
        place = logs.argmax(dim=1) if deterministic else th.multinomial(logs.exp(), 1)[:, 0]
        rows = th.arange(len(obs), device=obs.device)
        return shortlist[rows, place], self.predict_values(obs), logs[rows, place]

    def predict_values(self, obs: th.Tensor) -> th.Tensor:  # type: ignore[override]
        """(b, 1)."""
        columns = state_columns(obs.detach().cpu().numpy(), self.actor.layout)
        values: th.Tensor = self.critic(th.from_numpy(columns).to(obs.device))
        return values

    def _predict(self, observation: Any, deterministic: bool = False) -> th.Tensor:
        return self.forward(observation, deterministic)[0]


def log_chance_of(shortlist: th.Tensor, logs: th.Tensor, movies: th.Tensor) -> th.Tensor:
    """(b,) of `movies` (b,), each of which is in its shortlist."""
    return (logs.masked_fill(shortlist != movies[:, None], 0.0)).sum(dim=1)


def divergence(logs: th.Tensor, reference: th.Tensor) -> th.Tensor:
    """(b,) exact KL of two policies' logarithms (b, k) over one shortlist, in nats."""
    there = th.isfinite(logs)
    own, other = (_finite(part, there) for part in (logs, reference))
    return (own.exp() * there * (own - other)).sum(dim=1)


def entropy(logs: th.Tensor) -> th.Tensor:
    """(b,) in nats."""
    there = th.isfinite(logs)
    own = _finite(logs, there)
    return -(own.exp() * there * own).sum(dim=1)


def _finite(logs: th.Tensor, there: th.Tensor) -> th.Tensor:
    """0 at empty places before anything is done with them: what is masked afterwards still has a gradient, of nan."""
    return logs.masked_fill(~there, 0.0)
