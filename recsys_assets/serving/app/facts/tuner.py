"""What the pipeline tuner published: what it chose for each kind of storage, what that gained, and how it got there.

data/tuner/<dataset>/tuned.json                  scenario -> what was chosen and measured
data/tuner/<dataset>/decisions-<scenario>.json   each interval's reading and decision
data/reports/<dataset>/tuner.json                tuners compared: on held-out simulated pipelines, on replays of
                                                 measured grids, and live

Each is read if it is there; a file that can't be read is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_assets.settings import Settings

COLUMNS = (
    *("tuner", "runs", "seeds", "q", "difference", "low", "high", "at_end", "after_resize", "reached", "throughput"),
    *("stall", "died"),
)
HEADINGS = {
    "difference": "against DS2",
    "low": "from",
    "high": "to (95 %)",
    "at_end": "at the end",
    "after_resize": "5 after re-size",
    "reached": "reach 95 %",
    "throughput": "batches a second",
    "died": "out of memory",
}
SHARES, DIFFERENCES = ("stall", "died", "reached"), ("difference", "low", "high")


def cell(column: str, value: object) -> str:
    """A figure of a table of tuners as people read it."""
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    if column in SHARES:
        return f"{value:.1%}" if 0 < value < 0.01 else f"{value:.0%}"
    if column in DIFFERENCES:
        return f"{value:+.3f}" if value else "0"
    return f"{value:,.1f}" if column == "throughput" else f"{value:.3f}"


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
    worth_it: bool

    @property
    def gain(self) -> float:
        return self.tuned / self.untuned if self.untuned > 0 else 0.0

    @property
    def words(self) -> str:
        if not self.worth_it:
            return "nothing to win here: the default stays"
        workers = ", ".join(f"{n}" for n in self.workers)
        return f"{self.gain:.2f} times the default; workers {workers}, {self.prefetch} ready"


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
class Tuner:
    chosen: tuple[Chosen, ...]
    steps: Mapping[str, tuple[Step, ...]]
    """Of each scenario whose decisions were kept."""
    contests: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Family of simulated pipelines -> a row a tuner, the best first."""
    live: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Scenario and machine -> the same, of tuners on the real pipeline."""
    replayed: Mapping[str, tuple[Mapping[str, Any], ...]]
    """The same, of tuners on measured grids."""


def tuner(settings: Settings) -> Tuner | None:
    """None where nothing was tuned and nothing compared yet."""
    folder = settings.data_dir / "tuner" / settings.dataset
    stored, report = _read(folder / "tuned.json"), _read(settings.reports_dir / settings.dataset / "tuner.json")
    chosen = tuple(c for name, of in _items(stored) if (c := _chosen(name, of)) is not None)
    steps = {c.scenario: _steps(_read(folder / f"decisions-{c.scenario}.json")) for c in chosen}
    tables = [_tables(report, part) for part in ("contests", "live", "replayed")]
    if not chosen and not any(tables):
        return None
    return Tuner(chosen, {name: of for name, of in steps.items() if of}, *tables)


def _tables(report: Any, part: str) -> dict[str, tuple[Mapping[str, Any], ...]]:
    return {name: tuple(rows) for name, rows in _items(_items_of(report, part)) if isinstance(rows, list)}


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
