"""tf.data as a rival: the same stage functions in TensorFlow's engine, fixed or under its own AUTOTUNE.

    python tfdata_rival.py FOLDER WORKERS SECONDS

FOLDER holds `training.parquet` and `training.json` (what `recsys tuner profile` leaves in `data/tuner/<dataset>`).
WORKERS is `fetch,decode,sample,batch,prefetch`, or `autotune`, or `autotune:THREADS` for a pool and a `cpu_budget` of
so many. Printed are batches of each of SECONDS as JSON: a tuner's first seconds are part of what it does.

Stages hand on the place of what they made, not its bytes: TensorFlow moves numbers, the objects stay in this process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recsys_assets.loading.streaming.stages import batch_of
from recsys_assets.tuner.real.trainers import sleeping
from recsys_assets.tuner.real.workload import OBJECT_STORE, kept_workload


class Stages:
    """The work of each stage, by the place of its input in `made`."""

    def __init__(self, folder: Path) -> None:
        work = kept_workload(folder)
        if work is None:
            raise SystemExit(f"{folder} holds no snapshot; `recsys tuner profile` makes one")
        self.plan, self.made = work.plan(OBJECT_STORE), {}
        self.order, self.mixer = iter(self.plan.order(0)), self.plan.mixer(0)
        self.groups: dict[int, Any] = {}
        self.waiting: dict[int, Any] = {}
        self.next = 0

    def source(self) -> Any:
        for place, group in enumerate(self.order):
            self.groups[place] = group
            yield place

    def fetch(self, place: int) -> int:
        self.made[place] = self.plan.fetch(place, self.groups.pop(int(place)))
        return place

    def decode(self, place: int) -> int:
        self.made[place] = self.plan.decode(self.made[place])
        return place

    def sample(self, place: int) -> int:
        self.made[place] = self.plan.sample(0, self.made[place])
        return place

    def mix(self, place: int) -> np.ndarray:
        """Places of the groups that this block lets out: in order, one after the other."""
        found = self.mixer.add(self.made.pop(place))
        first, self.next = self.next, self.next + len(found)
        self.waiting.update(enumerate(found, start=first))
        return np.arange(first, self.next, dtype=np.int64)

    def batch(self, place: int) -> int:
        self.made[-1 - place] = batch_of(self.waiting.pop(int(place)))
        return -1 - place


def dataset(stages: Stages, workers: str) -> Any:
    import tensorflow as tf

    auto = workers.startswith("autotune")
    counts = [tf.data.AUTOTUNE] * 5 if auto else [int(n) for n in workers.split(",")]

    def mapped(found: Any, work: Callable[[int], Any], parallel: int | None) -> Any:
        def call(place: Any) -> Any:
            return tf.numpy_function(lambda p: work(int(p)), [place], tf.int64)

        in_order = {} if parallel is None else {"num_parallel_calls": parallel, "deterministic": True}
        return found.map(call, **in_order)

    found = tf.data.Dataset.from_generator(stages.source, output_signature=tf.TensorSpec((), tf.int64))
    for work, parallel in zip((stages.fetch, stages.decode, stages.sample), counts, strict=False):
        found = mapped(found, work, parallel)
    found = mapped(found, stages.mix, None).flat_map(
        lambda places: tf.data.Dataset.from_tensor_slices(tf.ensure_shape(places, (None,)))
    )
    found = mapped(found, stages.batch, counts[3]).prefetch(counts[4])
    options = tf.data.Options()
    options.autotune.enabled = auto
    if ":" in workers:
        threads = int(workers.split(":")[1])
        options.threading.private_threadpool_size = threads
        options.autotune.cpu_budget = threads
    elif not auto:
        options.threading.private_threadpool_size = 64
    return found.with_options(options)


def main(folder: Path, workers: str, seconds: int) -> None:
    stages, step = Stages(folder), sleeping(OBJECT_STORE.trainer)
    counts, began = np.zeros(seconds, dtype=np.int64), time.perf_counter()
    for place in dataset(stages, workers):
        at = int(time.perf_counter() - began)
        if at >= seconds:
            break
        counts[at] += 1
        step(stages.made.pop(int(place)))
    sys.stdout.write(f"{json.dumps({'batches': counts.tolist()})}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
