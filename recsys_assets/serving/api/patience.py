"""How long a connection may take to say what it wants: uvicorn itself waits for headers as long as they come.

A client that dribbles its headers (slowloris), or connects and says nothing, is hung up on after `HEADER_SECONDS`; one
whose headers never end after `HEADER_BYTES`. Bodies have their own limits (`middleware`), idle kept connections too
(`timeout_keep_alive`).
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEADER_SECONDS = 10.0
HEADER_BYTES = 64 << 10
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
Protocol: Any = AutoHTTPProtocol


class ImpatientProtocol(Protocol):
    """uvicorn's protocol, whichever it chose, and a clock that runs while headers are not whole."""

    header_seconds = HEADER_SECONDS
    _clock: asyncio.TimerHandle | None = None
    _taken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._start_clock()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._busy:
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
