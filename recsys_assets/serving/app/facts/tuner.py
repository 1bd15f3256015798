"""What the pipeline tuner published: what it chose for each kind of storage, what that gained, and how it got there.

data/tuner/<dataset>/tuned.json                  scenario -> what was chosen and measured
data/tuner/<dataset>/decisions-<scenario>.json   each interval's reading and decision
data/reports/<dataset>/tuner.json                tuners compared: live on the real pipeline, and on simulated ones

Each is read if it is there; a file that can't be read is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_assets.settings import Settings

LABELS = {
    "tuner": "tuner",
    "q": "q",
    "difference": "against DS2",
    "at_end": "q at the end",
    "after_resize": "q after the re-size",
    "throughput": "batches/s",
    "times_untuned": "times untuned",
    "stall": "stall",
    "died": "out of memory",
}
"""Figure of a contest -> its column; those that a contest has are shown."""
SHARES = ("stall", "died")


@dataclass(frozen=True)
class Chosen:
    """For one scenario. Rates in batches a second."""

    scenario: str
    tuner: str
    workers: tuple[int, ...]
    prefetch: int
    untuned: float
    tuned: float
    untuned_stall: float
    stall: float
    decisions: int
    worth_it: bool

    @property
    def gain(self) -> float:
        return self.tuned / self.untuned if self.untuned > 0 else 0.0

    @property
    def words(self) -> str:
        if not self.worth_it:
            return "nothing to win here: the default stays"
        workers = ", ".join(f"{n}" for n in self.workers)
        return f"{self.gain:.2f} times the default; workers {workers}, {self.prefetch} batches ready"


@dataclass(frozen=True)
class Step:
    """One decision."""

    number: int
    throughput: float
    stall: float
    bottleneck: str
    workers: tuple[int, ...]
    prefetch: int


@dataclass(frozen=True)
class Contest:
    """Tuners compared, the best first."""

    rows: tuple[Mapping[str, Any], ...]

    @property
    def columns(self) -> list[str]:
        return [c for c in LABELS if any(row.get(c) is not None for row in self.rows)]

    @property
    def tuners(self) -> list[str]:
        return [str(row.get("tuner", "?")) for row in self.rows]

    @property
    def quality(self) -> list[float | None]:
        return [row.get("q") for row in self.rows]

    def told(self) -> list[list[str]]:
        """Cells under `columns`."""
        return [[_told(row, column) for column in self.columns] for row in self.rows]


@dataclass(frozen=True)
class Tuner:
    chosen: tuple[Chosen, ...]
    steps: Mapping[str, tuple[Step, ...]]
    """Of each scenario whose decisions were kept."""
    live: Mapping[str, Contest]
    """Machine and storage -> tuners on the real pipeline."""
    contests: Mapping[str, Contest]
    """Family of simulated pipelines -> tuners on pipelines that none of them saw."""


def tuner(settings: Settings) -> Tuner | None:
    """None where nothing was tuned and nothing compared yet."""
    folder = settings.data_dir / "tuner" / settings.dataset
    stored, report = _read(folder / "tuned.json"), _read(settings.reports_dir / settings.dataset / "tuner.json")
    chosen = tuple(c for name, of in _items(stored) if (c := _chosen(name, of)) is not None)
    steps = {c.scenario: _steps(_read(folder / f"decisions-{c.scenario}.json")) for c in chosen}
    live, contests = (_contests(_items_of(report, part)) for part in ("live", "contests"))
    if not (chosen or live or contests):
        return None
    return Tuner(chosen, {name: of for name, of in steps.items() if of}, live, contests)


def _contests(stored: Any) -> dict[str, Contest]:
    return {name: Contest(tuple(rows)) for name, rows in _items(stored) if isinstance(rows, list) and rows}


def _told(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    if not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if column == "difference" and row.get("low") is not None and row.get("high") is not None:
        return f"{value:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
    if column in SHARES:
        return f"{value:.1%}"
    return f"{value:,.1f}" if column in ("throughput", "times_untuned") else f"{value:.3f}"


def _chosen(scenario: str, of: Any) -> Chosen | None:
    try:
        return Chosen(
            scenario,
            str(of["tuner"]),
            tuple(int(n) for n in of["stages"]),
            int(of["prefetch"]),
            float(of["untuned"]),
            float(of["throughput"]),
            float(of["untuned_stall"]),
            float(of["stall"]),
            int(of["decisions"]),
            bool(of["worth_it"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _steps(stored: Any) -> tuple[Step, ...]:
    try:
        return tuple(
            Step(
                number,
                float(d["throughput"]),
                float(d["stall"]),
                str(d["bottleneck"]),
                tuple(int(n) for n in d["after"]["workers"]),
                int(d["after"]["prefetch"]),
            )
            for number, d in enumerate(stored or (), start=1)
        )
    except (KeyError, TypeError, ValueError):
        return ()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _items(stored: Any) -> list[tuple[str, Any]]:
    return list(stored.items()) if isinstance(stored, dict) else []


def _items_of(stored: Any, name: str) -> Any:
    return stored.get(name) if isinstance(stored, dict) else None
