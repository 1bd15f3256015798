"""How long work reports that it is alive: one line of text per step, to whoever listens.

A listener is any callable of one string: `context.log.info` in an asset, `print` in a notebook,
`silent` in a test. Work never prints by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Progress = Callable[[str], object]

T = TypeVar("T")


def silent(message: str) -> None:
    """A listener that drops what it is told."""


def without_repeats(progress: Progress) -> Progress:
    """A listener that passes each line on once."""
    told: set[str] = set()

    def tell(message: str) -> None:
        if message not in told:
            told.add(message)
            progress(message)

    return progress if progress is silent else tell


def size_told(size: int) -> str:
    """Bytes in words: `712 bytes`, `39 kB`, `4.9 MB`."""
    if size < 1_000:
        return f"{size} bytes"
    return f"{size / 1e3:,.0f} kB" if size < 999_500 else f"{size / 1e6:,.1f} MB"


def track(items: Iterable[T], *, total: int, what: str, progress: Progress, every_seconds: float = 2.0) -> Iterator[T]:
    """Yield `items`, reporting `what: done/total, elapsed` at most once per `every_seconds`.

    Silent on work shorter than `every_seconds`, so quick steps stay quiet.
    """
    started = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= every_seconds:
            last = now
            progress(f"{what}: {done}/{total}, {now - started:.0f} s")
