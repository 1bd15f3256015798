"""A profile finds the stage that limits, says so, and what helps is measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recsys_assets.loading.streaming.engine import Knobs, PipelineError
from recsys_assets.loading.streaming.storage import LocalDisk
from recsys_assets.tuner.real.probe import RunningPipeline
from recsys_assets.tuner.real.profile import profile
from recsys_assets.tuner.real.workload import OBJECT_STORE, Scenario, Workload

SLOW_STORE = replace(OBJECT_STORE, latency=0.1, trainer=1000.0)


def test_a_slow_store_is_found_and_more_workers_of_fetch_help_most(small: Workload) -> None:
    found = profile(small, SLOW_STORE, seconds=0.2)

    assert found.untuned.bottleneck == "fetch"
    assert "fetch" in found.limit
    assert "waits for storage" in found.limit
    assert found.best.probe.knobs.workers[0] >= 2
    assert found.best.gain > 0.3
    assert found.advice.startswith(found.best.change)
    assert {t.change for t in found.tried} >= {"fetch 1 -> 2", "sample 1 -> 2", "ready batches 2 -> 8"}
    assert found.switching.call_ms < 50


def test_a_slow_trainer_is_what_limits_a_quick_pipeline(small: Workload) -> None:
    with RunningPipeline(small, Scenario("slow trainer", latency=0.0, trainer=10.0)) as running:
        probe = running.probe(Knobs.lean((1, 1, 1, 1), 8), seconds=0.5)

    assert probe.bottleneck == "trainer"
    assert probe.batches_per_second < 40
    assert probe.stall < 0.05
    assert probe.wait_p50 <= probe.wait_p95 <= probe.wait_p99


def test_a_stage_that_fails_while_it_is_probed_is_told(small: Workload) -> None:
    class Gone(LocalDisk):
        def read(self, path: Path, start: int, length: int) -> bytes:
            raise OSError("disk is gone")

    running = RunningPipeline(small, SLOW_STORE)
    running.engine.plan = replace(running.engine.plan, storage=Gone())  # type: ignore[type-var]
    with pytest.raises(PipelineError, match="disk is gone"), running:
        running.probe(Knobs(), seconds=0.3, warm_up=0.1)


def test_a_snapshot_of_the_same_data_and_work_is_used_again(small: Workload, tmp_path: Path) -> None:
    from recsys_assets.tuner.real.workload import workload
    from recsys_assets_tests.loading.streaming.test_engine import sequences

    written = (tmp_path / "training.parquet").stat().st_mtime_ns
    again: Any = workload(sequences(), 500, tmp_path, small.work)
    assert (tmp_path / "training.parquet").stat().st_mtime_ns == written
    assert again.summary == small.summary
    workload(sequences(), 500, tmp_path, replace(small.work, events_per_group=300))
    assert (tmp_path / "training.parquet").stat().st_mtime_ns != written
