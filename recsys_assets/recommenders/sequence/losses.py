"""What a network is trained to lower, per target.

Full softmax, over the movies a user has not yet rated in the window, as only those are ever recommended:

    -log( exp(s_target) / sum_{j not seen before the target} exp(s_j) )

gBCE for larger catalogues (Petrov and Macdonald, RecSys 2023): with k negatives of n movies, a = k / (n - 1),

    -log( sigmoid(s_target)^b prod_j (1 - sigmoid(s_j)) ),   b = a (t (1 - 1/a) + 1/a)

where b undoes the overconfidence that sampling brings, wholly for t = 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from recsys_assets.loading.tensors import TensorBatch
from recsys_assets.recommenders.sequence.networks import SequenceNetwork
from recsys_assets.recommenders.sequence.softmax import softmax_loss


def full_softmax(network: SequenceNetwork, batch: TensorBatch) -> Tensor:
    """Mean over the targets of a batch."""
    wanted = batch.targets >= 0
    items = network.items()
    hidden = network(batch.inputs, items)[wanted]
    return softmax_loss(hidden, items[:-1], network.bias(), batch.targets[wanted], _seen_before(batch, wanted))


def gbce(network: SequenceNetwork, batch: TensorBatch, *, calibration: float) -> Tensor:
    """Mean over the targets of a batch."""
    wanted = batch.targets >= 0
    items = network.items()
    hidden = network(batch.inputs, items)
    n_items, k = len(items) - 1, batch.negatives.shape[1]
    rate = k / max(n_items - 1, 1)
    power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    targets = batch.targets.clamp(min=0)
    positive = ((hidden * functional.embedding(targets, items)).sum(-1) + network.bias()[targets]).float()
    negative = network.some_scores(hidden, batch.negatives, items).float()
    negative = negative.masked_fill(batch.negatives[:, None] == batch.targets[..., None], -torch.inf)
    loss = power * functional.softplus(-positive) + functional.softplus(negative).sum(-1)
    return loss[wanted].mean()


def _seen_before(batch: TensorBatch, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """For each target (its place among the wanted ones) each movie that its window holds before it."""
    b, length = batch.targets.shape
    number = torch.cumsum(wanted.flatten(), 0).view(b, length) - 1
    earlier = torch.ones(length, length, dtype=torch.bool, device=wanted.device).tril()
    row, target, event = torch.nonzero(wanted[:, :, None] & earlier, as_tuple=True)
    return number[row, target], batch.inputs.items[row, event]
