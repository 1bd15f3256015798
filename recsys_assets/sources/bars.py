"""One look for long work: a bar on a terminal, else a line through `Progress` at most every two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.progress import Progress

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

Advance = Callable[[int], None]

MEGABYTE = 1e6


def progress_bar(
    what: str, total: int | None, *, progress: Progress, done: int = 0, every_seconds: float = 2.0
) -> AbstractContextManager[Advance]:
    """Of a transfer: `advance(bytes)`; `total` and `done` (already there) are bytes, `total` None where unknown."""

    def columns() -> tuple[ProgressColumn, ...]:
        from rich.progress import DownloadColumn, TransferSpeedColumn

        return DownloadColumn(), TransferSpeedColumn()

    lines = Lines(progress, lambda n: describe(n, total), every_seconds)
    return _bar_or_lines(what, total, done, columns, lines)


def counted(
    what: str, total: int, unit: str, *, progress: Progress, every_seconds: float = 2.0
) -> AbstractContextManager[Advance]:
    """Of work that counts: `advance(n)`, to be told how many more of `total` are done."""

    def columns() -> tuple[ProgressColumn, ...]:
        from rich.progress import TextColumn

        return (TextColumn("{task.completed:,.0f} of {task.total:,.0f} " + unit),)

    def words(n: int) -> str:
        return f"{n:,} of {total:,} {unit}, {100 * n / max(total, 1):.0f} %"

    return _bar_or_lines(what, total, 0, columns, Lines(progress, words, every_seconds))


def describe(done: int, total: int | None) -> str:
    """`37 %, 3.7 of 10.0 MB`, or `3.7 MB` where the total is unknown."""
    if not total:
        return f"{done / MEGABYTE:.1f} MB"
    return f"{100 * done / total:.0f} %, {done / MEGABYTE:.1f} of {total / MEGABYTE:.1f} MB"


@dataclass(frozen=True)
class Lines:
    """Lines: to whom, in which words of what is done, and after how many seconds."""

    progress: Progress
    words: Callable[[int], str]
    every_seconds: float


@contextmanager
def _bar_or_lines(
    what: str, total: int | None, done: int, columns: Callable[[], tuple[ProgressColumn, ...]], lines: Lines
) -> Iterator[Advance]:
    """The bar goes to stderr and only where that is a terminal, so that captured output holds lines."""
    if not sys.stderr.isatty():
        yield _line_reporter(what, done, lines)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn("{task.description}"), BarColumn(), *columns(), TimeRemainingColumn())
    with Progress(*shown, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total, completed=done)
        yield lambda n: bars.advance(task, n)


def _line_reporter(what: str, done: int, lines: Lines) -> Advance:
    last = time.monotonic()

    def advance(n: int) -> None:
        nonlocal done, last
        done += n
        now = time.monotonic()
        if now - last >= lines.every_seconds:
            last = now
            lines.progress(f"{what}: {lines.words(done)}")

    return advance
