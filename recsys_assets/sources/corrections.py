"""Corrected lines: what a published line should have said, kept beside the untouched file.

`data/raw/<dataset>/corrections.ndjson`, one line of JSON a correction, in the order they were made; of one published
line the last counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from recsys_assets.atomic import write_text
from recsys_assets.settings import Settings
from recsys_assets.sources.files import Correction, SourceError

_FIELDS = {"table", "source_file", "source_line", "row"}


def corrections_path(settings: Settings) -> Path:
    return settings.raw_dir / settings.dataset / "corrections.ndjson"


def corrections(settings: Settings) -> tuple[Correction, ...]:
    """All corrections of the data set. Raises SourceError naming the line that can't be read."""
    path = corrections_path(settings)
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(_read(path, number, line) for number, line in enumerate(lines, start=1) if line.strip())


def add_corrections(settings: Settings, added: Iterable[Correction]) -> int:
    """Keep these, too; returns how many they are."""
    path = corrections_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        lines = [_line(c) for c in corrections(settings)]
        new = [_line(c) for c in added]
        write_text(path, "".join(f"{line}\n" for line in (*lines, *new)))
    return len(new)


def _line(correction: Correction) -> str:
    fields = {"table": correction.table, "source_file": correction.source_file, "source_line": correction.source_line}
    return json.dumps({**fields, "row": dict(correction.row)}, ensure_ascii=False)


def _read(path: Path, number: int, line: str) -> Correction:
    try:
        stored = json.loads(line)
        if set(stored) != _FIELDS or not isinstance(stored["row"], dict):
            raise ValueError(f"expected the fields {', '.join(sorted(_FIELDS))}")
        return Correction(**stored)
    except (ValueError, TypeError) as error:
        raise SourceError(f"{path} line {number}: {error}. Correct or delete the line.") from error
