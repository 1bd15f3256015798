"""Entries of a small table at very many places, with a gradient that is quick on a GPU and the same each time.

Attention adds to the score of every pair of events what a table says of the time between them: `b l l` look-ups of some
tens of entries, whose gradient is

    d table[h, g] = sum over places p of d out[h, p] * [index[p] = g].

Autograd adds up one look-up after the other where they meet, which takes a GPU most of a training step, and on a CPU
with threads adds in any order, so that no two trainings are alike. Here it is a weighted count on a CPU, and a
product with the look-ups' one-hot matrix on a GPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

LOOKED_UP_AT_ONCE = 1 << 22
"""Entries of the one-hot matrix that exist at a time: 16 MB."""


def looked_up(table: Tensor, index: Tensor) -> Tensor:
    """(h, *index.shape) of a table (h, g) at whole numbers from 0 to g - 1."""
    found: Tensor = _LookedUp.apply(table, index)
    return found


class _LookedUp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, table: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        ctx.entries = table.shape[1]
        return table[:, index]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors
        places, flat = index.reshape(-1), gradient.reshape(len(gradient), -1)
        summed = _counted if places.device.type == "cpu" else _multiplied
        return summed(places, flat, ctx.entries), None


def _counted(places: Tensor, flat: Tensor, entries: int) -> Tensor:
    made = [torch.bincount(places, row, minlength=entries) for row in flat]
    return torch.stack(made).to(flat.dtype)


def _multiplied(places: Tensor, flat: Tensor, entries: int) -> Tensor:
    every, made = torch.arange(entries, device=places.device), flat.new_zeros((len(flat), entries))
    step = max(1, LOOKED_UP_AT_ONCE // entries)
    for at in range(0, len(places), step):
        made.addmm_(flat[:, at : at + step], (places[at : at + step, None] == every).to(flat.dtype))
    return made
