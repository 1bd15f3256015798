"""Who may ask, and how often: the two checks before every route of /v1, and before a body is read."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from math import ceil
from typing import Annotated, Any

from fastapi import Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import ClientDisconnect

from recsys_assets.serving.api.keys import ApiKey, KeysUnreadableError, Scope
from recsys_assets.serving.api.problems import ProblemError
from recsys_assets.serving.api.service import Service, service_of

log = logging.getLogger("recsys.api")
KEY_HEADER = "X-API-Key"
by_header = APIKeyHeader(name=KEY_HEADER, auto_error=False, description="`recsys keys add NAME` makes one.")
by_bearer = HTTPBearer(auto_error=False, description="The same key, for clients that only know bearer tokens.")
_GUARDS: set[object] = set()
"""What `requires` made."""


class RateLimits:
    """Requests of each key in a moving window."""

    def __init__(self, limit: str | None) -> None:
        self.limit = parse(limit) if limit else None
        self._own: dict[str, RateLimitItem] = {}
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def wait(self, who: str, own: str = "") -> int:
        """Seconds until `who` may ask again; 0: now, and it counts."""
        limit = self._own.setdefault(own, parse(own)) if own else self.limit
        if limit is None or self._windows.hit(limit, who):
            return 0
        return max(1, ceil(self._windows.get_window_stats(limit, who).reset_time - time.time()))


def requires(scope: Scope) -> Callable[..., Awaitable[None]]:
    """A dependency: the caller has a key of this scope, where keys are asked for, and is within its rate.

    It looks into memory only, so it runs in the event loop: a thread for it would cost more than it does.
    """

    async def check(
        request: Request,
        service: Annotated[Service, Depends(service_of)],
        header: Annotated[str | None, Security(by_header)],
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(by_bearer)],
    ) -> None:
        state = request.scope.setdefault("state", {})
        if check in state.setdefault("admitted_by", set()):
            return
        key = None
        if service.config.asks_for_keys:
            key = _key(service, header or (bearer.credentials if bearer else None), scope)
            state["key"] = key.id
        _within_rate(service, key, request)
        state["admitted_by"].add(check)

    _GUARDS.add(check)
    return check


class GuardFirst(APIRoute):
    """A route whose guards come before its body: FastAPI itself reads and parses one before it runs dependencies."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        guards: list[Any] = [depends.dependency for depends in self.dependencies if depends.dependency in _GUARDS]

        async def guarded(request: Request) -> Response:
            try:
                for guard in guards:
                    given = await by_header(request), await by_bearer(request)
                    await guard(request, await service_of(request), *given)
            except ProblemError:
                with suppress(ClientDisconnect):
                    async for _ in request.stream():  # who is still sending would see the connection end, not why
                        pass
                raise
            return await handler(request)

        return guarded if self.body_field else handler


def _key(service: Service, given: str | None, scope: Scope) -> ApiKey:
    try:
        key = service.keys.find(given) if given else None
    except KeysUnreadableError as error:
        log.error("keys cannot be read", extra={"why": str(error)})
        detail = "no key can be checked just now; the service's log says why"
        raise ProblemError(503, "keys-unavailable", detail, headers={"Retry-After": "5"}) from error
    if key is None:
        service.metrics.refused.labels("key").inc()
        detail = f"send a key in force in the header {KEY_HEADER}; `recsys keys add NAME` makes one"
        raise ProblemError(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
    if not key.may(scope):
        service.metrics.refused.labels("scope").inc()
        raise ProblemError(403, "forbidden", f"this needs the scope {scope}; the key has {', '.join(key.scopes)}")
    return key


def _within_rate(service: Service, key: ApiKey | None, request: Request) -> None:
    who = f"key {key.id}" if key else f"address {request.client.host if request.client else ''}"
    if wait := service.limits.wait(who, key.rate_limit if key else ""):
        service.metrics.refused.labels("rate").inc()
        raise ProblemError(
            429, "too-many-requests", f"too many requests; ask again in {wait} s", headers={"Retry-After": str(wait)}
        )
