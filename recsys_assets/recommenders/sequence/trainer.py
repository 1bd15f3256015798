"""The one trainer of all sequence networks.

Epochs of padded batches, AdamW with warm-up and a cosine to 0, clipped gradients, a running average of the weights.
After each epoch the average is asked for the held-out movies; after `patience` epochs without a better answer training
stops. A network is the same whether or not it was interrupted: an epoch's randomness is of (seed, epoch) alone.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recsys_assets.loading.fed import Fed
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import Epochs, training_pipeline
from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.tensors import TensorBatch, tensors_of
from recsys_assets.progress import Progress
from recsys_assets.recommenders.sequence.checkpoints import Checkpoint
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.curves import Curves
from recsys_assets.recommenders.sequence.inputs import Held
from recsys_assets.recommenders.sequence.losses import full_softmax, gbce
from recsys_assets.recommenders.sequence.networks import SequenceNetwork
from recsys_assets.recommenders.sequence.validation import validation_ndcg

Loss = Callable[[SequenceNetwork, TensorBatch], Tensor]


@dataclass
class Trainer:
    """One network, one data set. `what` names the work in lines of progress."""

    network: SequenceNetwork
    config: SequenceConfig
    seed: int
    what: str
    progress: Progress
    checkpoint: Checkpoint | None = None
    fed: Fed = field(default_factory=Fed)
    """How it was fed with batches."""

    def train(self, sequences: Sequences, *, epochs: int, held: Held | None = None) -> Curves:
        """Train for `epochs`, or fewer where `held` says so; leaves the best average in `network`."""
        pipeline = self._pipeline(sequences)
        self._start(sequences)
        self.started, self.first = time.monotonic(), len(self.curves)
        with torch.random.fork_rng(devices=self._cuda_devices()), torch_threads(self.config.pipeline.torch_threads):
            while len(self.curves) < epochs and not self.curves.stalled(self.config.patience):
                self._epoch(pipeline, held)
                self._save()
                self._tell(epochs)
        self.network.load_state_dict(self.best)
        return self.curves

    def steps_for(self, sequences: Sequences, *, seconds: float) -> float:
        """Events learned from a second, over so many seconds of steps: for how fast it is, not for what comes of it."""
        pipeline = self._pipeline(sequences)
        self._start(sequences)
        targets, began = 0, time.perf_counter()
        with torch.random.fork_rng(devices=self._cuda_devices()), torch_threads(self.config.pipeline.torch_threads):
            for epoch in count():
                with closing(self.fed.watched(pipeline.epoch(epoch))) as batches:  # type: ignore[type-var]
                    for batch in batches:
                        device = self.network.popularity.device
                        self._step(tensors_of(batch, n_items=self.network.n_items, device=device))
                        targets += batch.n_targets
                        if time.perf_counter() - began > seconds:
                            return targets / (time.perf_counter() - began)
        raise AssertionError("epochs go on for ever")

    def _pipeline(self, sequences: Sequences) -> Epochs:
        """What it reads from; and the loss that goes with it."""
        full = self.network.n_items <= self.config.full_softmax_movies
        negatives = Negatives(0 if full else self.config.negatives, self.network.n_items)
        self.loss: Loss = full_softmax if full else partial(gbce, calibration=self.config.calibration)
        return training_pipeline(sequences, self.config.window, negatives, self.config.pipeline, self.seed)

    def _start(self, sequences: Sequences) -> None:
        self.curves, self.step = Curves(), 0
        steps = int(np.ceil(np.maximum(sequences.lengths - 1, 0) / self.config.window).sum())
        self.steps = max(1, self.config.epochs * math.ceil(steps / self.config.pipeline.batch_size))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.config.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=self.config.weight_decay,
            fused=True,
        )
        self.average = copy.deepcopy(self.network)
        self.best = copy.deepcopy(self.network.state_dict())
        if self.checkpoint and (state := self.checkpoint.load()):
            self._resume(state)

    def _epoch(self, pipeline: Epochs, held: Held | None) -> None:
        epoch = len(self.curves)
        torch.manual_seed((self.seed * 1_000_003 + epoch) % 2**63)
        self.network.train()
        total, targets = 0.0, 0
        with closing(self.fed.watched(pipeline.epoch(epoch))) as batches:  # type: ignore[type-var]
            for batch in batches:
                tensors = tensors_of(batch, n_items=self.network.n_items, device=self.network.popularity.device)
                total += self._step(tensors) * batch.n_targets
                targets += batch.n_targets
        self.curves.train_loss.append(total / max(targets, 1))
        self.curves.learning_rate.append(self._rate())
        if held is not None and len(held.targets):
            self.curves.validation_ndcg.append(validation_ndcg(self.average, held, window=self.config.window))
        if self.curves.best == len(self.curves):
            self.best = copy.deepcopy(self.average.state_dict())

    def _step(self, batch: TensorBatch) -> float:
        self.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        device = batch.targets.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            loss = self.loss(self.network, batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimizer.step()
        decay = min(self.config.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
        return float(loss.detach())

    def _rate(self) -> float:
        """Linear warm-up, then a cosine over `config.epochs`, wherever training stops."""
        rise = min(1.0, self.step / max(1, self.config.warmup_steps))
        done = min(1.0, self.step / self.steps)
        return self.config.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * done))

    def _save(self) -> None:
        if self.checkpoint:
            curves = {name: torch.from_numpy(values) for name, values in self.curves.arrays().items()}
            self.checkpoint.save(
                {
                    "network": self.network.state_dict(),
                    "average": self.average.state_dict(),
                    "best": self.best,
                    "optimizer": self.optimizer.state_dict(),
                    "curves": curves,
                    "step": self.step,
                }
            )

    def _resume(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.best, self.step = state["best"], state["step"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.curves = Curves.of({name: values.numpy() for name, values in state["curves"].items()})
        self.progress(f"{self.what}: goes on after epoch {len(self.curves)}")

    def _tell(self, epochs: int) -> None:
        done = len(self.curves)
        each = (time.monotonic() - self.started) / (done - self.first)
        ndcg = f", NDCG@10 {self.curves.validation_ndcg[-1]:.4f}" if self.curves.validation_ndcg else ""
        self.progress(
            f"{self.what}: epoch {done}/{epochs}, loss {self.curves.train_loss[-1]:.4f}{ndcg}, "
            f"{each:.1f} s an epoch, {each * (epochs - done):.0f} s left at most"
        )

    def _cuda_devices(self) -> list[int]:
        device = self.network.popularity.device
        return [device.index or 0] if device.type == "cuda" else []


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """So many threads of torch inside; 0: as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(n or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
