"""Where simulated pipelines come from: a family to learn on and to be tested on, and one whose dynamics are others.

Ranges hold what was measured of the real pipeline with emulated object storage (storage latency 100 ms; CPU seconds a
batch between stages up to 16 apart) and reach well beyond it, so that a tuner cannot know which it will meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.tuner.allocation import N_STAGES, IntArray
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.simulator.model import Pipelines

CORES = (16, 24, 32, 48, 64, 96, 128)


@dataclass(frozen=True)
class Family:
    """Ranges that pipelines are drawn from; `noise` is the deviation of every reading, as a share of it."""

    name: str
    spread: float
    """Ratio of the fastest to the slowest stage's rate, at most."""
    contention: float
    """Largest sigma; kappa goes up to a hundredth of it."""
    memory: float
    """Factor of the memory that a worker holds."""
    bandwidth: float
    """Factor of what storage gives."""
    noise: float


FAMILIAR = Family("familiar", spread=16, contention=0.02, memory=1.0, bandwidth=1.0, noise=0.03)
SHIFTED = Family("shifted", spread=128, contention=0.06, memory=2.5, bandwidth=0.3, noise=0.10)
"""Three times the contention, eight times the spread, 2.5 times the memory a worker, 0.3 of the bandwidth, more noise:
never trained on."""

WIDER = tuple(
    Family(
        f"between {share:g}",
        spread=float(FAMILIAR.spread * (SHIFTED.spread / FAMILIAR.spread) ** share),
        contention=FAMILIAR.contention + share * (SHIFTED.contention - FAMILIAR.contention),
        memory=FAMILIAR.memory + share * (SHIFTED.memory - FAMILIAR.memory),
        bandwidth=float(FAMILIAR.bandwidth * (SHIFTED.bandwidth / FAMILIAR.bandwidth) ** share),
        noise=FAMILIAR.noise + share * (SHIFTED.noise - FAMILIAR.noise),
    )
    for share in (0.0, 0.0, 0.25, 0.5, 0.75)
)
"""What is trained on: the familiar family, and part of the way to the shifted one, which itself is left out."""


def draw(family: Family, n: int, rng: np.random.Generator) -> Pipelines:
    """`n` pipelines, each on a machine of its own."""
    cores = rng.choice(CORES, n).astype(np.int64)
    rate = np.exp(rng.uniform(0, np.log(family.spread), (n, N_STAGES)))
    cpu_share = np.concatenate([rng.uniform(0.02, 0.3, (n, 1)), rng.uniform(0.6, 1.0, (n, N_STAGES - 1))], axis=1)
    contention = family.contention * rng.uniform(0, 1, (n, N_STAGES))
    coherence = family.contention / 100 * rng.uniform(0, 1, (n, N_STAGES))
    balanced = cores / (cpu_share / rate).sum(axis=1)  # all cores at work
    bandwidth = family.bandwidth * balanced * np.exp(rng.uniform(np.log(0.6), np.log(4), n))
    trainer = balanced * np.exp(rng.uniform(np.log(0.3), np.log(3), n))
    worker_memory, batch_memory, base = _memory(family, rate, balanced, rng)
    variability = rng.uniform(0.1, 1.0, n)
    return Pipelines(
        rate,
        cpu_share,
        contention,
        coherence,
        worker_memory,
        batch_memory,
        base,
        bandwidth,
        trainer,
        variability,
        cores,
    )


def other_cores(cores: IntArray, rng: np.random.Generator) -> IntArray:
    """For each machine another size, as after a re-size in mid-run."""
    sizes = np.array(CORES)
    place = np.searchsorted(sizes, cores)
    moved = (place + rng.integers(1, len(sizes), len(cores))) % len(sizes)
    found: IntArray = sizes[moved].astype(np.int64)
    return found


def _memory(
    family: Family, rate: FloatArray, balanced: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of a worker, of a batch, of all else: what all cores at work would hold is 0.3-1.2 of the budget, so that memory
    is what limits some pipelines and not others."""
    n = len(balanced)
    base = rng.uniform(0.05, 0.2, n)
    shares = rng.dirichlet(np.full(N_STAGES, 2.0), n)
    workers = np.maximum(1, balanced[:, None] / rate)
    held = rng.uniform(0.3, 1.2, n) - base
    worker = family.memory * held[:, None] * shares / workers
    batch = rng.uniform(0.001, 0.01, n)
    room = 0.8 * (1 - base - batch) / worker.sum(axis=1)  # one worker a stage always fits
    return worker * np.minimum(1, room)[:, None], batch, base
