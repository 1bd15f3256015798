"""Batches as torch tensors, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys_assets.loading.batches import PADDING, Batch

if TYPE_CHECKING:
    from torch import Tensor, device


@dataclass(frozen=True)
class Inputs:
    """What a sequence network reads: (b, l) `items` int64 (`n_items` at padding), `ratings` float32, `times` int64."""

    items: Tensor
    ratings: Tensor
    times: Tensor


@dataclass(frozen=True)
class TensorBatch:
    """`Batch` as tensors: `targets` (b, l) int64, -1 at padding; `negatives` (b, k) int64."""

    inputs: Inputs
    targets: Tensor
    negatives: Tensor


def inputs_of(
    items: NDArray[np.int32], ratings: NDArray[np.float32], times: NDArray[np.int64], *, n_items: int, device: device
) -> Inputs:
    """Padded columns as a network reads them."""
    import torch

    rows = np.where(items == PADDING, n_items, items).astype(np.int64)
    return Inputs(*(torch.from_numpy(a).to(device) for a in (rows, np.ascontiguousarray(ratings), times.copy())))


def tensors_of(batch: Batch, *, n_items: int, device: device) -> TensorBatch:
    """The batch on `device`."""
    import torch

    inputs = inputs_of(batch.items, batch.ratings, batch.times, n_items=n_items, device=device)
    targets, negatives = (torch.from_numpy(a.astype(np.int64)).to(device) for a in (batch.targets, batch.negatives))
    return TensorBatch(inputs, targets, negatives)
