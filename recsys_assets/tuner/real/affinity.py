"""A machine that changes its size: all threads of this process on fewer of its cores, and on more again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def resizable(most: int) -> Iterator[Callable[[int], None]]:
    """What it gives sets the cores of all threads, up to `most`; at the end they have those of before.

    Raises ValueError where this process may not use so many. Where an operating system has no affinity nothing changes.
    """
    if not hasattr(os, "sched_getaffinity"):
        yield lambda cores: None
        return
    allowed = os.sched_getaffinity(0)
    if most > len(allowed):
        raise ValueError(f"{most} cores were asked for, this process may use {len(allowed)}")
    try:
        yield lambda cores: _affine(set(sorted(allowed)[:cores]))
    finally:
        _affine(allowed)


def _affine(cores: set[int]) -> None:
    for thread in Path("/proc/self/task").iterdir() if Path("/proc/self/task").exists() else []:
        try:
            os.sched_setaffinity(int(thread.name), cores)
        except ProcessLookupError:  # it has just ended
            continue
