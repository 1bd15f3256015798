"""Around every request: an id, bounds on its body and on their number, headers for safety, a line in log and figures.

Plain ASGI: what wraps every request should cost microseconds. A bug below it becomes a 500 problem document, with its
traceback in the log; where the answer had begun already the connection ends.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys_assets.serving.api import docs_page
from recsys_assets.serving.api.config import ApiConfig
from recsys_assets.serving.api.metrics import Metrics
from recsys_assets.serving.api.problems import log_unexpected, problem_response

log = logging.getLogger("recsys.api.requests")
REQUEST_ID = "X-Request-ID"
MOST_AT_ONCE = 1_200
"""Requests of one process; whoever comes then is told so at once."""
UNMATCHED = "unmatched"
QUIET = frozenset({"/health", "/ready", "/metrics"})
"""Routes that machines ask every few seconds: no line for those that went well."""
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class BodyTooLargeError(HTTPException):
    """More bytes than a request may have. FastAPI passes on an HTTPException that reading a body raises."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"a request has at most {most:,} bytes; send less at once", {"Connection": "close"})


class BodyTooSlowError(HTTPException):
    """The client did not send its body in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(408, f"the body did not come within {seconds:g} s", {"Connection": "close"})


class TooBusyError(HTTPException):
    """As many requests as may be are being answered."""

    def __init__(self, most: int) -> None:
        headers = {"Retry-After": "1", "Connection": "close"}
        super().__init__(503, f"{most:,} requests are being answered already; ask again in a second", headers)


class Around:
    """The one middleware."""

    most_at_once = MOST_AT_ONCE

    def __init__(self, app: ASGIApp, *, config: ApiConfig, metrics: Metrics) -> None:
        self.app, self.config, self.metrics, self.now = app, config, metrics, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id, scope["path"])
        started = time.perf_counter()
        self.metrics.in_progress.inc()
        self.now += 1
        try:
            await self._answered(scope, receive, answer, request_id)
        finally:
            self.now -= 1
            self.metrics.in_progress.dec()
            self._note(scope, answer.status, time.perf_counter() - started, request_id)

    async def _answered(self, scope: Scope, receive: Receive, answer: _Answer, request_id: str) -> None:
        most, headers = self.config.max_body, dict(scope["headers"])
        declared = headers.get(b"content-length", b"0")
        try:
            if self.now > self.most_at_once:
                raise TooBusyError(self.most_at_once)
            if not declared.isdigit() or int(declared) > most:
                raise BodyTooLargeError(most)
            await self.app(scope, _bounded(receive, most, self.config.body_seconds), answer)
        except HTTPException as error:
            kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
            problem = problem_response(request_id, error.status_code, kind, error.detail, headers=error.headers)
            await problem(scope, receive, answer)
        except Exception as error:
            log_unexpected(request_id, error)
            if answer.status:
                raise
            detail = "something is wrong with the service; its log has more under the request id"
            await problem_response(request_id, 500, "internal-error", detail)(scope, receive, answer)

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        method = scope["method"] if route != UNMATCHED else "any"
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        if route in QUIET and status < 400:
            return
        said: dict[str, Any] = {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 2),
        }
        state = scope.get("state", {})
        said |= {name: state[name] for name in ("key", "model", "fallback") if state.get(name)}
        log.info("request", extra=said)


class _Answer:
    """`send` that adds headers and keeps the status."""

    def __init__(self, send: Send, request_id: str, path: str) -> None:
        self.send, self.request_id, self.status = send, request_id, 0
        self.docs = path == docs_page.PATH

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self.request_id
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
            if self.docs:
                headers["Content-Security-Policy"] = docs_page.POLICY
        await self.send(message)


def _bounded(receive: Receive, most: int, seconds: float) -> Receive:
    """`receive` that counts bytes and time until the body is whole."""
    taken, whole, until = 0, False, time.monotonic() + seconds

    async def bounded() -> Message:
        nonlocal taken, whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, until - time.monotonic()))
        except TimeoutError:
            raise BodyTooSlowError(seconds) from None
        taken += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if taken > most:
            raise BodyTooLargeError(most)
        return message

    return bounded
