"""Permits whose number changes while others wait for one: what makes workers come and go without a rebuild."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType


class Limiter:
    """At most `permits` hold one at a time; taking permits away lets those who hold one finish.

    Used on one event loop, but for `resize` and `release_soon`, which any thread may call.
    """

    def __init__(self, permits: int) -> None:
        self.permits, self.used = permits, 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    async def acquire(self) -> None:
        """Wait for a permit; first come, first served."""
        self._loop = asyncio.get_running_loop()
        if self.used < self.permits and not self._waiting:
            self.used += 1
            return
        turn = self._loop.create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it was handed a permit in the moment it gave up
            raise

    def release(self) -> None:
        self.used -= 1
        self._wake()

    def release_soon(self) -> None:
        """`release`, from another thread."""
        self._soon(self.release)

    def resize(self, permits: int) -> None:
        """From any thread."""
        if permits < 1:
            raise ValueError(f"{permits} permits would stop the pipeline for good; give one at least")
        self.permits = permits
        self._soon(self._wake)

    def _wake(self) -> None:
        while self._waiting and self.used < self.permits:
            turn = self._waiting.popleft()
            if not turn.done():
                self.used += 1
                turn.set_result(None)

    def _soon(self, call: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)  # type: ignore[arg-type]
