"""Runs of a contest in a file, one JSON object a line, added as each ends: several sittings make one contest."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.tuner.live import Decision

if TYPE_CHECKING:
    from recsys_assets.tuner.real.contest import LiveRun

FORMAT = 1


class ContestError(ValueError):
    """A file of runs that can't be read."""


def append(run: LiveRun, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = {"format": FORMAT, **asdict(run), "decisions": [decision_as_json(d) for d in run.decisions]}
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(stored) + "\n")


def kept_runs(path: Path) -> list[LiveRun]:
    """Empty where there is no file. Raises ContestError for a line that is no run."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_run(line, f"{path} line {number}") for number, line in enumerate(lines, start=1)]


def decision_as_json(decision: Decision) -> dict[str, Any]:
    """What is not known is null: JSON has no nan."""
    return {name: None if value != value else value for name, value in asdict(decision).items()}


def decision_of(stored: dict[str, Any]) -> Decision:
    fields: dict[str, Any] = {name: float("nan") if value is None else value for name, value in stored.items()}
    fields |= {"before": _knobs(stored["before"]), "after": _knobs(stored["after"])}
    return Decision(**fields)


def _run(line: str, where: str) -> LiveRun:
    from recsys_assets.tuner.real.contest import LiveRun

    try:
        stored = json.loads(line)
        if stored.pop("format") != FORMAT:
            raise ContestError(f"{where} was written by another version; move the file away to begin anew")
        decisions = tuple(decision_of(d) for d in stored.pop("decisions"))
        return LiveRun(**{**stored, "best": tuple(stored["best"])}, decisions=decisions)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ContestError(
            f"{where} is no run of a contest ({error}); take it out, the run will be made again"
        ) from error


def _knobs(stored: dict[str, Any]) -> Knobs:
    return Knobs(**{**stored, "workers": tuple(stored["workers"])})
