"""The one trainer of all sequence networks.

Epochs of padded batches, steps of `steps.Steps`. After each epoch the averaged weights are asked for the held-out
movies; after `patience` epochs without a better answer training stops. A network is the same whether or not it was
interrupted: an epoch's randomness is of (seed, epoch) alone.
"""

from __future__ import annotations

import copy
import math
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from recsys_assets.loading.fed import Fed
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import Epochs, training_pipeline
from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.tensors import tensors_of
from recsys_assets.progress import Progress
from recsys_assets.recommenders.device import repeatable
from recsys_assets.recommenders.sequence.checkpoints import Checkpoint
from recsys_assets.recommenders.sequence.config import SequenceConfig
from recsys_assets.recommenders.sequence.curves import Curves
from recsys_assets.recommenders.sequence.inputs import Held
from recsys_assets.recommenders.sequence.networks import SequenceNetwork
from recsys_assets.recommenders.sequence.steps import Steps, contrasts_all
from recsys_assets.recommenders.sequence.validation import validation_ndcg


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
        per_window = 0 if contrasts_all(self.network, self.config) else self.config.negatives
        negatives = Negatives(per_window, self.network.n_items)
        pipeline = training_pipeline(sequences, self.config.window, negatives, self.config.pipeline, self.seed)
        self._start(sequences)
        self.started, self.first = time.monotonic(), len(self.curves)
        device = self.network.popularity.device
        with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []), repeatable(device):
            while len(self.curves) < epochs and not self.curves.stalled(self.config.patience):
                self._epoch(pipeline, held)
                self._save()
                self._tell(epochs)
        self.network.load_state_dict(self.best)
        return self.curves

    def _start(self, sequences: Sequences) -> None:
        windows = int(np.ceil(np.maximum(sequences.lengths - 1, 0) / self.config.window).sum())
        total = max(1, self.config.epochs * math.ceil(windows / self.config.pipeline.batch_size))
        self.curves, self.steps = Curves(), Steps(self.network, self.config, total)
        self.best = copy.deepcopy(self.network.state_dict())
        if self.checkpoint and (state := self.checkpoint.load()):
            self._resume(state)

    def _epoch(self, pipeline: Epochs, held: Held | None) -> None:
        epoch, device = len(self.curves), self.network.popularity.device
        torch.manual_seed((self.seed * 1_000_003 + epoch) % 2**63)
        self.network.train()
        total, targets = torch.zeros((), dtype=torch.float64, device=device), 0
        with closing(self.fed.watched(pipeline.epoch(epoch))) as batches:  # type: ignore[type-var]
            for batch in batches:
                loss = self.steps.take(tensors_of(batch, n_items=self.network.n_items, device=device))
                total += loss.double() * batch.n_targets
                targets += batch.n_targets
        self.curves.train_loss.append(float(total) / max(targets, 1))
        self.curves.learning_rate.append(self.steps.rate)
        average = self.steps.average
        if held is not None and len(held.targets):
            self.curves.validation_ndcg.append(validation_ndcg(average, held, window=self.config.window))
        if self.curves.best == len(self.curves):
            self.best = copy.deepcopy(average.state_dict())

    def _save(self) -> None:
        if self.checkpoint:
            curves = {name: torch.from_numpy(values) for name, values in self.curves.arrays().items()}
            self.checkpoint.save(self.steps.state() | {"best": self.best, "curves": curves})

    def _resume(self, state: dict[str, Any]) -> None:
        self.steps.restore(state)
        self.best = state["best"]
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
