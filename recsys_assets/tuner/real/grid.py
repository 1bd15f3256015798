"""The measured grid: many allocations of the real pipeline, each run for a while; the truth that tuners are held to.

One row a probe, in a parquet file that grows while it is measured: killed, it goes on where it was. A pass takes the
allocations by rising workers of fetch, others in random order, on one pipeline that is resized and never rebuilt;
passes are independent. Probes that others on the machine disturbed are kept, and left out when the grid is read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recsys_assets.atomic import atomic_file
from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.allocation import STAGES, Allocation, IntArray
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.real.probe import FOREIGN, Probe, RunningPipeline
from recsys_assets.tuner.real.training import paced
from recsys_assets.tuner.real.workload import Scenario, Workload

LEVELS: tuple[tuple[int, ...], ...] = ((1, 2, 4, 8, 16), (1, 2), (1, 2, 4), (1, 2), (2, 8))
"""Workers of fetch, decode, sample and batch, and batches ready: 120 allocations."""
QUICK: tuple[tuple[int, ...], ...] = ((1, 2, 4, 8, 16), (1, 2), (1, 2), (1,), (2, 8))
"""40 of them."""
SAVED_EVERY = 6
KEY = [*STAGES, "prefetch"]


class GridError(ValueError):
    """A grid that says too little."""


@dataclass(frozen=True)
class Grid:
    """One row an allocation, by the order of the levels; rates in batches a second, medians of undisturbed probes."""

    scenario: Scenario
    cores: int
    allocation: Allocation
    throughput: FloatArray
    """(c,)"""
    passes: FloatArray
    """(c, p) throughput of each pass; nan where a pass was disturbed there."""
    work: FloatArray
    """(c, n) seconds of a worker for a batch."""
    cpu: FloatArray
    """(c, n) CPU seconds for a batch."""
    busy: FloatArray
    """(c, n)"""
    stall: FloatArray
    in_flight: FloatArray
    """(c,) bytes."""
    process: FloatArray
    """(c,) cores that the whole process used, its trainer among it."""
    left_out: int
    """Probes that were disturbed."""

    def __len__(self) -> int:
        return len(self.throughput)

    @property
    def best(self) -> int:
        """Row of the best allocation."""
        return int(self.throughput.argmax())

    @property
    def noise(self) -> float:
        """How far the first two passes over an allocation are apart, as a share of it (median); nan with one pass."""
        if self.passes.shape[1] < 2:
            return float("nan")
        apart = np.abs(self.passes[:, 0] - self.passes[:, 1]) / self.throughput
        return float(np.nanmedian(apart))

    @property
    def trainer(self) -> float:
        """Batches a second that the trainer takes: as it was set, or as it was seen to where it trains."""
        if not self.scenario.trains:
            return self.scenario.trainer
        return float(self.throughput.sum() / np.maximum(1 - self.stall, 1e-3).sum())

    @property
    def others(self) -> float:
        """CPU seconds for a batch that no stage has: of a trainer that trains; 0 where it sleeps."""
        if not self.scenario.trains:
            return 0.0
        return float(max(0.0, np.median(self.process / self.throughput - self.cpu.sum(axis=1))))

    @property
    def untuned(self) -> int:
        """Row of one worker a stage."""
        return self.row_of(Knobs((1, 1, 1, 1), int(self.allocation.prefetch.min())))

    def take(self, rows: IntArray) -> Grid:
        """Of these allocations alone."""
        figures = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays: dict[str, Any] = {name: a[rows] for name, a in figures.items() if isinstance(a, np.ndarray)}
        return replace(self, allocation=self.allocation.take(rows), **arrays)

    def row_of(self, knobs: Knobs) -> int:
        """Of an allocation that was measured."""
        same = (self.allocation.workers == np.array(knobs.workers)).all(axis=1)
        found = np.flatnonzero(same & (self.allocation.prefetch == knobs.prefetch))
        if not len(found):
            raise GridError(f"{knobs.workers} with {knobs.prefetch} ready was not measured, or only disturbed")
        return int(found[0])


def allocations(levels: Sequence[Sequence[int]] = LEVELS) -> list[Knobs]:
    """All combinations."""
    return [Knobs.lean((f, d, s, b), ready) for f, d, s, b, ready in product(*levels)]


def measure(
    workload: Workload,
    scenario: Scenario,
    path: Path,
    *,
    cores: int,
    passes: int = 2,
    levels: Sequence[Sequence[int]] = LEVELS,
    seconds: float = float("inf"),
    seed: int = 0,
    progress: Progress = silent,
) -> pa.Table:
    """Every allocation in each pass, a row a probe; `seconds`: begin no probe after so many."""
    rows = pq.read_table(path).to_pylist() if path.exists() else []
    until, scenario = time.monotonic() + seconds, paced(workload, scenario)
    for number in range(passes):
        done = {tuple(row[k] for k in KEY) for row in rows if row["pass"] == number}
        missing = [k for k in _ordered(allocations(levels), seed + number) if (*k.workers, k.prefetch) not in done]
        if not missing or time.monotonic() > until:
            continue
        with on_cores(cores), RunningPipeline(workload, scenario, missing[0]) as running:
            running.probe(missing[0])  # start-up: not kept
            for place, knobs in enumerate(missing):
                if time.monotonic() > until:
                    break
                probe = running.probe(knobs)
                rows.append(_row(probe, scenario, cores, number))
                if place % SAVED_EVERY == 0:
                    _save(rows, path)
                progress(
                    f"{scenario.name}, pass {number + 1}: {knobs.workers} {probe.batches_per_second:.1f} batches/s"
                )
        _save(rows, path)
    return pa.Table.from_pylist(rows)


def read(path: Path, scenario: Scenario, *, others: float = FOREIGN) -> Grid:
    """Of that scenario; `others`: cores that others may have used in a probe that counts.

    Raises GridError where fewer than ten allocations were measured undisturbed.
    """
    if not path.exists():
        raise GridError(f"{path} is not there; `recsys tuner grid` measures it")
    probes = pq.read_table(path)
    columns = {name: probes[name].to_numpy() for name in probes.column_names if name != "scenario"}
    columns["process"] = columns.pop("cpu")
    quiet = (columns["foreign"] <= others) & (columns["throughput"] > 0)  # nothing at all: the machine stood still
    kept = {name: values[quiet] for name, values in columns.items()}
    tried, of = np.unique(np.column_stack([kept[k] for k in KEY]), axis=0, return_inverse=True)
    if len(tried) < 10:
        raise GridError(
            f"{path}: {len(tried)} allocations undisturbed of {len(quiet)} probes; measure on a quiet machine"
        )
    measured = replace(scenario, trainer=float(np.median(columns["trainer"])))
    return _grid(kept, tried, of.reshape(-1), np.unique(columns["pass"]), measured, int((~quiet).sum()))


def _grid(
    kept: dict[str, FloatArray], tried: IntArray, of: IntArray, passes: IntArray, scenario: Scenario, left_out: int
) -> Grid:
    """`of`: the row of `tried` that each kept probe was of."""

    def middle(name: str) -> FloatArray:
        return np.array([np.median(kept[name][of == row]) for row in range(len(tried))])

    def stages(name: str) -> FloatArray:
        return np.column_stack([middle(f"{name}_{s}") for s in STAGES])

    each = np.full((len(tried), len(passes)), np.nan)
    each[of, np.searchsorted(passes, kept["pass"])] = kept["throughput"]
    return Grid(
        scenario,
        int(kept["cores"][0]),
        Allocation(tried[:, :-1].astype(np.int64), tried[:, -1].astype(np.int64)),
        middle("throughput"),
        each,
        stages("work"),
        stages("cpu"),
        stages("busy"),
        middle("stall"),
        middle("in_flight"),
        middle("process"),
        left_out,
    )


@contextmanager
def on_cores(cores: int) -> Iterator[None]:
    """Threads that start inside may use so many cores; those that run keep theirs."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    if cores > len(allowed):
        raise GridError(f"{cores} cores were asked for, this process may use {len(allowed)}")
    os.sched_setaffinity(0, set(sorted(allowed)[:cores]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _ordered(knobs: list[Knobs], seed: int) -> list[Knobs]:
    shuffled = [knobs[i] for i in np.random.default_rng(seed).permutation(len(knobs))]
    return sorted(shuffled, key=lambda k: k.workers[0])


def _row(probe: Probe, scenario: Scenario, cores: int, number: int) -> dict[str, float | int | str | None]:
    knobs = dict(zip(KEY, (*probe.knobs.workers, probe.knobs.prefetch), strict=True))
    figures = {
        f"{name}_{stage}": value
        for name, values in (("work", probe.work), ("cpu", probe.cpu_seconds), ("busy", probe.busy))
        for stage, value in zip(STAGES, values, strict=True)
    }
    return {
        "scenario": scenario.name,
        "latency": scenario.latency,
        "trainer": scenario.trainer,
        "cores": cores,
        "pass": number,
        **knobs,
        "throughput": probe.batches_per_second,
        "seconds": probe.seconds,
        "stall": probe.stall,
        "wait_p50": probe.wait_p50,
        "wait_p95": probe.wait_p95,
        "wait_p99": probe.wait_p99,
        "cpu": probe.cpu,
        "foreign": probe.foreign,
        "in_flight": probe.in_flight,
        "gpu": probe.gpu,
        **figures,
    }


def _save(rows: list[dict[str, float | int | str | None]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as aside:
        pq.write_table(pa.Table.from_pylist(rows), aside)
