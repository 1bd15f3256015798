"""tf.data's own AUTOTUNE on our stage functions, held against the best fixed setting of its own engine:
`pytest -m benchmark recsys_assets_tests/benchmarks/test_tuner.py -s`.

Batches a second of two engines are not compared: they share neither threads nor overhead. What is compared is how near
a tuner comes to what its engine can do. Each setting is a process of its own that starts, warms up and is watched for
`RECSYS_BENCHMARK_SECONDS` (20): the mean of all of them counts what the tuner took to get there, the last third is what
it came to. Orders are turned round from round to round; rounds are `RECSYS_BENCHMARK_FOLDS` (2).

`RECSYS_RIVALS_PYTHON` names a Python that has tensorflow, pyarrow, psutil and pydantic; without it this is skipped.
"""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from rich.table import Table

from recsys_assets.loading.sequences import Sequences
from recsys_assets.tuner.real.workload import workload
from recsys_assets_tests.benchmarks.alone import alone
from recsys_assets_tests.benchmarks.tables import show

pytestmark = pytest.mark.benchmark

SCRIPT = Path(__file__).parent / "rivals" / "tfdata_rival.py"
SECONDS = int(os.environ.get("RECSYS_BENCHMARK_SECONDS", "20"))
ROUNDS = int(os.environ.get("RECSYS_BENCHMARK_FOLDS", "2"))
FIXED = ("1,1,1,1,2", "4,1,1,1,8", "8,1,2,1,8", "16,1,1,1,8", "16,1,2,1,8", "16,2,4,2,8", "16,16,16,16,16")
"""Parallel calls of fetch, decode, sample and batch, and batches ready."""
TUNED = {"autotune": "AUTOTUNE", "autotune:16": "AUTOTUNE, pool and cpu_budget of 16", "autotune:64": "the same of 64"}


def made_up(users: int = 610, events: int = 100_000, movies: int = 9_724) -> Sequences:
    """As many users, ratings and movies as ml-latest-small has."""
    rng = np.random.default_rng(0)
    lengths = 20 + rng.multinomial(events - 20 * users, rng.dirichlet(np.full(users, 0.5)))
    times = np.concatenate([np.sort(rng.integers(0, 10**9, n)) for n in lengths])
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Sequences(indptr, rng.integers(0, movies, events).astype(np.int32), rng.random(events, np.float32), times)


def python_with_tensorflow() -> str:
    python = os.environ.get("RECSYS_RIVALS_PYTHON", "")
    if not python or subprocess.run([python, "-c", "import tensorflow"], capture_output=True, check=False).returncode:
        pytest.skip("RECSYS_RIVALS_PYTHON names no Python that has tensorflow (docs/benchmarks.md)")
    return python


def watched(python: str, folder: Path, setting: str) -> np.ndarray | None:
    """Batches in each second; None where it took too long."""
    command = [python, str(SCRIPT), str(folder), setting, str(SECONDS)]
    found = alone(command, what=f"tf.data: {TUNED.get(setting, setting)}", env={"TF_CPP_MIN_LOG_LEVEL": "3"})
    return None if found is None else np.array(found["batches"])


def table_of(seen: dict[str, list[np.ndarray]]) -> Table:
    whole = {name: float(np.mean(runs)) for name, runs in seen.items()}
    last = {name: float(np.mean([run[-SECONDS // 3 :] for run in runs])) for name, runs in seen.items()}
    best = max(last[name] for name in FIXED if name in last)
    title = f"tf.data, emulated object store (100 ms), trainer asleep 1/250 s, {SECONDS} s, {ROUNDS} rounds"
    table = Table(title=title)
    for column in ("setting", "batches/s at the end", "of its best fixed", "mean with the start", "of its best fixed"):
        table.add_column(column, justify="left" if column == "setting" else "right")
    for name in sorted(seen, key=lambda n: -last[n]):
        shares = (f"{last[name]:.0f}", f"{last[name] / best:.2f}", f"{whole[name]:.0f}", f"{whole[name] / best:.2f}")
        table.add_row(TUNED.get(name, name), *shares)
    return table


@pytest.mark.timeout(7_200)
def test_tf_data_autotune_beside_its_own_best_fixed_setting(tmp_path: Path) -> None:
    python = python_with_tensorflow()
    workload(made_up(), 9_724, tmp_path)
    seen: dict[str, list[np.ndarray]] = defaultdict(list)
    settings = [*FIXED, *TUNED]
    for turn in range(ROUNDS):
        for setting in settings[:: 1 if turn % 2 == 0 else -1]:
            if (run := watched(python, tmp_path, setting)) is not None:
                seen[setting].append(run)
    show(table_of(seen), "tfdata")
    assert all(run.sum() > 0 for runs in seen.values() for run in runs)
