"""Work with a deadline: done by a few threads of its own; whoever waits for it stops waiting in time.

Python cannot end a thread: work that passed its deadline goes on and its result is dropped. So that work that never
ends does not eat all threads unseen, no more than `most_waiting` pieces are taken at once; the rest is refused at once,
which costs a caller nothing.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TypeVar

T = TypeVar("T")


class TooLateError(Exception):
    """The work had not ended by its deadline."""


class TooBusyError(Exception):
    """Too much work waits already."""


class Deadlines:
    """`threads` that work, and at most `most_waiting` pieces of work begun or waiting."""

    def __init__(self, threads: int, *, most_waiting: int = 256) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="scoring")
        self._room = threading.BoundedSemaphore(most_waiting)

    def within(self, seconds: float, work: Callable[[], T]) -> T:
        """What `work` returns or raises, if it ends in `seconds`. Raises TooLateError, TooBusyError."""
        future = self._begun(work)
        try:
            return future.result(timeout=seconds)
        except FutureTimeout:
            if future.done():  # just in time, or `work` itself raised a TimeoutError
                return future.result()
            future.cancel()
            raise TooLateError from None

    async def awaited(self, seconds: float, work: Callable[[], T]) -> T:
        """`within`, for an event loop: no thread waits for the thread that works."""
        future = self._begun(work)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), seconds)
        except TimeoutError:
            if future.done() and not future.cancelled():  # just in time, or `work` itself raised a TimeoutError
                return future.result()
            raise TooLateError from None

    def _begun(self, work: Callable[[], T]) -> Future[T]:
        if not self._room.acquire(blocking=False):
            raise TooBusyError
        future: Future[T] = self._pool.submit(work)
        future.add_done_callback(lambda _: self._room.release())
        return future

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
