"""A small workload, and grids: one planted, whose law is known, and the measured ones that come with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.tuner.allocation import STAGES
from recsys_assets.tuner.real.grid import KEY, LEVELS, Grid, allocations, read
from recsys_assets.tuner.real.workload import Scenario, Work, Workload, workload
from recsys_assets_tests.loading.streaming.test_engine import sequences

RATE = np.array([20.0, 400.0, 150.0, 900.0])
CPU = np.array([0.001, 0.002, 0.005, 0.001])
TRAINER, CORES = 200.0, 2
PLANTED = Scenario("planted", trainer=TRAINER)


@pytest.fixture
def small(tmp_path: Path) -> Workload:
    return workload(
        sequences(),
        500,
        tmp_path,
        Work(window=10, batch_size=16, negatives=3, shuffle_buffer=128, events_per_group=400),
    )


def planted_throughput(knobs: Knobs) -> float:
    """The slowest of stages and trainer; no contention, no noise."""
    return min(float((RATE * np.array(knobs.workers)).min()), TRAINER, 0.9 * CORES / CPU.sum())


def planted_rows(passes: int = 1, foreign: float = 0.0) -> pl.DataFrame:
    rows = []
    for number in range(passes):
        for knobs in allocations(LEVELS):
            made = planted_throughput(knobs)
            busy = made / (RATE * np.array(knobs.workers))
            stages = {
                f"{name}_{s}": v
                for name, values in (("work", 1 / RATE), ("cpu", CPU), ("busy", busy))
                for s, v in zip(STAGES, values, strict=True)
            }
            held = 1e6 + 1e5 * sum(knobs.workers) + 2e5 * knobs.prefetch
            rows.append(
                {
                    "scenario": PLANTED.name,
                    "latency": PLANTED.latency,
                    "trainer": TRAINER,
                    "cores": CORES,
                    "pass": number,
                    **dict(zip(KEY, (*knobs.workers, knobs.prefetch), strict=True)),
                    "throughput": made,
                    "seconds": 1.0,
                    "stall": 1 - made / TRAINER,
                    "wait_p50": 0.0,
                    "wait_p95": 0.0,
                    "wait_p99": 0.0,
                    "cpu": 1.0,
                    "foreign": foreign,
                    "in_flight": held,
                    **stages,
                }
            )
    return pl.DataFrame(rows)


@pytest.fixture
def planted(tmp_path: Path) -> Grid:
    path = tmp_path / "grid.parquet"
    planted_rows().write_parquet(path)
    return read(path, PLANTED)
