"""Many small accepted files become one: an archive that holds every file byte for byte.

    accepted/<batch>.ndjson, ...   ->   compacted/<digest>.parquet    a row a file: `archives.ARCHIVE`

The archive is written aside, read back and compared, and renamed into place; only then are the files removed. A run
that was killed in between leaves files that an archive holds already, and the next one removes them. Small archives
become one in the same way, so that their number stays small however many nights there are. Events are read from the
published table; the files are what it can be made from again (`restore`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_assets.atomic import atomic_file
from recsys_assets.feedback.archives import ARCHIVE, archived_batches, archived_facts, archives
from recsys_assets.feedback.batches import SUFFIXES, sha256_of
from recsys_assets.feedback.folders import Folders

SMALL = 32 * 1024 * 1024
"""Bytes below which an archive is put together with others."""
MOST_BYTES = 256 * 1024 * 1024
"""Of files that are read in one go; what is more waits for the next run."""
FILE = ["batch", "sha256"]


class CompactionError(Exception):
    """An archive that does not hold what was put into it; nothing was removed."""


@dataclass(frozen=True)
class Compaction:
    """`events`: lines or rows, of the files that were archived by this run."""

    files: int
    events: int
    removed: int
    """Files that are gone, those that an earlier run had archived among them."""
    archives: int
    archived_files: int
    archived_events: int


def compact(folders: Folders, *, taken: Collection[str] | None = None) -> Compaction:
    """Archive the accepted files of batches in `taken` (all, where it is None). Repeating it changes nothing."""
    loose = {p: sha256_of(p) for p in _files(folders.accepted) if taken is None or p.stem in taken}
    before = archived_batches(folders.compacted)
    new = _within([p for p, digest in loose.items() if digest not in before.get(p.stem, ())])
    rows = pl.DataFrame([_row(p) for p in new], ARCHIVE, orient="row")
    _merge(folders.compacted, rows)
    after = archived_batches(folders.compacted)
    gone = [p for p, digest in loose.items() if digest in after.get(p.stem, ())]
    for path in gone:
        path.unlink()
    facts = archived_facts(folders.compacted)
    in_all = int(facts["events"].sum())
    return Compaction(
        len(new), int(rows["events"].sum()), len(gone), len(archives(folders.compacted)), len(facts), in_all
    )


def restore(folders: Folders, target: Path) -> list[Path]:
    """Write every archived file into `target` as it was; to be taken again, drop them into the inbox."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for archive in archives(folders.compacted):
        for batch, suffix, _, _, content in pl.read_parquet(archive, glob=False).iter_rows():
            path = target / f"{batch}{suffix}"
            with atomic_file(path) as aside:
                aside.write_bytes(content)
            written.append(path)
    return written


def _merge(folder: Path, rows: pl.DataFrame) -> None:
    """`rows` and the small archives become one, which then stands for them."""
    small = [p for p in archives(folder) if p.stat().st_size < SMALL]
    if rows.is_empty() and len(small) < 2:
        return
    merged = pl.concat([rows, *(pl.read_parquet(p, glob=False) for p in small)])
    written = _write(folder, merged.unique(FILE, keep="first").sort(FILE))
    for old in small:
        if old != written:
            old.unlink()


def _write(folder: Path, rows: pl.DataFrame) -> Path:
    """Named by what it holds, so that a repeated run writes the same file."""
    name = hashlib.sha256("\n".join(rows["sha256"]).encode()).hexdigest()[:16]
    path = folder / f"{name}.parquet"
    with atomic_file(path) as aside:
        rows.write_parquet(aside, compression="zstd")
        back = pl.read_parquet(aside, glob=False)
        sums = [hashlib.sha256(content).hexdigest() for content in back["content"]]
        if not back.drop("content").equals(rows.drop("content")) or sums != rows["sha256"].to_list():
            raise CompactionError(f"{path} was read back with other content; is the disk sound? Nothing was removed.")
    return path


def _row(path: Path) -> tuple[str, str, str, int, bytes]:
    content = path.read_bytes()
    events = len(pl.read_parquet(path, glob=False)) if path.suffix == ".parquet" else _lines(content)
    return path.stem, path.suffix, hashlib.sha256(content).hexdigest(), events, content


def _lines(content: bytes) -> int:
    return sum(1 for line in content.split(b"\n") if line.strip())


def _within(paths: Collection[Path]) -> list[Path]:
    """As many as may be read in one go, one at least."""
    found: list[Path] = []
    size = 0
    for path in paths:
        size += path.stat().st_size
        if found and size > MOST_BYTES:
            break
        found.append(path)
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix in SUFFIXES) if folder.exists() else []
