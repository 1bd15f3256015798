"""One look for all transfers: a bar on a terminal, else a line through `Progress` at most every two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recsys_assets.progress import Progress

Advance = Callable[[int], None]

MEGABYTE = 1e6


@contextmanager
def progress_bar(
    what: str, total: int | None, *, progress: Progress, done: int = 0, every_seconds: float = 2.0
) -> Iterator[Advance]:
    """Yield `advance(bytes)`; `total` and `done` (already there) are bytes, `total` None where unknown.

    The bar goes to stderr and only where that is a terminal, so that captured output holds lines.
    """
    if sys.stderr.isatty():
        with _terminal_bar(what, total, done) as advance:
            yield advance
    else:
        yield _line_reporter(what, total, done, progress, every_seconds)


@contextmanager
def _terminal_bar(what: str, total: int | None, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total, completed=done)
        yield lambda n: bars.advance(task, n)


def _line_reporter(what: str, total: int | None, done: int, progress: Progress, every_seconds: float) -> Advance:
    last = time.monotonic()

    def advance(n: int) -> None:
        nonlocal done, last
        done += n
        now = time.monotonic()
        if now - last >= every_seconds:
            last = now
            progress(f"{what}: {describe(done, total)}")

    return advance


def describe(done: int, total: int | None) -> str:
    """`37 %, 3.7 of 10.0 MB`, or `3.7 MB` where the total is unknown."""
    if not total:
        return f"{done / MEGABYTE:.1f} MB"
    return f"{100 * done / total:.0f} %, {done / MEGABYTE:.1f} of {total / MEGABYTE:.1f} MB"
