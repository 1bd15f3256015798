"""The tuned configuration: a tuner runs on the real pipeline for some decisions, then its choice meets the default.

Both are measured in turns on the same pipeline; how it is decided which is taken is in `judged`.
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
from recsys_assets.tuner.judged import LEAST_PAIRS, measured_pairs, undisturbed, verdict
from recsys_assets.tuner.live import Decision, LiveTuning
from recsys_assets.tuner.real.affinity import resizable
from recsys_assets.tuner.real.kept import decision_as_json
from recsys_assets.tuner.real.probe import WARM_UP, Probe, RunningPipeline, cores_at_hand
from recsys_assets.tuner.real.workload import Scenario, Workload

Pair = tuple[Probe, Probe]
"""Of the default and of the tuned."""
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
    """Whether it is faster by 5 % beyond chance: if not, `stages` and `prefetch` are the default's."""
    reason: str = ""
    """Why it was taken, or not."""

    @property
    def ratio(self) -> float:
        return self.throughput / max(self.untuned, 1e-9)

    @property
    def sentence(self) -> str:
        if not self.worth_it:
            return f"{self.scenario}: {self.reason or 'the default stays'} ({self.untuned:.0f} batches a second)"
        because = f"; {self.reason}" if self.reason else ""
        return (
            f"{self.scenario}: {self.untuned:.0f} -> {self.throughput:.0f} batches a second ({self.ratio:.2f} x), data "
            f"stall {self.untuned_stall:.0%} -> {self.stall:.0%}, workers {'/'.join(map(str, self.stages))}, "
            f"{self.prefetch} ready{because}"
        )


@dataclass(frozen=True)
class Tuning:
    """What came of it, and how it came."""

    tuned: Tuned
    log: tuple[Decision, ...]
    resized_at: int | None
    """Number of the decision before which the cores changed."""
    pairs: tuple[Pair, ...]
    """Of the default and of the tuned, disturbed ones included."""

    @property
    def sound(self) -> bool:
        """Whether enough was measured undisturbed."""
        return len(undisturbed(self.pairs)) >= LEAST_PAIRS

    @property
    def probes(self) -> Pair:
        """One of each, to show: of the pair whose gain is the middle one."""
        shown = undisturbed(self.pairs) or list(self.pairs)
        gains = [t.batches_per_second / max(d.batches_per_second, 1e-9) for d, t in shown]
        return shown[int(np.argsort(gains)[len(gains) // 2])]


def tune_live(
    workload: Workload,
    scenario: Scenario,
    controller: Controller,
    *,
    decisions: int,
    interval: float,
    resize: bool = True,
    budget: float = 60.0,
    progress: Progress = silent,
) -> Tuning:
    """`resize`: in mid-run one core less for a third of the run, where there are two, to see it follow.

    `budget`: seconds after which no pair of measurements begins.
    """
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
        pairs = measured_pairs(
            lambda knobs: running.probe(knobs, seconds=interval, most=4 * interval, warm_up=min(WARM_UP, interval)),
            UNTUNED,
            chosen,
            seconds=budget,
        )
    tuned = _judged(scenario, controller.name, chosen, pairs, len(tuning.decisions))
    progress(tuned.sentence)
    return Tuning(tuned, tuple(tuning.decisions), resized, tuple(pairs))


def _judged(scenario: Scenario, tuner: str, chosen: Knobs, pairs: list[Pair], decisions: int) -> Tuned:
    shown = undisturbed(pairs) or pairs

    def mean(which: int, figure: str) -> float:
        return float(np.mean([getattr(pair[which], figure) for pair in shown]))

    found = verdict(pairs)
    knobs = chosen if found.worth_it else UNTUNED
    return Tuned(
        scenario.name,
        tuner,
        knobs.workers,
        knobs.prefetch,
        mean(0, "batches_per_second"),
        mean(1, "batches_per_second"),
        mean(0, "stall"),
        mean(1, "stall"),
        mean(1, "in_flight"),
        pairs[0][0].cores,
        decisions,
        found.worth_it,
        found.reason,
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
