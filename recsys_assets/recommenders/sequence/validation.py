"""Scores of histories by a network, and how high it ranks what came next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from recsys_assets.loading.batches import padded
from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.tensors import inputs_of
from recsys_assets.recommenders.data import FloatArray, IntArray
from recsys_assets.recommenders.sequence.inputs import Held, last
from recsys_assets.recommenders.sequence.networks import SequenceNetwork

CUTOFF = 10
"""NDCG at this many."""
BLOCK = 256
"""Histories read at once."""


def next_scores(
    network: SequenceNetwork, histories: Sequences, *, window: int
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Rows and scores (block, n_items) of the movie after each history, none empty, in blocks of like length."""
    device = network.popularity.device
    recent = last(histories, window)
    order = np.argsort(recent.lengths, kind="stable").astype(np.int64)
    network.eval()
    with torch.inference_mode():
        vectors = network.items()
    for start in range(0, len(order), BLOCK):
        rows = order[start : start + BLOCK]
        block = recent.take(rows)
        columns = padded(block, int(block.lengths.max()))
        inputs = inputs_of(*columns, n_items=network.n_items, device=device)
        with torch.inference_mode():
            ends = torch.from_numpy(block.lengths - 1).to(device)
            hidden = network(inputs, vectors)[torch.arange(len(rows), device=device), ends]
            scores = network.all_scores(hidden, vectors).float().cpu().numpy()
        yield rows, scores  # outside: whoever asks is not in inference mode


def validation_ndcg(network: SequenceNetwork, held: Held, *, window: int) -> float:
    """Mean NDCG@10 of each held-out movie among all that the user has not rated before it; last of equals."""
    rank = np.empty(len(held.targets), dtype=np.int64)
    for rows, scores in next_scores(network, held.histories, window=window):
        own = scores[np.arange(len(rows)), held.targets[rows]].copy()
        seen = held.histories.take(rows)
        scores[seen.rows, seen.items] = -np.inf
        rank[rows] = (scores >= own[:, None]).sum(axis=1) - 1
    return float(np.where(rank < CUTOFF, 1 / np.log2(rank + 2), 0).mean())
