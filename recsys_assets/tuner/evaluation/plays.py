"""All plays of the simulated contest, in processes side by side, each kept in a file of its own as soon as it is over.

<folder>/<family>/<tuner>-<seed>.npz: q of each interval, times out of memory, when the re-size was, CPU milliseconds of
a decision. What is there is not played again, so a contest that was stopped goes on where it was.
"""

from __future__ import annotations

import multiprocessing
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys_assets.atomic import atomic_file
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.evaluation.known import BOUND, Known
from recsys_assets.tuner.evaluation.rivals import rivals
from recsys_assets.tuner.evaluation.simulated import Run, play
from recsys_assets.tuner.learned.online import TUNED
from recsys_assets.tuner.simulator.families import FAMILIAR, SHIFTED, Family
from recsys_assets.tuner.simulator.running import RunningPipelines, Scenario, scenario

HELD_OUT, HELD_OUT_SEED = 256, 777
"""Pipelines of the comparison: drawn with a seed that training never uses."""
FAMILIES = (FAMILIAR, SHIFTED)
TIMED = 20
"""Decisions for a single pipeline whose CPU time is taken."""


@dataclass(frozen=True)
class Entrant:
    """A rival by its name, or a training that `train_all` left in `scratch`."""

    name: str
    seed: int
    training: tuple[Path, str, int] | None = None
    """Folder, recipe, seed."""
    online: bool = False
    """Whether it is tuned on while it plays."""


def entrants(*, seeds: int, search: bool = True, scratch: Path | None = None, online: bool = False) -> list[Entrant]:
    """Rivals once with each noise seed; each training once, with the noise seed of its place among its own.

    `online`: PPO from scratch once more, tuned to each pipeline while it plays.
    """
    names = [BOUND, *(rival.name for rival in rivals(search=search))]
    found = [Entrant(name, seed) for name in names for seed in range(seeds)]
    if scratch is not None:
        from recsys_assets.tuner.learned.scratch import trained_in

        for training, _ in trained_in(scratch):
            place = (scratch, training.recipe, training.seed)
            found.append(Entrant(training.name, training.seed - 1, place))
            if online and training.recipe == "stages":
                found.append(Entrant(training.name + TUNED, training.seed - 1, place, online=True))
    return found


def play_all(
    folder: Path,
    entered: Sequence[Entrant],
    *,
    pipelines: int = HELD_OUT,
    families: Sequence[Family] = FAMILIES,
    jobs: int = 1,
    progress: Progress = silent,
) -> None:
    """All that were not played yet, of every family."""
    todo = [(folder, family, who, pipelines) for who in entered for family in families]
    todo = [job for job in todo if not _path(folder, job[1], job[2]).exists()]
    for done, line in enumerate(_played(todo, jobs), start=1):
        progress(f"{done}/{len(todo)} {line}")


def read_all(folder: Path, family: Family) -> dict[str, tuple[Run, ...]]:
    """Runs by tuner, in the order of seeds; empty where nothing was played."""
    found: dict[str, dict[int, Run]] = {}
    for path in sorted((folder / family.name).glob("*.npz")):
        with np.load(path, allow_pickle=False) as kept:
            name, seed = str(kept["name"]), int(kept["seed"])
            run = Run(name, kept["quality"].astype(np.float64), kept["deaths"], kept["resized"], float(kept["ms"]))
        found.setdefault(name, {})[seed] = run
    return {name: tuple(runs[seed] for seed in sorted(runs)) for name, runs in found.items()}


def _played(todo: Sequence[tuple[Path, Family, Entrant, int]], jobs: int) -> Iterator[str]:
    if jobs == 1:
        yield from map(_play, todo)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from (future.result() for future in as_completed([pool.submit(_play, job) for job in todo]))


def _play(job: tuple[Path, Family, Entrant, int]) -> str:
    folder, family, who, pipelines = job
    drawn = scenario(family, pipelines, seed=HELD_OUT_SEED)
    run, ms = play(_controller(who, drawn), drawn, seed=who.seed), _decision_ms(who, drawn)
    path = _path(folder, family, who)
    with atomic_file(path) as aside, aside.open("wb") as handle:
        np.savez_compressed(
            handle,
            name=np.array(run.name),
            seed=who.seed,
            quality=run.quality.astype(np.float32),
            deaths=run.deaths,
            resized=run.resized,
            ms=ms,
        )
    return f"{family.name}: {run.name}, seed {who.seed}: q {run.per_pipeline.mean():.3f}, {ms:.1f} ms a decision"


def _controller(who: Entrant, drawn: Scenario) -> Controller:
    if who.name == BOUND:
        return Known(drawn)
    if who.training is not None:
        from recsys_assets.tuner.learned.guarded import tuned_online
        from recsys_assets.tuner.learned.scratch import policy_of

        return tuned_online(policy_of(*who.training)) if who.online else policy_of(*who.training)
    return next(rival for rival in rivals(seed=who.seed) if rival.name == who.name)


def _decision_ms(who: Entrant, drawn: Scenario) -> float:
    """CPU milliseconds of a decision for one pipeline."""
    one = drawn.take(np.arange(1))
    controller, running, spent = _controller(who, one), RunningPipelines(one, seed=who.seed), 0.0
    controller.begin(1)
    wanted = running.allocation
    for _ in range(TIMED):
        readings, _, _ = running.step(wanted)
        began = time.process_time()
        wanted = controller.decide(readings)
        spent += time.process_time() - began
    return 1e3 * spent / TIMED


def _path(folder: Path, family: Family, who: Entrant) -> Path:
    return folder / family.name / f"{re.sub(r'[^a-z0-9]+', '-', who.name.lower()).strip('-')}-{who.seed}.npz"
