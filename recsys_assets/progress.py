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
