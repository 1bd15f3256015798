"""The tuned configuration: a tuner runs on the real pipeline for some decisions, then its choice meets the default.

Both are measured in turn on the same pipeline (default, tuned, tuned, default), so drift of the machine hits both; only
where the tuned one is faster by `WORTH` it is taken, else the default stays, and that is said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recsys_assets.atomic import write_text
from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.deployed import folder_of
from recsys_assets.tuner.live import Decision, LiveTuning
from recsys_assets.tuner.real.affinity import resizable
from recsys_assets.tuner.real.kept import decision_as_json
from recsys_assets.tuner.real.probe import Probe, RunningPipeline, cores_at_hand
from recsys_assets.tuner.real.workload import Scenario, Workload

WORTH = 0.05
UNTUNED = Knobs.lean((1, 1, 1, 1), 2)


@dataclass(frozen=True)
class Tuned:
    """For one scenario. Rates in batches a second."""

    scenario: str
    tuner: str
    stages: tuple[int, int, int, int]
    prefetch: int
    untuned: float
    throughput: float
    untuned_stall: float
    stall: float
    in_flight: float
    """Bytes of the tuned one, at most."""
    cores: int
    decisions: int
    worth_it: bool
    """Whether it is faster by 5 %: if not, `stages` and `prefetch` are the default's."""

    @property
    def ratio(self) -> float:
        return self.throughput / max(self.untuned, 1e-9)

    @property
    def sentence(self) -> str:
        if not self.worth_it:
            return f"{self.scenario}: nothing to win here, the default stays ({self.untuned:.0f} batches a second)"
        return (
            f"{self.scenario}: {self.untuned:.0f} -> {self.throughput:.0f} batches a second ({self.ratio:.2f} x), data "
            f"stall {self.untuned_stall:.0%} -> {self.stall:.0%}, workers {self.stages}, {self.prefetch} ready"
        )


@dataclass(frozen=True)
class Tuning:
    """What came of it, and how it came."""

    tuned: Tuned
    log: tuple[Decision, ...]
    resized_at: int | None
    """Number of the decision before which the cores changed."""
    probes: tuple[Probe, Probe]
    """Of the default and of the tuned."""


def tune_live(
    workload: Workload,
    scenario: Scenario,
    controller: Controller,
    *,
    decisions: int,
    interval: float,
    resize: bool = True,
    progress: Progress = silent,
) -> Tuning:
    """`resize`: in mid-run one core less for a third of the run, where there are two, to see it follow."""
    cores = cores_at_hand()
    resized = decisions // 2 if resize and cores > 1 else None
    with RunningPipeline(workload, scenario, UNTUNED) as running:
        tuning = LiveTuning(running.engine, controller, cores, scenario.budget, interval)
        with resizable(cores) as use_cores, tuning:
            if resized is not None:
                tuning.wait_for(resized)
                use_cores(cores - 1)
                tuning.cores = cores - 1
                tuning.wait_for(resized + decisions // 3)
                use_cores(cores)
                tuning.cores = cores
            tuning.wait_for(decisions)
        chosen = running.engine.knobs
        order = (UNTUNED, chosen, chosen, UNTUNED)
        probes = [running.probe(knobs, seconds=interval, most=4 * interval) for knobs in order]
    tuned = _judged(scenario, controller.name, chosen, probes, len(tuning.decisions))
    progress(tuned.sentence)
    return Tuning(tuned, tuple(tuning.decisions), resized, (probes[0], probes[1]))


def _judged(scenario: Scenario, tuner: str, chosen: Knobs, probes: list[Probe], decisions: int) -> Tuned:
    default, tuned = (probes[0], probes[3]), (probes[1], probes[2])

    def mean(of: tuple[Probe, Probe], figure: str) -> float:
        return float(np.mean([getattr(p, figure) for p in of]))

    untuned, throughput = mean(default, "batches_per_second"), mean(tuned, "batches_per_second")
    worth = throughput >= (1 + WORTH) * untuned
    knobs = chosen if worth else UNTUNED
    return Tuned(
        scenario.name,
        tuner,
        knobs.workers,
        knobs.prefetch,
        untuned,
        throughput,
        mean(default, "stall"),
        mean(tuned, "stall"),
        mean(tuned, "in_flight"),
        probes[0].cores,
        decisions,
        worth,
    )


def tuned_path(settings: Settings) -> Path:
    return folder_of(settings) / "tuned.json"


def decisions_path(settings: Settings, scenario: str) -> Path:
    return folder_of(settings) / f"decisions-{scenario}.json"


def publish(settings: Settings, found: Sequence[Tuned]) -> Path:
    """What training reads from now on; what was found for other scenarios stays."""
    path = tuned_path(settings)
    tuned = {**published(settings), **{t.scenario: t for t in found}}
    write_text(path, json.dumps({name: asdict(t) for name, t in tuned.items()}, indent=1))
    return path


def publish_tuning(settings: Settings, found: Sequence[Tuning]) -> Path:
    """The same with every decision that led there, in a file of each scenario."""
    for tuning in found:
        log = [decision_as_json(decision) for decision in tuning.log]
        write_text(decisions_path(settings, tuning.tuned.scenario), json.dumps(log, indent=1))
    return publish(settings, [t.tuned for t in found])


def published(settings: Settings) -> dict[str, Tuned]:
    """By scenario; empty where nothing was tuned yet."""
    path = tuned_path(settings)
    if not path.exists():
        return {}
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name: Tuned(**{**t, "stages": tuple(t["stages"])}) for name, t in stored.items()}
