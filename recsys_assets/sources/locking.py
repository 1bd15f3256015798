"""One process at a time fetches, unpacks or generates a file; the others wait and then find it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recsys_assets.progress import Progress


@contextmanager
def one_at_a_time(target: Path, *, progress: Progress) -> Iterator[None]:
    """Hold `target`'s lock. A killed holder's lock is freed by the operating system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"{target.name}: waiting for the process that is preparing it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
