"""One file that holds a deployment, and the deployment from that file.

A backup is a tar archive: `data/`, `models/`, `dagster/`, and last `manifest.json` with the SHA-256 of every file, so
that an archive that was cut off or changed is refused. It may be made while runs and services go on:

- databases are copied as of one moment: SQLite files by SQLite's own backup, the DuckDB file while we hold it open;
- everything else is written aside and renamed into place by those who write it, so a copy is whole;
- the order makes what refers come before what it refers to, and a source before where it moves to: batches of
  feedback in the inbox before the accepted ones, MLflow's store before its artifacts. What moves meanwhile is in the
  archive twice, which ingestion by event id makes once again; it is never missing.

Left out: logs, and checkpoints of trainings that are under way. A database in Postgres is backed up by `pg_dump`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from recsys_assets.atomic import atomic_file
from recsys_assets.progress import Progress, silent, size_told, track
from recsys_assets.settings import Settings
from recsys_assets.warehouse.database import Warehouse

MANIFEST = "manifest.json"
FORMAT = 1
FIRST = ("data/feedback/inbox", "data/feedback", "models/mlflow.db")
"""Copied in this order, before all else; see above."""
LEFT_OUT = ("data/logs", "models/checkpoints", "dagster/.first_touch.lock")
SQLITE = b"SQLite format 3\x00"


class BackupError(Exception):
    """No backup can be made, or this one can't be restored; the message says why and what to do."""


@dataclass(frozen=True)
class Backup:
    """What an archive holds."""

    made_at: str
    """UTC, ISO 8601."""
    files: int
    size: int
    """Bytes of all files together."""
    models_dir: str
    """Where the models were; MLflow's store names its artifacts by it."""


def places(settings: Settings, dagster_home: Path) -> dict[str, Path]:
    """The folders of a deployment, by their names in an archive."""
    return {"data": settings.data_dir, "models": settings.models_dir, "dagster": dagster_home}


def back_up(settings: Settings, dagster_home: Path, *, target: Path, progress: Progress = silent) -> Backup:
    """Write the deployment to `target`: a tar file, compressed where its name ends with `.gz`.

    The warehouse is held for the time it takes to copy it; `WarehouseError` where a run does not let go of it.
    """
    folders = places(settings, dagster_home)
    if any(target.resolve().is_relative_to(folder.resolve()) for folder in folders.values()):
        raise BackupError(f"{target} lies in what it would be a copy of; name a file elsewhere")
    found = sorted(_files(folders), key=lambda item: (_rank(item[0]), item[0]))
    hashes: dict[str, str] = {}
    size = 0
    with atomic_file(target) as aside, tarfile.open(aside, "w:gz" if target.suffix == ".gz" else "w") as archive:
        for name, path in track(found, total=len(found), what="backing up", progress=progress):
            held = Warehouse.of(settings).connect() if path == settings.warehouse_path else nullcontext()
            try:
                with held:
                    hashes[name], copied = _add(archive, name, path)
            except FileNotFoundError:  # replaced by a newer one since it was listed
                continue
            size += copied
        made = Backup(datetime.now(UTC).isoformat(timespec="seconds"), len(hashes), size, str(settings.models_dir))
        document = json.dumps({"format": FORMAT, **made.__dict__, "sha256": hashes}).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(document)
        archive.addfile(entry, io.BytesIO(document))
    progress(f"{made.files:,} files, {size_told(made.size)}")
    return made


def restore(settings: Settings, dagster_home: Path, *, source: Path, progress: Progress = silent) -> Backup:
    """Make the deployment what `source` holds. Its folders must be empty or missing: nothing is overwritten.

    Everything is unpacked beside `data_dir` and checked before anything is put into its place.
    """
    folders = places(settings, dagster_home)
    for folder in folders.values():
        _must_be_empty(folder)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=_existing(settings.data_dir)) as unpacked:
        made = _unpack(source, Path(unpacked), progress)
        _move_artifacts(Path(unpacked) / "models", was=made.models_dir, now=settings.models_dir)
        for name, folder in folders.items():
            _move(Path(unpacked) / name, folder)
    return made


