"""Who takes the batches: one that sleeps in an accelerator's stead, or one that computes on the pipeline's cores.

Asleep it takes no core and so leaves the pipeline all of them, as a GPU does. Computing, it is a sampled softmax over
mean-pooled embeddings with one hidden layer (torch, one thread, stochastic gradient descent): small, but it takes what
the stages want, and more workers can make everything slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from recsys_assets.loading.batches import Batch

Step = Callable[[Batch], float]
"""What a trainer does with a batch; the loss, 0 where nothing is learned."""
WIDTH, HIDDEN, RATE = 32, 64, 0.5


def sleeping(rate: float) -> Step:
    """`rate` batches a second at most; time that was lost by waiting is not caught up."""
    pace, done = 1 / rate, [time.perf_counter()]

    def step(batch: Batch) -> float:
        done[0] = max(done[0], time.perf_counter() - pace) + pace
        time.sleep(max(0.0, done[0] - time.perf_counter()))
        return 0.0

    return step


def computing(n_items: int, *, seed: int) -> Step:
    """A step of training for each batch."""
    import torch

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Any:
        return (torch.randn(*shape, generator=generator) / WIDTH**0.5).requires_grad_()

    table, inward, outward = drawn(n_items + 1, WIDTH), drawn(WIDTH, HIDDEN), drawn(HIDDEN, WIDTH)

    def step(batch: Batch) -> float:
        items, targets, negatives = (torch.from_numpy(a).long() for a in (batch.items, batch.targets, batch.negatives))
        user = torch.relu(table[items].mean(dim=1) @ inward) @ outward
        candidates = table[torch.cat([targets[:, -1:], negatives], dim=1)]
        scores = (candidates @ user[:, :, None])[:, :, 0]
        loss = torch.nn.functional.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long))
        loss.backward()
        with torch.no_grad():
            for weight in (table, inward, outward):
                weight -= RATE * weight.grad
                weight.grad = None
        return float(loss.detach())

    return step
