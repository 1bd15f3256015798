"""Steps of training a sequence network: AdamW with warm-up and a cosine to 0, clipped gradients, averaged weights.

    rate(s) = learning_rate * min(1, s / warmup_steps) * (1 + cos(pi s / total)) / 2
    average <- average + (1 - d) (weights - average),    d = min(averaging, (1 + s) / (10 + s))

On a GPU losses are computed in bfloat16 where that is safe; weights, gradients and averages stay in float32. Nothing
is copied back: a loss that is read makes the CPU wait until the GPU has caught up.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from recsys_assets.loading.tensors import TensorBatch
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.losses import full_softmax, gbce
from recsys_assets.recommenders.sequence.networks import SequenceNetwork

Loss = Callable[[SequenceNetwork, TensorBatch], Tensor]


def contrasts_all(network: SequenceNetwork, config: SequenceConfig) -> bool:
    """Whether each target is contrasted with all movies, not with a sample of them."""
    return network.n_items <= config.full_softmax_movies


def loss_of(network: SequenceNetwork, config: SequenceConfig) -> Loss:
    """What this network is trained to lower."""
    return full_softmax if contrasts_all(network, config) else partial(gbce, calibration=config.calibration)


@dataclass
class Steps:
    """Of one network, on the device that it is on. `total`: after so many the learning rate is 0."""

    network: SequenceNetwork
    config: SequenceConfig
    total: int
    taken: int = 0

    def __post_init__(self) -> None:
        self.loss = loss_of(self.network, self.config)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.config.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=self.config.weight_decay,
            fused=True,
        )
        self.average = copied(self.network)

    def take(self, batch: TensorBatch) -> Tensor:
        """Learn from one batch; its loss, left where it was computed."""
        self.taken += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        device = batch.targets.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            loss = self.loss(self.network, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimizer.step()
        self._average()
        return loss.detach()

    @property
    def rate(self) -> float:
        """Learning rate of the last step."""
        rise = min(1.0, self.taken / max(1, self.config.warmup_steps))
        done = min(1.0, self.taken / self.total)
        return self.config.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * done))

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.taken,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Inverse of `state`, also of one that was left on another device."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.taken = state["step"]

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.averaging, (1 + self.taken) / (10 + self.taken))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - decay)


def copied(network: SequenceNetwork) -> SequenceNetwork:
    """A copy whose recurrent weights lie in one block again, as cuDNN wants them; copying takes them apart."""
    found = copy.deepcopy(network)
    for part in found.modules():
        if isinstance(part, nn.RNNBase):
            part.flatten_parameters()
    return found
