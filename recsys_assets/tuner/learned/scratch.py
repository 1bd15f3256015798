"""Tuners that learn from nothing, several trainings of each, side by side in processes of one thread.

What each recipe is for:

    stages     TUNER.md's recipe: figures of each stage, a step for each, q less what is unsafe and what is moved
    fives      the same with InTune's steps of 1 and 5
    whole      the same without figures of the stages
    paid       the same with InTune's reward
    intune     InTune as far as it is known: DQN, global view, its reward, one knob a decision
    proposals  PPO over what the fitted model proposes
"""

from __future__ import annotations

import json
import math
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from recsys_assets.atomic import write_text
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.learned.intune import train_intune
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.learned.stage_view import RECIPE, StageView
from recsys_assets.tuner.learned.training import TrainedTuner, TunerConfig, TunerLook, train_tuner
from recsys_assets.tuner.learned.views import GlobalView, ProposalView, View

FROM_NOTHING = TunerConfig(steps=3_000_000, gamma=0.8, entropy=0.001, look_every=15)
VIEWS: dict[str, Callable[[], View]] = {
    "stages": StageView,
    "fives": lambda: StageView(steps=RECIPE),
    "whole": lambda: StageView(observes="whole"),
    "paid": lambda: StageView(rewarded="intune"),
    "intune": GlobalView,
    "proposals": ProposalView,
}
CONFIGS: dict[str, TunerConfig] = {
    "proposals": TunerConfig(steps=800_000),
    "intune": TunerConfig(steps=3_000_000, gamma=0.9, look_every=15),
}
"""Of recipes that are not trained like the others."""
PLAN = {"stages": 5, "intune": 3, "fives": 2, "whole": 2, "paid": 2, "proposals": 2}
"""Trainings of each."""
START = 15.0
"""Seconds that a process is given to begin and to end."""


@dataclass(frozen=True)
class Training:
    """One that is over; its policy is kept in `<recipe>-<seed>.npz` beside it."""

    recipe: str
    name: str
    seed: int
    looks: tuple[TunerLook, ...]
    per_cpu_second: float
    seconds: float
    """Of wall time."""

    @property
    def quality(self) -> float:
        """On validation pipelines."""
        return max(look.quality for look in self.looks)


@dataclass(frozen=True)
class _Job:
    recipe: str
    seed: int
    config: TunerConfig
    folder: Path


def train_all(
    folder: Path,
    plan: Mapping[str, int] = PLAN,
    *,
    jobs: int = 1,
    minutes: float | None = None,
    steps: int | None = None,
    config: TunerConfig | None = None,
    progress: Progress = silent,
) -> list[Training]:
    """`jobs` trainings at a time; those not done after `minutes` of all together stop and keep their best weights.

    `steps`: of each training, instead of its recipe's; `config`: instead of all recipes'.
    """
    folder.mkdir(parents=True, exist_ok=True)
    todo = [
        _Job(recipe, seed, _config(config or CONFIGS.get(recipe, FROM_NOTHING), steps), folder)
        for recipe, seeds in plan.items()
        for seed in range(1, seeds + 1)
    ]
    if minutes is not None:
        each = max(1.0, 60 * minutes / math.ceil(len(todo) / jobs) - START)
        todo = [_Job(j.recipe, j.seed, j.config.model_copy(update={"seconds": each}), folder) for j in todo]
    done = [_train(job, progress) for job in todo] if jobs == 1 else _in_processes(todo, jobs, progress)
    write_text(folder / "trained.json", json.dumps([asdict(t) for t in done], indent=1))
    return done


def trained_in(folder: Path) -> list[tuple[Training, LearnedTuner]]:
    """All that `train_all` left there; empty where it was not run."""
    path = folder / "trained.json"
    if not path.exists():
        return []
    stored: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    found = [Training(**{**t, "looks": tuple(TunerLook(**look) for look in t["looks"])}) for t in stored]
    return [(t, policy_of(folder, t.recipe, t.seed)) for t in found]


def policy_of(folder: Path, recipe: str, seed: int) -> LearnedTuner:
    """Of one training that was left there."""
    return LearnedTuner.load(_path(folder, recipe, seed), VIEWS[recipe]())


def _config(config: TunerConfig, steps: int | None) -> TunerConfig:
    return config if steps is None else config.model_copy(update={"steps": steps})


def _path(folder: Path, recipe: str, seed: int) -> Path:
    return folder / f"{recipe}-{seed}.npz"


def _train(job: _Job, progress: Progress) -> Training:
    def told(line: str) -> None:
        progress(f"{job.recipe} {job.seed}: {line}")

    began = time.monotonic()
    made: TrainedTuner
    if job.recipe == "intune":
        made = train_intune(job.config, seed=job.seed, progress=told)
    else:
        made = train_tuner(job.config, seed=job.seed, view=VIEWS[job.recipe], progress=told)
    made.tuner.save(_path(job.folder, job.recipe, job.seed))
    seconds = time.monotonic() - began
    return Training(job.recipe, made.tuner.name, job.seed, made.looks, made.steps_per_second, seconds)


def _in_processes(todo: Sequence[_Job], jobs: int, progress: Progress) -> list[Training]:
    context = multiprocessing.get_context("spawn")
    lines: Any = context.Queue()
    with ProcessPoolExecutor(min(jobs, len(todo)), mp_context=context, initializer=_begin, initargs=(lines,)) as pool:
        running = [pool.submit(_train_and_tell, job) for job in todo]
        while not all(r.done() for r in running):
            try:
                progress(lines.get(timeout=1))
            except Empty:
                continue
        return [r.result() for r in running]


_lines: Any = None


def _begin(lines: Any) -> None:
    global _lines
    import torch

    torch.set_num_threads(1)
    lines.cancel_join_thread()  # what nobody reads any more keeps no process from ending
    _lines = lines


def _train_and_tell(job: _Job) -> Training:
    return _train(job, _lines.put)
