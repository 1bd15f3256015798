"""One look for long work that counts: a bar on a terminal, else a line through `Progress` at most every two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from recsys_assets.progress import Progress


@contextmanager
def counted(
    what: str, total: int, unit: str, *, progress: Progress, every_seconds: float = 2.0
) -> Iterator[Callable[[int], None]]:
    """Yield `advance(n)`, to be told how many more of `total` are done.

    The bar goes to stderr and only where that is a terminal, so that captured output holds lines.
    """
    if sys.stderr.isatty():
        with _terminal_bar(what, total, unit) as advance:
            yield advance
    else:
        yield _line_reporter(what, total, unit, progress, every_seconds)


@contextmanager
def _terminal_bar(what: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    count = TextColumn("{task.completed:,.0f} of {task.total:,.0f} " + unit)
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda n: bars.advance(task, n)


def _line_reporter(what: str, total: int, unit: str, progress: Progress, every_seconds: float) -> Callable[[int], None]:
    done, last = 0, time.monotonic()

    def advance(n: int) -> None:
        nonlocal done, last
        done += n
        now = time.monotonic()
        if now - last >= every_seconds:
            last = now
            progress(f"{what}: {done:,} of {total:,} {unit}, {100 * done / max(total, 1):.0f} %")

    return advance
