"""The networks: events as vectors, a causal body over them, and scores of all movies by the same vectors.

Imported by the models inside the functions that need torch. All shapes are (b, l, ...) of padded windows; padding comes
last, so what a causal body says at an event never depends on it.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from recsys_assets.loading.tensors import Inputs
from recsys_assets.recommenders.sequence.lookup import looked_up

RATING_STEPS = 11
"""0 to 5 stars in halves."""
GAP_STEPS = 32
"""Gaps in powers of 2 seconds: 0, 1, 2-3, 4-7, ... 34 years and more."""
INITIAL = 0.02
"""Standard deviation of vectors before training."""


def log_steps(seconds: Tensor) -> Tensor:
    """0 for no time, else 1 + floor(log2(seconds)), at most `GAP_STEPS` - 1; negative gaps are none."""
    steps = torch.log2(seconds.clamp(min=0).float() + 0.5).floor().long() + 1
    return steps.clamp(0, GAP_STEPS - 1)


class Items(Protocol):
    """Vectors of all movies and one of zeros for padding."""

    def __call__(self) -> Tensor: ...


class Dropout(nn.Module):
    """Sets a share of values to 0 and scales up the others, in training. The share is a multiple of 1 / 256.

    A random byte a value instead of a random float: on a CPU 17 times as fast as `nn.Dropout`, which took an eighth of
    the time of training.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.zeros = round(256 * share)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.zeros == 0:
            return x
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64, device=x.device).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.zeros
        return x * kept.to(x.dtype).mul_(256 / (256 - self.zeros))


class LearnedItems(nn.Module):
    """A free vector for each movie. `start` (n_items, dim): where training begins, beside a little noise."""

    def __init__(self, start: NDArray[np.float32]) -> None:
        super().__init__()
        known = torch.from_numpy(start) + torch.randn(start.shape) * INITIAL
        self.vectors = nn.Parameter(functional.pad(known, (0, 0, 0, 1)))

    def forward(self) -> Tensor:
        return self.vectors


class ContentItems(nn.Module):
    """Movies' vectors as a learned function of what is known of them."""

    fixed: Tensor

    def __init__(self, fixed: NDArray[np.float32], dim: int) -> None:
        super().__init__()
        self.register_buffer("fixed", torch.from_numpy(fixed.copy()))
        self.linear = nn.Linear(fixed.shape[1], dim, bias=False)
        self.bent = nn.Sequential(nn.Linear(fixed.shape[1], 2 * dim), nn.Tanh(), nn.Linear(2 * dim, dim, bias=False))

    def forward(self) -> Tensor:
        return functional.pad(self.linear(self.fixed) + self.bent(self.fixed), (0, 0, 0, 1))


class Events(nn.Module):
    """An event's vector: its movie's, plus one of its rating, plus one of the time since the event before."""

    def __init__(self, dim: int, *, dropout: float, use_ratings: bool, use_gaps: bool) -> None:
        super().__init__()
        self.ratings = nn.Embedding(RATING_STEPS, dim) if use_ratings else None
        self.gaps = nn.Embedding(GAP_STEPS, dim) if use_gaps else None
        for table in filter(None, (self.ratings, self.gaps)):
            nn.init.normal_(table.weight, std=INITIAL)
        self.norm = nn.LayerNorm(dim)
        self.dropout = Dropout(dropout)

    def forward(self, inputs: Inputs, items: Tensor) -> Tensor:
        n_items = len(items) - 1
        x = functional.embedding(inputs.items, items, padding_idx=n_items)
        if self.ratings is not None:
            x = x + self.ratings((inputs.ratings * 2).round().long().clamp(0, RATING_STEPS - 1))
        if self.gaps is not None:
            gaps = torch.diff(inputs.times, dim=1, prepend=inputs.times[:, :1])
            x = x + self.gaps(log_steps(gaps))
        return self.dropout(self.norm(x))


