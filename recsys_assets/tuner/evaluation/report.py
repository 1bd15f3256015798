"""The simulated comparison: held-out pipelines of the familiar family, and of one whose dynamics were never trained on.

Rivals play once with each noise seed; a learned tuner plays with another training for each. Differences are paired by
pipeline and seed, and their interval is over pipelines and seeds alike.

What becomes of a tuner that runs a pipeline out of memory is the same for all: two intervals are lost, the pipeline
starts again with the last allocation that it survived, and memory is taken to be larger by what the crash has shown, so
that nobody submits what crashed again and again. All have the same estimate of memory and the same shield.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys_assets.evaluation.bootstrap import Interval, two_way_bootstrap
from recsys_assets.evaluation.canvas import Theme, blank, look_of, name_axis
from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.controllers.base import Controller
from recsys_assets.tuner.evaluation.known import Known
from recsys_assets.tuner.evaluation.plays import FAMILIES, HELD_OUT, HELD_OUT_SEED, read_all
from recsys_assets.tuner.evaluation.rivals import RIVAL
from recsys_assets.tuner.evaluation.simulated import Run, play
from recsys_assets.tuner.learned.online import TUNED
from recsys_assets.tuner.readings import FloatArray
from recsys_assets.tuner.simulator.families import Family
from recsys_assets.tuner.simulator.running import RESIZED, scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Contest:
    """Of one family: the runs of each tuner by name, one for each seed."""

    family: Family
    runs: dict[str, tuple[Run, ...]]

    def quality(self, name: str) -> FloatArray:
        """(seeds, pipelines) mean q."""
        return np.stack([run.per_pipeline for run in self.runs[name]])

    def against(self, name: str, other: str) -> Interval:
        """Mean difference in q, over pipelines and the seeds that both have."""
        mine, theirs = self.quality(name), self.quality(other)
        both = min(len(mine), len(theirs))
        return two_way_bootstrap(mine[:both] - theirs[:both], seed=0)

    @property
    def title(self) -> str:
        """The family, and how much was played."""
        first = next(iter(self.runs.values()))
        seeds = max(len(runs) for runs in self.runs.values())
        return f"{self.family.name}: {len(first[0].quality)} pipelines, {seeds} seeds"

    def rows(self, reference: str = RIVAL) -> list[dict[str, Any]]:
        """A row a tuner, the best first."""
        ordered = sorted(self.runs, key=lambda n: -float(self.quality(n).mean()))
        return [self._row(name, reference) for name in ordered]

    def _row(self, name: str, reference: str) -> dict[str, Any]:
        runs, difference = self.runs[name], self.against(name, reference)

        def mean(figure: str) -> float:
            return float(np.mean([getattr(run, figure) for run in runs]))

        return {
            "tuner": name,
            "seeds": len(runs),
            "q": float(self.quality(name).mean()),
            "between_seeds": float(np.std([run.per_pipeline.mean() for run in runs], ddof=len(runs) > 1)),
            "difference": difference.mean,
            "low": difference.low,
            "high": difference.high,
            "q_at_5": float(np.mean([run.at(5) for run in runs])),
            "q_at_15": float(np.mean([run.at(15) for run in runs])),
            "after_resize": mean("after_resize"),
            "at_end": mean("at_end"),
            "reached": mean("reached"),
            "died": mean("died"),
            "deaths": int(sum(run.deaths.sum() for run in runs)),
            "decision_ms": mean("decision_ms"),
        }


def hold(
    learned: Sequence[Controller],
    others: Sequence[Controller],
    *,
    families: Sequence[Family] = FAMILIES,
    pipelines: int = HELD_OUT,
    progress: Progress = silent,
) -> list[Contest]:
    """`learned`: one tuner for each training seed; all of one name."""
    contests = []
    for family in families:
        drawn = scenario(family, pipelines, seed=HELD_OUT_SEED)
        runs: dict[str, tuple[Run, ...]] = {}
        for rival in [Known(drawn), *others]:
            runs[rival.name] = tuple(play(rival, drawn, seed=seed) for seed in range(len(learned)))
            progress(f"{family.name}: {rival.name} q {np.mean([r.per_pipeline.mean() for r in runs[rival.name]]):.3f}")
        for name in dict.fromkeys(tuner.name for tuner in learned):
            of_name = [tuner for tuner in learned if tuner.name == name]
            runs[name] = tuple(play(tuner, drawn, seed=seed) for seed, tuner in enumerate(of_name))
            progress(f"{family.name}: {name} q {np.mean([r.per_pipeline.mean() for r in runs[name]]):.3f}")
        contests.append(Contest(family, runs))
    return contests


def played(folder: Path) -> list[Contest]:
    """Of all that `play_all` left there."""
    found = [(family, read_all(folder, family)) for family in FAMILIES]
    return [Contest(family, runs) for family, runs in found if runs]


def to_markdown(contests: Sequence[Contest]) -> str:
    """A table a family."""
    lines = []
    for contest in contests:
        steps = next(iter(contest.runs.values()))[0].quality.shape[1]
        lines += [
            f"### Simulated, {contest.title}, 16-128 cores",
            "",
            f"q: share of the best possible throughput, mean of {steps} intervals from one worker a stage, ± between "
            f"seeds; the machine changes size once, in interval {RESIZED[0]}-{RESIZED[1]}. Out of memory: share of "
            "pipelines, and times in all; each costs two intervals, then the last allocation survived, for all alike.",
            "",
            f"| tuner | q | seeds | against {RIVAL}, 95 % | at 5 | at 15 | 5 after re-size | end | reach 95 % | "
            "out of memory | ms |",
            "|---|---|---|---|---|---|---|---|---|---|---|",
            *(_line(row) for row in contest.rows()),
            "",
            *_online(contest),
        ]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    return (
        "| {tuner} | {q:.3f} ± {between_seeds:.3f} | {seeds} | {difference:+.3f} ({low:+.3f} to {high:+.3f}) | "
        "{q_at_5:.2f} | {q_at_15:.2f} | {after_resize:.2f} | {at_end:.2f} | {reached:.0%} | {died:.1%}, {deaths} | "
        "{decision_ms:.1f} |".format(**row)
    )


def _online(contest: Contest) -> list[str]:
    """What tuning online was worth, where it took part."""
    pairs = [(name, name + TUNED) for name in contest.runs if name + TUNED in contest.runs]
    found = [(name, tuned, contest.against(tuned, name)) for name, tuned in pairs]
    lines = [f"{tuned} against {name}: {d.mean:+.3f} ({d.low:+.3f} to {d.high:+.3f})" for name, tuned, d in found]
    return [*lines, ""] if lines else []


def steps_figure(contest: Contest, shown: Sequence[str], *, theme: Theme = "light") -> Figure:
    """q over intervals, counted from the re-size: before it the tuner meets one machine, after it another."""
    figure, axis = blank(8, 4, 1, 1, theme=theme)
    around = np.arange(-RESIZED[0], 60 - RESIZED[1])
    for place, name in enumerate(shown):
        runs, (colour, _) = contest.runs[name], look_of(place, theme)
        aligned = np.stack(
            [np.take_along_axis(r.quality, r.resized[:, None] + around, axis=1).mean(axis=0) for r in runs]
        ).mean(axis=0)
        axis.plot(around, aligned, color=colour, label=name)
    axis.axvline(0, color="#888888", linestyle=":", linewidth=1)
    axis.set_xlabel("intervals since the machine changed its size")
    axis.set_ylabel("share of the best throughput")
    axis.set_ylim(0, 1.02)
    axis.legend(fontsize=8, frameon=False)
    name_axis(axis, f"{contest.family.name} pipelines: throughput before and after a re-size", theme=theme)
    return figure
