"""A tuner on the real pipeline while it is read from: it moves the workers, loses nothing, and says what it did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.streaming.engine import Knobs, SpdlEngine
from recsys_assets.loading.streaming.snapshot import write_snapshot
from recsys_assets.loading.streaming.stages import Plan
from recsys_assets.loading.streaming.storage import LocalDisk, ObjectStore
from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.live import NOBODY, LiveTuning, readings_between
from recsys_assets.tuner.readings import Readings
from recsys_assets_tests.loading.streaming.test_engine import as_bytes, columns, sequences


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    snapshot = write_snapshot(sequences(), tmp_path / "snapshot.parquet", users_per_group=5)
    return Plan(
        snapshot=snapshot,
        storage=LocalDisk(),
        window=10,
        negatives=Negatives(3, 500),
        batch_size=16,
        shuffle_buffer=128,
        by_length=True,
        seed=7,
    )


class Eager:
    """Wants another number of workers each time, and once what no engine has."""

    name = "eager"

    def begin(self, n: int) -> None:
        self.asked = 0

    def decide(self, readings: Readings) -> Allocation:
        self.asked += 1
        return Allocation.bounded(np.full((1, 4), 1 + self.asked % 3 + 100 * (self.asked == 2)), np.array([4]))


def test_batches_are_the_same_while_a_tuner_moves_the_workers(plan: Plan) -> None:
    slow = replace(plan, storage=ObjectStore(latency=0.01))
    engine = SpdlEngine(slow)
    with LiveTuning(engine, Eager(), cores=2, budget=1e9, interval=0.02) as tuning:
        found = [as_bytes(batch) for batch in engine.batches(iter([0]))]

    assert found == columns(SpdlEngine(plan))
    assert len(tuning.decisions) >= 3
    assert engine.switched >= 2
    assert "fetch 1 -> 2" in next(d.action for d in tuning.decisions if d.by != NOBODY)
    assert max(max(d.after.workers) for d in tuning.decisions) <= 16


def test_a_fitted_model_says_what_it_counts_on(plan: Plan) -> None:
    engine = SpdlEngine(replace(plan, storage=ObjectStore(latency=0.01)))
    with LiveTuning(engine, Shielded(ModelBased()), cores=2, budget=1e9, interval=0.02) as tuning:
        for _ in engine.batches(iter([0])):
            pass
    assert {d.by for d in tuning.decisions} - {NOBODY} == {ModelBased.name}
    assert any(d.expected > 0 for d in tuning.decisions)


def test_nothing_is_decided_before_a_batch_has_come(plan: Plan) -> None:
    """The first row group takes some twenty intervals: a tuner that saw them would take it for a lack of memory."""
    engine = SpdlEngine(replace(plan, storage=ObjectStore(latency=0.4)))
    with LiveTuning(engine, Shielded(ModelBased()), cores=2, budget=1e9, interval=0.02) as tuning:
        for _ in engine.batches(iter([0])):
            pass
    waited = [d for d in tuning.decisions if d.by == NOBODY]
    assert len(waited) >= 5
    assert all(d.action == "nothing" and d.throughput == 0 for d in waited)
    assert any(d.after.workers[0] > 1 for d in tuning.decisions if d.by == ModelBased.name)


def test_a_tuner_that_fails_does_not_stop_the_training_and_is_told_at_the_end(plan: Plan) -> None:
    class Broken(Eager):
        def decide(self, readings: Readings) -> Allocation:
            raise ZeroDivisionError("no idea")

    engine, found = SpdlEngine(replace(plan, storage=ObjectStore(latency=0.01))), []
    with pytest.raises(ZeroDivisionError), LiveTuning(engine, Broken(), cores=2, budget=1e9, interval=0.02):
        found += [as_bytes(batch) for batch in engine.batches(iter([0]))]

    assert found == columns(SpdlEngine(plan))


def test_readings_are_what_was_counted(plan: Plan) -> None:
    engine = SpdlEngine(plan, Knobs((2, 1, 1, 1), 3))
    before = engine.read()
    n = len(columns(engine))
    after = engine.read()
    readings = readings_between(before, after, engine.knobs, cores=2, budget=1e9, batch_size=16)

    assert readings.throughput[0] == pytest.approx(after.windows / 16 / (after.at - before.at))
    assert n - 1 <= after.windows / 16 <= n
    assert readings.allocation.workers.tolist() == [[2, 1, 1, 1]]
    np.testing.assert_allclose(readings.cpu[0] * after.windows / 16, after.cpu)
    assert not readings.down[0]
    assert (readings.stage_memory > 0).all()
