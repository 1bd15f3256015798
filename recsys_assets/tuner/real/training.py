"""A trainer that trains: SASRec's own step for each batch, on a GPU, where it leaves the pipeline its cores.

That is the network of `recommenders.sasrec` with the loss against each window's negatives, the optimizer and the
running average of `sequence.steps`, on batches as large as the pipeline makes them. How many it takes a second alone,
of batches that are there already, is measured before anything is said of a pipeline that feeds it.
"""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.streaming.engine import SpdlEngine
from recsys_assets.tuner.real.workload import LOCAL_DISK, Scenario, Work, Workload

if TYPE_CHECKING:
    import torch

    from recsys_assets.recommenders.device import Device

KEPT, SECONDS = 8, 1.0
"""Batches that a trainer's own pace is measured with, and for how long, after as long to warm up."""
WITHOUT_END = 2**62
"""Steps after which the learning rate would be 0."""


class Training:
    """One step of SASRec a batch; `loss` is of the last one, left on the device: reading it waits for that."""

    def __init__(self, n_items: int, work: Work, device: Device) -> None:
        """Raises ValueError for a GPU that is not there."""
        import torch

        from recsys_assets.recommenders.device import torch_device
        from recsys_assets.recommenders.sasrec import SasrecConfig, sasrec_network
        from recsys_assets.recommenders.sequence.steps import Steps

        try:
            self.device = torch_device(device)
        except RuntimeError as error:
            raise ValueError(f"the training step can't be run: {error}") from error
        config, counts = SasrecConfig(window=work.window, full_softmax_movies=1), np.ones(n_items, dtype=np.int64)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(work.seed)
            network = sasrec_network(config, np.zeros((n_items, config.dim), dtype=np.float32), counts)
        self.steps = Steps(network.train().to(self.device), config, WITHOUT_END)
        self.loss: torch.Tensor

    def __call__(self, batch: Batch) -> float:
        """The loss is not read, hence nan."""
        from recsys_assets.loading.tensors import tensors_of

        n = self.steps.network.n_items
        self.loss = self.steps.take(tensors_of(batch, n_items=n, device=self.device))
        return math.nan

    def wait(self) -> None:
        """Until all that was asked for is computed."""
        float(self.loss)


def paced(workload: Workload, scenario: Scenario) -> Scenario:
    """The same with the batches a second that its trainer takes alone, where that has to be measured."""
    if scenario.trained_on is None:
        return scenario
    training = Training(workload.n_items, workload.work, scenario.trained_on)
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