class SequenceNetwork(nn.Module):
    """Scores of the next movie after each event: the body's vector times each movie's, plus the movie's bias."""

    popularity: Tensor

    def __init__(
        self,
        items: nn.Module,
        events: Events,
        body: nn.Module,
        counts: NDArray[np.integer],
        *,
        free_bias: bool = True,
    ) -> None:
        super().__init__()
        self.items, self.events, self.body = items, events, body
        share = torch.from_numpy(np.log((counts + 1) / (counts.sum() + len(counts))).astype(np.float32))
        self.register_buffer("popularity", share - share.mean())
        self.known = nn.Parameter(torch.ones(()))
        self.deviation = nn.Parameter(torch.zeros(len(counts))) if free_bias else None

    @property
    def n_items(self) -> int:
        return len(self.popularity)

    def bias(self) -> Tensor:
        """(n_items,) what a movie scores whatever the history: how often it is watched, and where free, more."""
        known = self.known * self.popularity
        return known if self.deviation is None else known + self.deviation

    def forward(self, inputs: Inputs, items: Tensor | None = None) -> Tensor:
        """(b, l, d). `items`: what `self.items()` gave, where it has been asked already, here and below."""
        return self.body(self.events(inputs, self.items() if items is None else items), inputs)

    def all_scores(self, hidden: Tensor, items: Tensor | None = None) -> Tensor:
        """(..., n_items) of (..., d)."""
        return functional.linear(hidden, (self.items() if items is None else items)[:-1], self.bias())

    def some_scores(self, hidden: Tensor, movies: Tensor, items: Tensor | None = None) -> Tensor:
        """(b, l, k) of (b, l, d) and (b, k) movies."""
        vectors = functional.embedding(movies, self.items() if items is None else items)
        return hidden @ vectors.transpose(1, 2) + self.bias()[movies][:, None]


class SelfAttention(nn.Module):
    """Causal attention; what two events say to one another also depends on how many events and how long ago."""

    def __init__(self, dim: int, heads: int, *, window: int, use_gaps: bool) -> None:
        super().__init__()
        self.heads = heads
        self.mixed, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.places = nn.Parameter(torch.zeros(heads, window))
        self.gaps = nn.Parameter(torch.zeros(heads, GAP_STEPS)) if use_gaps else None

    def forward(self, x: Tensor, gaps: Tensor | None) -> Tensor:
        b, length, dim = x.shape
        q, k, v = self.mixed(x).view(b, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(dim // self.heads) + self._bias(length, gaps)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, length, dim))

    def _bias(self, length: int, gaps: Tensor | None) -> Tensor:
        """(h, l, l), or (b, h, l, l) with gaps; -inf for what comes later."""
        place = torch.arange(length, device=self.places.device)
        ago = place[:, None] - place
        bias = looked_up(self.places, ago.clamp(min=0)).masked_fill(ago < 0, -torch.inf)
        return bias if self.gaps is None or gaps is None else bias + looked_up(self.gaps, gaps).transpose(0, 1)


class Block(nn.Module):
    """Attention, then a feed-forward layer, each added to what came in."""

    def __init__(self, dim: int, heads: int, *, dropout: float, window: int, use_gaps: bool) -> None:
        super().__init__()
        self.attention = SelfAttention(dim, heads, window=window, use_gaps=use_gaps)
        self.forward_layer = nn.Sequential(
            nn.Linear(dim, 2 * dim), nn.GELU(), Dropout(dropout), nn.Linear(2 * dim, dim)
        )
        self.first, self.second, self.drop = nn.LayerNorm(dim), nn.LayerNorm(dim), Dropout(dropout)

    def forward(self, x: Tensor, gaps: Tensor | None) -> Tensor:
        x = x + self.drop(self.attention(self.first(x), gaps))
        return x + self.drop(self.forward_layer(self.second(x)))


class Transformer(nn.Module):
    """A stack of blocks, normalized at the end."""

    def __init__(self, dim: int, *, layers: int, heads: int, dropout: float, window: int, use_gaps: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(dim, heads, dropout=dropout, window=window, use_gaps=use_gaps) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(dim)
        self.use_gaps = use_gaps

    def forward(self, x: Tensor, inputs: Inputs) -> Tensor:
        gaps = log_steps(inputs.times[:, :, None] - inputs.times[:, None, :]) if self.use_gaps else None
        for block in self.blocks:
            x = block(x, gaps)
        return self.norm(x)


class Recurrent(nn.Module):
    """A GRU or LSTM, whose state is projected to the movies' space."""

    def __init__(
        self, kind: type[nn.GRU] | type[nn.LSTM], dim: int, hidden: int, *, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.cells = kind(dim, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.drop, self.out, self.norm = Dropout(dropout), nn.Linear(hidden, dim), nn.LayerNorm(dim)

    def forward(self, x: Tensor, inputs: Inputs) -> Tensor:
        return self.norm(self.out(self.drop(self.cells(x)[0])))