def _files(folders: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    """Name in the archive, and path, of all that is kept; symbolic links are kept as links."""
    for root, folder in folders.items():
        for parent, subfolders, files in os.walk(folder):
            here = Path(parent)
            links = [s for s in subfolders if (here / s).is_symlink()]
            for file in (*files, *links):
                name = f"{root}/{(here / file).relative_to(folder).as_posix()}"
                if not (name.startswith(LEFT_OUT) or _passing(file)):
                    yield name, here / file


def _passing(file: str) -> bool:
    """Of a file being written, a lock, or SQLite's journal, which its backup has taken up."""
    return file.endswith((".part", ".link", ".lock", "-wal", "-shm", "-journal", ".wal", ".pid"))


def _rank(name: str) -> int:
    return next((i for i, first in enumerate(FIRST) if name.startswith(first)), len(FIRST))


def _add(archive: tarfile.TarFile, name: str, path: Path) -> tuple[str, int]:
    """The file's hash and size, as it went into the archive."""
    if path.is_symlink():
        entry = archive.gettarinfo(path, name)
        archive.addfile(entry)
        return hashlib.sha256(entry.linkname.encode()).hexdigest(), 0
    with path.open("rb") as file:
        if file.read(len(SQLITE)) == SQLITE:
            with tempfile.NamedTemporaryFile(suffix=".db") as copy:
                _copy_database(path, Path(copy.name))
                return _add_bytes(archive, name, Path(copy.name))
    return _add_bytes(archive, name, path)


def _add_bytes(archive: tarfile.TarFile, name: str, path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        entry = archive.gettarinfo(arcname=name, fileobj=file)
        reader = _Hashing(file, entry.size)
        archive.addfile(entry, reader)
        return reader.sha256.hexdigest(), entry.size


def _copy_database(path: Path, copy: Path) -> None:
    with (
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(copy)) as target,
    ):
        live.backup(target)


class _Hashing(io.RawIOBase):
    """A file's first `size` bytes, hashed as they are read; a log that grows meanwhile is cut there."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.left, self.sha256 = file, size, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(piece)
        self.sha256.update(piece)
        return piece


def _must_be_empty(folder: Path) -> None:
    kept = [p.name for p in folder.iterdir() if p.name not in ("README.md", "dagster.yaml")] if folder.is_dir() else []
    if kept:
        raise BackupError(
            f"{folder} is not empty (it has {', '.join(sorted(kept)[:3])}{' ...' if len(kept) > 3 else ''}); move it "
            "away first, or name other folders by RECSYS_DATA_DIR, RECSYS_MODELS_DIR and DAGSTER_HOME"
        )


def _existing(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder.parent


def _unpack(source: Path, into: Path, progress: Progress) -> Backup:
    try:
        with tarfile.open(source) as archive:
            progress(f"unpacking {source.name}")
            archive.extractall(into, filter="data")  # no absolute names, no links to the outside, no devices
        document = json.loads((into / MANIFEST).read_text(encoding="utf-8"))
        hashes, kept = document.pop("sha256"), document.pop("format")
    except FileNotFoundError as error:
        if not source.exists():
            raise BackupError(f"there is no {source}") from error
        raise BackupError(f"{source} has no {MANIFEST}: it was cut off, or is no backup of ours") from error
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError) as error:
        raise BackupError(f"{source} can't be read as a backup: {error}; use another one") from error
    if kept != FORMAT:
        raise BackupError(f"{source} is of format {kept}, this version reads {FORMAT}")
    for name, expected in track(hashes.items(), total=len(hashes), what="checking", progress=progress):
        if _hash(into / name) != expected:
            raise BackupError(f"{source}: {name} is not what was backed up; use another one")
    return Backup(**document)


def _hash(path: Path) -> str | None:
    if path.is_symlink():
        return hashlib.sha256(str(path.readlink()).encode()).hexdigest()
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
"""Where MLflow's store names artifacts by their place."""


def _move_artifacts(models: Path, *, was: str, now: Path) -> None:
    """MLflow names artifacts by absolute address: make it name them where they are from now on."""
    store = models / "mlflow.db"
    if not store.exists() or was == str(now):
        return
    old, new = Path(was).as_uri() + "/", now.absolute().as_uri() + "/"
    with closing(sqlite3.connect(store)) as con, con:
        for table, column in ADDRESSES:
            con.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                [new, len(old) + 1, len(old), old],
            )


def _move(unpacked: Path, folder: Path) -> None:
    """Each entry by a rename, on one file system. A README or dagster.yaml that is there stays."""
    if not unpacked.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for entry in unpacked.iterdir():
        if not (folder / entry.name).exists():
            shutil.move(entry, folder / entry.name)
