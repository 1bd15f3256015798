"""FeedbackEvent: one thing that one person did, as it is checked at the door and stored.

`event_id` is an idempotency key: the same id twice is the same event, whatever came with it. Without `propensity`, the
probability with which the policy showed the movie in that place, no off-policy figure can be had of it.
"""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from recsys_assets.warehouse.tables import ACTIONS, FEEDBACK

Action = Literal["like", "watch", "click", "skip", "ignore", "rating"]
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No event of this platform is older."""
CLOCK_SKEW = timedelta(hours=24)
"""How far ahead a client's clock may be."""
MAX_TEXT = 2_000
"""Characters of a text that are kept; longer is refused, so that nothing is cut unseen."""
Name = Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+/-]*$")
"""Ids made by programs: visible ASCII, no spaces, no quotes."""

_POLARS = {"VARCHAR": pl.String(), "BIGINT": pl.Int64(), "DOUBLE": pl.Float64(), "TIMESTAMP": pl.Datetime("us")}
EVENT_SCHEMA: dict[str, pl.DataType] = {c.name: _POLARS[c.type] for c in FEEDBACK.columns if c.name != "batch_id"}
"""Columns of accepted events; times are UTC, stored without zone."""


__all__ = ["ACTIONS", "EVENT_SCHEMA", "EventError", "FeedbackEvent", "parse_event"]


class EventError(ValueError):
    """An event that cannot be taken, with the field and the remedy."""


class FeedbackEvent(BaseModel):
    """One event. Unknown fields are refused: a misspelled `propensity` would be lost otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    event_id: str = Name
    """Made by the client, and repeated by it when it tries again."""
    user_id: int = Field(ge=1, le=2**53)
    movie_id: int = Field(ge=1, le=2**53)
    action: Action
    rating: float | None = Field(default=None, ge=0.5, le=5.0, multiple_of=0.5)
    """Half stars, 0.5-5.0; with action `rating` and only with it."""
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    """What the person wrote. Data, and nothing else: never HTML, SQL or an instruction."""
    timestamp: datetime
    """When it was done, by the client's clock."""
    received_at: datetime | None = None
    """When the platform had it; set at the door, whatever was sent."""
    session_id: str | None = Field(default=None, max_length=128)
    request_id: str | None = Field(default=None, max_length=128)
    """Of the answer that showed the movie."""
    position: int | None = Field(default=None, ge=0, lt=10_000)
    """Place in that list, from 0."""
    policy: str | None = Field(default=None, max_length=128)
    model_version: str | None = Field(default=None, max_length=128)
    propensity: float | None = Field(default=None, gt=0, le=1)
    """Probability with which the policy put this movie in this place."""

    @field_validator("user_id", "movie_id", "position", mode="before")
    @classmethod
    def _no_booleans(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("a number is wanted, not true or false")
        return value

    @field_validator("timestamp", "received_at", mode="after")
    @classmethod
    def _utc(cls, value: datetime | None) -> datetime | None:
        """Times without zone are taken as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    @field_validator("text", mode="after")
    @classmethod
    def _storable(cls, value: str | None) -> str | None:
        """NFC, without lone surrogates, which no file can hold."""
        if value is None:
            return None
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError("holds half of a surrogate pair, which is no text") from error
        return unicodedata.normalize("NFC", value) or None

    @model_validator(mode="after")
    def _stars_with_ratings_only(self) -> FeedbackEvent:
        if (self.action == "rating") != (self.rating is not None):
            raise ValueError("`rating` (0.5-5.0) goes with action 'rating', and only with it")
        return self

    def received(self, now: datetime) -> FeedbackEvent:
        """The event as taken at `now`. Raises EventError where its own time cannot be."""
        if not EARLIEST <= self.timestamp <= now + CLOCK_SKEW:
            raise EventError(
                f"timestamp {self.timestamp.isoformat()} is outside {EARLIEST.date()} to a day from now; "
                "send the time at which it was done, in UTC"
            )
        return self.model_copy(update={"received_at": now})

    def to_line(self) -> bytes:
        """One line of NDJSON, ASCII only, so that no tool splits it elsewhere; nulls are left out."""
        fields = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def parse_event(fields: Any) -> FeedbackEvent:
    """An event from JSON's objects. Raises EventError that names each wrong field and what is wanted."""
    try:
        return FeedbackEvent.model_validate(fields)
    except ValidationError as error:
        raise EventError("; ".join(_said(e) for e in error.errors()[:5])) from error


def _said(error: Any) -> str:
    field = ".".join(map(str, error["loc"])) or "event"
    return f"{field}: {error['msg'].removeprefix('Value error, ')}"
