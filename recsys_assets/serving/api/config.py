"""How the service runs. Where its data and models are is said by `Settings`, as for every other command."""

from __future__ import annotations

import ipaddress
from typing import Literal

from limits import parse
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, field_validator

PolicyName = Literal["greedy", "stochastic"]
DEFAULT_LIMIT = "600/minute"
LOOPBACK_NAMES = ("localhost",)


class ApiConfig(BaseModel, extra="forbid", frozen=True):
    """Of one process of the service."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    keys: bool | None = None
    """Ask for a key. None: beyond loopback only."""
    rate_limit: str | None = None
    """Requests that a key, or an address without one, may make: `600/minute`, `10/second`. None: `DEFAULT_LIMIT` where
    keys are asked for, no limit elsewhere. `0` is no limit."""
    policy: PolicyName = "greedy"
    """Of lists whose asker names none."""
    first_share: float = Field(default=0.2, gt=0, lt=1)
    """Chance of the best candidate to come first, by the stochastic policy."""
    deadline_seconds: PositiveFloat = 1.0
    """After which the fallback answers instead of a model."""
    load_seconds: PositiveFloat = 10.0
    """How long a request waits for a champion that nobody asked for before."""
    scoring_threads: PositiveInt = 2
    """Two, so that one model that hangs does not hold up all others. More are slower: they take turns at Python's lock
    (next_item on 2 cores, 8 connections: 164-169 lists/s with one, 137-144 with two, 119-121 with four)."""
    poll_seconds: PositiveFloat = 1.0
    """Between looks for a new champion."""
    max_models: PositiveInt = 8
    """Champions in memory at once; the default one always is."""
    cache_bytes: int = Field(default=64 << 20, ge=0)
    """For scores of users who ask again, of each champion; a quarter more for their reasons."""
    shadow_share: float = Field(default=0.2, ge=0, le=1)
    """Of one core, at most, that challengers may take; 0: they are not asked."""
    max_body: PositiveInt = 1 << 20
    """Bytes of a request."""
    body_seconds: PositiveFloat = 10.0
    """For a client to send them."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the service from a browser; none by default."""

    @field_validator("rate_limit")
    @classmethod
    def _parses(cls, value: str | None) -> str | None:
        if value not in (None, "0"):
            try:
                parse(value)
            except ValueError as error:
                raise ValueError(f"{value!r} is no rate; write it as 600/minute or 10/second") from error
        return value

    @property
    def loopback(self) -> bool:
        """Nobody beyond this machine can reach the service."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host in LOOPBACK_NAMES

    @property
    def asks_for_keys(self) -> bool:
        return not self.loopback if self.keys is None else self.keys

    @property
    def limit(self) -> str | None:
        """The limit in force, if any."""
        if self.rate_limit is None:
            return DEFAULT_LIMIT if self.asks_for_keys or not self.loopback else None
        return None if self.rate_limit == "0" else self.rate_limit
