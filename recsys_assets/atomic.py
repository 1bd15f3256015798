"""Writes that a reader sees whole or not at all: beside the target first, then renamed into place."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a path to write; on leaving without an error it is fsynced and becomes `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        yield aside
        with aside.open("rb+") as handle:
            os.fsync(handle.fileno())
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    with atomic_file(target) as aside:
        aside.write_text(text, encoding="utf-8")


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Yield an empty directory to fill; on leaving without an error it becomes `target`.

    `target` must not exist yet (a version, a snapshot): a directory in use is never replaced. To switch readers
    from one to another use `point_to`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    aside.mkdir()
    try:
        yield aside
        os.rename(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def point_to(link: Path, target: Path) -> None:
    """Make the symbolic link `link` name `target`, replacing what it named before in one step."""
    link.parent.mkdir(parents=True, exist_ok=True)
    aside = link.with_name(f".{link.name}.{uuid.uuid4().hex}.link")
    os.symlink(os.path.relpath(target, link.parent), aside, target_is_directory=True)
    try:
        os.replace(aside, link)
    finally:
        aside.unlink(missing_ok=True)
