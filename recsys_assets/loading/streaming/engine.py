"""The engine: runs the stages of a plan with so many workers each, and changes their number while it runs.

SPDL (arXiv 2504.20067) moves the items; every stage is an asynchronous operation that waits for a permit of a `Limiter`
before a thread does the work, so that a new number of workers is a new number of permits: nothing is rebuilt, nothing
is lost or read twice, and batches come in the order of the plan whatever the workers are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from recsys_assets.loading.batches import Batch
from recsys_assets.loading.shuffle import Examples
from recsys_assets.loading.streaming.gauges import Counters, Gauges
from recsys_assets.loading.streaming.limiter import Limiter
from recsys_assets.loading.streaming.stages import STAGES, AnyPlan, batch_of, bytes_of

MOST_WORKERS, MOST_PREFETCH, MOST_IN_FLIGHT = 16, 32, 64
MIXED = 8
"""Row groups that may wait while the shuffle buffer hands on a burst."""
FETCH, DECODE, SAMPLE, BATCH = range(len(STAGES))


class PipelineError(RuntimeError):
    """A stage failed; the message says which, and what of."""


@dataclass(frozen=True)
class Knobs:
    """What can be changed while it runs. Batches are the same whatever they are; only the speed is not."""

    workers: tuple[int, int, int, int] = (1, 1, 1, 1)
    """Of fetch, decode, sample and batch: 1-16 each."""
    prefetch: int = 2
    """Batches that wait ready, 1-32."""
    in_flight: int = 64
    """Row groups between storage and the shuffle buffer, 1-64."""

    @classmethod
    def lean(cls, workers: tuple[int, int, int, int], prefetch: int) -> Knobs:
        """With as many row groups in flight as keep these workers busy while the slowest is waited for, and no more."""
        fetch, decode, sample, _ = workers
        return cls(workers, prefetch, min(MOST_IN_FLIGHT, 2 * fetch + decode + sample + MIXED))

    def __post_init__(self) -> None:
        _within("workers", self.workers, MOST_WORKERS)
        _within("prefetch", [self.prefetch], MOST_PREFETCH)
        _within("in_flight", [self.in_flight], MOST_IN_FLIGHT)
        if len(self.workers) != len(STAGES):
            raise ValueError(f"{len(self.workers)} numbers of workers; one for each of {', '.join(STAGES)}")


class Engine(Protocol):
    """Whoever runs a plan: what the tuner sees of it."""

    gauges: Gauges

    def batches(self, epochs: Iterator[int]) -> Generator[Batch, None, None]:
        """All batches of each epoch in turn. Closing it stops all threads."""

    def resize(self, knobs: Knobs) -> None:
        """From any thread, at any time."""


@dataclass
class SpdlEngine:
    """One at a time may iterate."""

    plan: AnyPlan
    knobs: Knobs = field(default_factory=Knobs)
    gauges: Gauges = field(default_factory=lambda: Gauges(STAGES))

    def __post_init__(self) -> None:
        self.switched = 0
        self._limiters = [Limiter(n) for n in self.knobs.workers]
        self._ready, self._flying = Limiter(self.knobs.prefetch), Limiter(self.knobs.in_flight)

    def resize(self, knobs: Knobs) -> None:
        self.switched += knobs != self.knobs
        self.knobs = knobs
        for limiter, n in zip(self._limiters, knobs.workers, strict=True):
            limiter.resize(n)
        self._ready.resize(knobs.prefetch)
        self._flying.resize(knobs.in_flight)

    def read(self) -> Counters:
        """Totals up to now."""
        return self.gauges.read()

    @property
    def settled(self) -> bool:
        """Whether what was admitted under earlier knobs has gone through."""
        return self._flying.used <= self._flying.permits

    def batches(self, epochs: Iterator[int]) -> Generator[Batch, None, None]:
        for epoch in epochs:
            yield from self._epoch(epoch)

    def _epoch(self, epoch: int) -> Iterator[Batch]:
        self._limiters = [Limiter(n) for n in self.knobs.workers]
        self._ready, self._flying = Limiter(self.knobs.prefetch), Limiter(self.knobs.in_flight)
        with ThreadPoolExecutor(len(STAGES) * MOST_WORKERS, thread_name_prefix="loading") as pool:
            run = _Epoch(self, epoch, pool)
            with run.pipeline.auto_stop():
                yield from run.handed_over()


class _Epoch:
    """One pass over the row groups."""

    def __init__(self, engine: SpdlEngine, epoch: int, pool: ThreadPoolExecutor) -> None:
        from spdl.pipeline import PipelineBuilder

        self.engine, self.epoch, self.pool = engine, epoch, pool
        self.failure: BaseException | None = None
        many: dict[str, Any] = {"concurrency": MOST_WORKERS, "output_order": "input"}
        self.pipeline = (
            cast(Any, PipelineBuilder())
            .add_source(self._source(engine.plan.order(epoch)))
            .pipe(self._stage(FETCH, lambda job: engine.plan.fetch(*job), lambda job: job[1].nbytes), **many)
            .pipe(self._stage(DECODE, engine.plan.decode, lambda f: f.nbytes), **many)
            .pipe(self._stage(SAMPLE, lambda d: engine.plan.sample(epoch, d), lambda d: d.nbytes), **many)
            .aggregate(_mixing(engine, epoch))
            .disaggregate()
            .pipe(self._batch, concurrency=MOST_PREFETCH, output_order="input")
            .add_sink(MOST_PREFETCH)
            .build(num_threads=1, max_failures=0)
        )

    def handed_over(self) -> Iterator[Batch]:
        """Batches as the trainer takes them."""
        gauges, batches = self.engine.gauges, iter(self.pipeline)
        while True:
            asked = time.perf_counter()
            gauges.asked()
            try:
                batch = next(batches, None)
            except Exception as error:
                raise self._told(error) from error
            if batch is None:
                gauges.asking = None
                break
            gauges.handed_over(bytes_of(batch), len(batch.items), time.perf_counter() - asked)
            self.engine._ready.release_soon()
            yield batch
        if self.failure is not None:
            raise self._told(self.failure) from self.failure

    async def _source(self, groups: Iterable[Any]) -> AsyncIterator[tuple[int, Any]]:
        for place, group in enumerate(groups):
            await self.engine._flying.acquire()
            yield place, group

    def _stage(self, stage: int, work: Callable[[Any], Any], size: Callable[[Any], float]) -> Callable[[Any], Any]:
        """`work` in a thread, with a permit of the stage."""

        async def run(item: Any) -> Any:
            async with self.engine._limiters[stage]:
                return await self._in_thread(stage, work, item, size(item))

        run.__name__ = STAGES[stage]
        return run

    async def _batch(self, group: Examples) -> Batch:
        await self.engine._ready.acquire()
        async with self.engine._limiters[BATCH]:
            batch: Batch = await self._in_thread(BATCH, batch_of, group, group.windows.items.nbytes * 5.0)
        self.engine.gauges.made_ready(bytes_of(batch))
        return batch

    async def _in_thread(self, stage: int, work: Callable[[Any], Any], item: Any, size: float) -> Any:
        def measured() -> Any:
            with self.engine.gauges.working(stage, size):
                return work(item)

        try:
            return await asyncio.get_running_loop().run_in_executor(self.pool, measured)
        except Exception as error:
            error.add_note(f"in stage {STAGES[stage]} of epoch {self.epoch}")
            self.failure = self.failure or error
            raise

    def _told(self, error: BaseException) -> PipelineError:
        cause = self.failure or error
        where = "; ".join(getattr(cause, "__notes__", []))
        return PipelineError(f"the training-data pipeline stopped: {type(cause).__name__}: {cause} {where}".strip())


def _mixing(engine: SpdlEngine, epoch: int) -> Any:
    """The shuffle buffer as SPDL's aggregation: in order, one block at a time."""
    from spdl.pipeline.defs import Aggregator

    mixer = engine.plan.mixer(epoch)

    class Mixing(Aggregator):
        def accumulate(self, item: Examples) -> list[Examples] | None:
            engine._flying.release_soon()
            engine.gauges.shuffled(len(item))
            return mixer.add(item) or None

        def flush(self) -> list[Examples] | None:
            return mixer.rest() or None

    return Mixing()


def _within(name: str, values: Sequence[int], most: int) -> None:
    for value in values:
        if not 1 <= value <= most:
            raise ValueError(f"{name} {value} is outside 1-{most}")
