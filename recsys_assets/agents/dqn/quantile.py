"""QR-DQN: returns as a distribution of equally likely values instead of their mean (Dabney et al., AAAI 2018).

    Z_n(s, i) = Q(s, i) + spread_n(s, i),   sum over n of spread_n = 0
    loss = mean over n and targets y of |tau_n - [y < Z_n]| * huber(y - Z_n),   tau_n = (n - 1/2) / quantiles

The mean is the Q-network's own, so acting, exporting and serving are those of the agent: what the distribution adds is
another loss to learn the mean by. Alternatives are compared in `agents.evaluation`.
"""

from __future__ import annotations

from typing import Any

import torch as th
from torch import nn
from torch.nn import functional

from recsys_assets.agents.dqn.algorithm import DoubleDQN
from recsys_assets.agents.dqn.config import NetworkConfig
from recsys_assets.agents.dqn.items import PAIR
from recsys_assets.agents.dqn.network import ItemQNetwork, zero
from recsys_assets.agents.dqn.replay import Batch

KAPPA = 1.0
"""Error from which the loss grows linearly."""


class QuantileQNetwork(ItemQNetwork):
    """Adds how a return is spread around Q; nothing at first."""

    def _build_head(self, n: int, config: NetworkConfig) -> None:
        super()._build_head(n, config)
        self.spread_state = zero(nn.Linear(config.trunk[-1], config.quantiles))
        self.spread_pair = zero(nn.Linear(len(PAIR), config.quantiles))

    def spread(self, obs: th.Tensor, shortlist: th.Tensor, places: th.Tensor) -> th.Tensor:
        """(b, quantiles) of the movies at `places` (b,) of the shortlists, of mean 0."""
        there = shortlist >= 0
        start, numbers = self._pairs(obs, shortlist.clamp(min=0), there)
        taken = numbers[th.arange(len(places), device=places.device), places]
        found = self.spread_state(self._trunk(obs, start, there)) + self.spread_pair(taken)
        return found - found.mean(dim=1, keepdim=True)


class QuantileDQN(DoubleDQN):
    """Double DQN whose errors are those of quantiles."""

    q_net: QuantileQNetwork
    q_net_target: QuantileQNetwork

    def errors(self, batch: Batch, expected: th.Tensor) -> th.Tensor:
        spread = self.q_net.spread(batch.observations, batch.shortlists, batch.places)
        return quantile_loss(expected[:, None] + spread, self._spread_targets(batch))

    def _spread_targets(self, batch: Batch) -> th.Tensor:
        """(b, quantiles), or (b, 1) where every return is told to its end."""
        target = self.targets(batch)[:, None]
        goes_on = (batch.discounts > 0).nonzero()[:, 0]
        if len(goes_on) == 0:
            return target
        with th.no_grad():
            seen, shortlists = batch.next_observations[goes_on], batch.next_shortlists[goes_on]
            best = self.q_net.among(seen, shortlists).argmax(dim=1)
            around = th.zeros(len(target), self.q_net.item_config.quantiles, device=target.device)
            around[goes_on] = batch.discounts[goes_on, None] * self.q_net_target.spread(seen, shortlists, best)
            return target + around


def quantile_loss(quantiles: th.Tensor, targets: th.Tensor) -> th.Tensor:
    """(b,) of `quantiles` (b, n) at the levels (i - 1/2) / n, for samples `targets` (b, m)."""
    n = quantiles.shape[1]
    tau = (th.arange(n, device=quantiles.device, dtype=quantiles.dtype) + 0.5) / n
    error = targets[:, None, :] - quantiles[:, :, None]
    huber = functional.huber_loss(error, th.zeros_like(error), reduction="none", delta=KAPPA)
    weight: Any = (tau[None, :, None] - (error.detach() < 0).to(error.dtype)).abs()
    return (weight * huber).mean(dim=(1, 2))
