"""How long a connection may take to say what it wants, and how many may wait: uvicorn itself waits for ever.

A client that dribbles its headers (slowloris), or connects and says nothing, is hung up on after `HEADER_SECONDS`; one
whose headers never end after `HEADER_BYTES`. Bodies have their own limits (`middleware`), idle kept connections too
(`timeout_keep_alive`). Where `MOST_CONNECTIONS` are held and one more comes, the one that has asked nothing for longest
is closed: connections that only wait take no room from those that ask.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADER_SECONDS = 10.0
HEADER_BYTES = 64 << 10
MOST_CONNECTIONS = 1_000
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
Protocol: Any = AutoHTTPProtocol


class ImpatientProtocol(Protocol):
    """uvicorn's protocol, whichever it chose, and a clock that runs while headers are not whole."""

    header_seconds = HEADER_SECONDS
    most_connections = MOST_CONNECTIONS
    _clock: asyncio.TimerHandle | None = None
    _taken = 0
    _asked_at = 0.0
    """When it last had a request, or came."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._asked_at = time.monotonic()  # finer than the clock of the loop
        if len(self.connections) > self.most_connections:
            self._make_room()
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._busy:
            self._asked_at = time.monotonic()
            self._stop_clock()
            return
        self._taken += len(data)
        if self._taken > HEADER_BYTES:
            self._hang_up(TOO_LONG)
        else:
            self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    @property
    def _busy(self) -> bool:
        """A request whose headers are whole has not been answered yet."""
        return self.cycle is not None and not self.cycle.response_complete

    def _make_room(self) -> None:
        others = (c for c in self.connections if c is not self and not c._busy and not c.transport.is_closing())
        idle = min(others, key=lambda connection: connection._asked_at, default=None)
        if idle is not None:
            idle.transport.close()

    def _start_clock(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(self.header_seconds, self._hang_up, TOO_SLOW)

    def _stop_clock(self) -> None:
        self._taken = 0
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _hang_up(self, told: bytes) -> None:
        self._stop_clock()
        transport = cast(asyncio.Transport, self.transport)
        if not self._busy and not transport.is_closing():
            transport.write(told)
            transport.close()
