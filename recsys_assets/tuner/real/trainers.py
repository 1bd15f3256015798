"""Who takes the batches: asleep for as long as an accelerator would compute, or a network that is really trained.

The network is SASRec (`recommenders.sasrec`) with its own loss against the negatives of each window, its optimizer and
its averaged weights: a training's step and nothing else, on batches of the size that the pipeline makes. How fast it is
alone, on batches that are there already, is measured before anything is said of a pipeline that feeds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.streaming.engine import SpdlEngine
from recsys_assets.tuner.real.workload import LOCAL_DISK, Scenario, Workload

if TYPE_CHECKING:
    import torch

    from recsys_assets.recommenders.device import Device

Trainer = Callable[[Batch], object]
KEPT, SECONDS = 8, 1.0
"""Batches that a trainer's own pace is measured with, and for how long, after as long to warm up."""
WITHOUT_END = 2**62
"""Steps after which the learning rate would be 0."""


class Asleep:
    """Takes `rate` batches a second: what it was late for a batch it does not wait again."""

    def __init__(self, rate: float) -> None:
        self.pace = 1 / rate
        self.done = time.perf_counter()

    def __call__(self, batch: Batch) -> None:
        self.done = max(self.done, time.perf_counter() - self.pace) + self.pace
        time.sleep(max(0.0, self.done - time.perf_counter()))


class Training:
    """One step of SASRec a batch; `device` is where, `loss` what the last one lost, left there."""

    def __init__(self, workload: Workload, device: Device) -> None:
        """Raises ValueError for a GPU that is not there."""
        import torch

        from recsys_assets.recommenders.device import torch_device
        from recsys_assets.recommenders.sasrec import SasrecConfig, sasrec_network
        from recsys_assets.recommenders.sequence.steps import Steps

        try:
            self.device = torch_device(device)
        except RuntimeError as error:
            raise ValueError(f"the training step can't be run: {error}") from error
        config, n = SasrecConfig(window=workload.work.window, full_softmax_movies=1), workload.n_items
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(workload.work.seed)
            network = sasrec_network(config, np.zeros((n, config.dim), dtype=np.float32), np.ones(n, dtype=np.int64))
        self.steps = Steps(network.train().to(self.device), config, WITHOUT_END)
        self.loss: torch.Tensor

    def __call__(self, batch: Batch) -> None:
        from recsys_assets.loading.tensors import tensors_of

        n = self.steps.network.n_items
        self.loss = self.steps.take(tensors_of(batch, n_items=n, device=self.device))

    def wait(self) -> None:
        """Until all that was asked for is computed."""
        float(self.loss)


def trainer_of(workload: Workload, scenario: Scenario) -> Trainer:
    """Of that scenario."""
    return Asleep(scenario.trainer) if scenario.step is None else Training(workload, scenario.step)


def paced(workload: Workload, scenario: Scenario) -> Scenario:
    """The same with the batches a second that its trainer takes alone, where that has to be measured."""
    if scenario.step is None:
        return scenario
    training = Training(workload, scenario.step)
    with closing(SpdlEngine(workload.plan(LOCAL_DISK)).batches(iter([0]))) as made:
        batches = list(islice(made, KEPT))
    for _ in range(2):  # the first time to warm up
        taken, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            for batch in batches:
                training(batch)
            training.wait()
            taken += len(batches)
    return replace(scenario, trainer=taken / (time.perf_counter() - began))
