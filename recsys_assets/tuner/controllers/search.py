"""Black-box search: measure so many allocations, then keep the best. Random, TPE and CMA-ES (Optuna), and DPT's grid.

Each measurement is an interval of the run and counts like any other. They know no more of the pipeline than what it
made; the memory shield and the restart after running out of memory are those of all tuners. A re-size begins a search
anew: what was measured before holds no longer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from recsys_assets.tuner.allocation import MOST_PREFETCH, N_STAGES, Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray, Readings

BUDGET = 30
"""Measurements before the best is kept."""
WAITING = 16
"""Workers of a stage that are tried on a machine of fewer cores, too: who waits for storage needs none."""


class Search(ABC):
    """Keeps, of each pipeline, the best allocation measured on the machine it has now."""

    name: str

    def begin(self, n: int) -> None:
        self.measured = np.zeros(n, dtype=np.int64)
        self.cores = np.zeros(n, dtype=np.int64)
        self.best, self.value = Allocation.least(n), np.full(n, -np.inf)
        self._start(n)

    def decide(self, readings: Readings) -> Allocation:
        anew = readings.cores != self.cores
        self.cores = readings.cores
        self.measured = np.where(anew, 0, self.measured)
        self.value = np.where(anew, -np.inf, self.value)
        self._tell(readings, anew)
        better = ~readings.down & (readings.throughput > self.value)
        self.best = readings.allocation.where(better, self.best)
        self.value = np.where(better, readings.throughput, self.value)
        searching = self.measured < BUDGET
        self.measured = self.measured + searching
        return self._ask(readings).where(searching, self.best) if searching.any() else self.best

    @abstractmethod
    def _start(self, n: int) -> None:
        """`n` searches begin."""

    @abstractmethod
    def _tell(self, readings: Readings, anew: np.ndarray) -> None:
        """What the last allocation of each made; `anew` (b,): it was on another machine."""

    @abstractmethod
    def _ask(self, readings: Readings) -> Allocation:
        """What each measures next."""


class RandomSearch(Search):
    """Workers log-uniform from 1 to the cores, or to `WAITING`."""

    name = "random search"

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def _start(self, n: int) -> None:
        self.rng = np.random.default_rng([self.seed, n])

    def _tell(self, readings: Readings, anew: np.ndarray) -> None:
        pass

    def _ask(self, readings: Readings) -> Allocation:
        n = len(readings)
        share = self.rng.random((n, N_STAGES))
        prefetch = self.rng.integers(1, MOST_PREFETCH + 1, n)
        return Allocation.bounded(np.maximum(readings.cores, WAITING)[:, None].astype(np.float64) ** share, prefetch)


class GridSearch(Search):
    """DPT (arXiv 2210.05244): all stages alike, from one worker to twice an equal share of the cores, or `WAITING`."""

    name = "grid (DPT)"

    def _start(self, n: int) -> None:
        pass

    def _tell(self, readings: Readings, anew: np.ndarray) -> None:
        pass

    def _ask(self, readings: Readings) -> Allocation:
        rows, columns = 10, 3
        place = np.minimum(self.measured - 1, BUDGET - 1)
        most = np.maximum(readings.cores / N_STAGES * 2, WAITING)
        each = most * (place // columns + 1) / rows
        prefetch = np.array([2, 8, 24])[place % columns]
        return Allocation.bounded(np.repeat(np.maximum(1, each)[:, None], N_STAGES, axis=1), prefetch)


class OptunaSearch(Search):
    """A study for each pipeline: the tree-structured Parzen estimator, or CMA-ES."""

    def __init__(self, sampler: str, *, seed: int = 0) -> None:
        self.sampler, self.seed = sampler, seed
        self.name = {"tpe": "TPE (Optuna)", "cmaes": "CMA-ES (Optuna)"}[sampler]

    def _start(self, n: int) -> None:
        self.studies: list[Any] = [self._study(row) for row in range(n)]
        self.trials: list[Any] = [None] * n

    def _tell(self, readings: Readings, anew: np.ndarray) -> None:
        for row, trial in enumerate(self.trials):
            if anew[row]:
                self.studies[row] = self._study(row)
            elif trial is not None:
                self.studies[row].tell(trial, float(readings.throughput[row]))
            self.trials[row] = None

    def _ask(self, readings: Readings) -> Allocation:
        asked = [self._ask_one(row, max(WAITING, int(readings.cores[row]))) for row in range(len(readings))]
        workers: IntArray = np.array([workers for workers, _ in asked])
        prefetch: FloatArray = np.array([ready for _, ready in asked])
        return Allocation.bounded(workers, prefetch)

    def _ask_one(self, row: int, most: int) -> tuple[list[int], int]:
        if self.measured[row] > BUDGET:
            return [1] * N_STAGES, 1  # the best is kept: this is not used
        trial = self.trials[row] = self.studies[row].ask()
        workers = [trial.suggest_int(f"w{i}", 1, most, log=True) for i in range(N_STAGES)]
        return workers, trial.suggest_int("prefetch", 1, MOST_PREFETCH)

    def _study(self, row: int) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        seed = self.seed * 10_007 + row
        sampler: Any = (
            optuna.samplers.TPESampler(seed=seed)
            if self.sampler == "tpe"
            else optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
        )
        return optuna.create_study(direction="maximize", sampler=sampler)
