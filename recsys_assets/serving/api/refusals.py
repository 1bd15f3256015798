"""Exports that did not load: left alone until they change, or for a while where the machine is at fault, not the file.

A wrong checksum is as wrong the next time. Too many open files, no memory or a disk that stalls pass: such an export is
tried again after 1, 2, 4 ... seconds, at most `LONGEST`.
"""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recsys_assets.serving.api.served import Stamp

FIRST, LONGEST = 1.0, 60.0
"""Seconds."""
PASSING = frozenset(
    {
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR, errno.EBUSY),
        *(errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN),
        *(errno.EACCES, errno.EPERM),  # rights are mended without a change of the export
    }
)


@dataclass(frozen=True)
class Refusal:
    why: str
    wait: float
    """Seconds until it is tried again; infinite: not before the export changes."""
    until: float


class Refusals:
    """By stamp; one thread at a time changes them, any reads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Stamp, Refusal] = {}

    def stands(self, stamp: Stamp) -> bool:
        """Whether this export is not to be tried now."""
        found = self._known.get(stamp)
        return found is not None and self._clock() < found.until

    def add(self, stamp: Stamp, error: BaseException) -> None:
        before = self._known.get(stamp)
        wait = math.inf
        if passes(error):
            wait = min(2 * before.wait, LONGEST) if before is not None else FIRST
        self._known[stamp] = Refusal(str(error) or type(error).__name__, wait, self._clock() + wait)

    def forget(self, stamp: Stamp) -> None:
        self._known.pop(stamp, None)

    def told(self) -> dict[str, str]:
        """Why, by `model/version`."""
        return {f"{stamp.path.parent.name}/{stamp.path.name}": _in_words(r) for stamp, r in dict(self._known).items()}


def passes(error: BaseException) -> bool:
    """Whether the same file may load a while later."""
    return any(isinstance(e, MemoryError) or _of_the_machine(e) for e in _chain(error))


def _of_the_machine(error: BaseException) -> bool:
    """By number; polars and the dynamic loader only write what it stands for."""
    if not isinstance(error, OSError | ImportError):
        return False
    number = getattr(error, "errno", None)
    return number in PASSING if number is not None else any(os.strerror(n) in str(error) for n in PASSING)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _in_words(refusal: Refusal) -> str:
    return refusal.why if math.isinf(refusal.wait) else f"{refusal.why}; tried again after {refusal.wait:.0f} s"
