"""How a training was fed: waits are what they were, and pipelines that differ in one batch are found out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.fed import Fed
from recsys_assets.loading.feeding import compared_batches, default_of, feeding_markdown, feeding_of
from recsys_assets.loading.negatives import Negatives
from recsys_assets.loading.pipeline import PipelineConfig, training_pipeline
from recsys_assets_tests.loading.streaming.test_engine import sequences

TUNED = PipelineConfig(engine="streaming", stages=(2, 1, 3, 2), prefetch=4, chunk_users=8)


def pipeline(config: PipelineConfig, seed: int = 3):  # type: ignore[no-untyped-def]
    return training_pipeline(sequences(), 10, Negatives(3, 500), config, seed)


@dataclass
class Slow:
    """A batch every `wait` seconds; the first `late` of them later still."""

    wait: float
    late: float = 0.0

    def epoch(self, number: int) -> Iterator[Batch]:
        for i, batch in enumerate(pipeline(PipelineConfig()).epoch(0)):
            time.sleep(self.late if i == 0 else self.wait)
            yield batch


def test_waits_are_counted_batch_by_batch() -> None:
    fed = Fed()
    n = sum(1 for _ in fed.watched(Slow(0.001, late=0.05).epoch(0)))
    assert len(fed.waits) == fed.batches == n
    assert fed.wait(0) >= 0.001
    assert fed.wait(1) >= 0.05
    assert fed.wait(0.5) < 0.05
    assert fed.waited >= sum(fed.waits)
    assert Fed().wait(0.5) == 0.0


def test_the_default_and_the_tuned_pipeline_make_the_same_batches_and_the_table_says_so() -> None:
    trained = Fed(batches=10, seconds=0.02, waited=0.01)
    found = feeding_of(trained, TUNED, pipeline)
    assert found.same
    assert found.compared == sum(1 for _ in pipeline(TUNED).epoch(0))
    assert found.default is not None
    assert found.tuned is not None
    assert found.default.batches
    assert found.tuned.batches
    table = feeding_markdown(found)
    assert table.count("\n| ") == 3
    assert "equal byte for byte" in table
    assert "workers 2/1/3/2, 4 ready" in table


def test_one_other_byte_is_found_out() -> None:
    class Other:
        def epoch(self, number: int) -> Iterator[Batch]:
            *most, last = pipeline(TUNED).epoch(number)
            yield from most
            yield replace(last, ratings=last.ratings + np.float32(0.5))

    assert not compared_batches(pipeline(TUNED), Other())[1]
    assert not compared_batches(pipeline(TUNED), pipeline(TUNED, seed=4))[1]


def test_a_training_by_the_default_is_measured_by_itself() -> None:
    trained = Fed(batches=10, seconds=1.0, waited=0.1)
    found = feeding_of(trained, PipelineConfig(batch_size=8), pipeline)
    assert (found.default, found.tuned, found.is_default) == (None, None, True)
    assert "10.0 | 10.0%" in feeding_markdown(found)


@pytest.mark.parametrize(("source", "engine"), [("memory", "threads"), ("snapshot", "streaming")])
def test_the_default_reads_the_same_data(source: str, engine: str) -> None:
    asked = TUNED.model_copy(update={"source": source, "store_latency": 0.1})
    default = default_of(asked)
    assert (default.engine, default.source, default.store_latency) == (engine, source, 0.1)
    assert (default.stages, default.chunk_users) == ((1, 1, 1, 1), 8)
