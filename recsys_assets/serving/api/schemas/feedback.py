"""Feedback at the door."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from recsys_assets.feedback import FeedbackEvent

MOST_EVENTS = 1_000

EXAMPLE: dict[str, Any] = {
    "event_id": "app-5b1c-0001",
    "user_id": 1,
    "movie_id": 318,
    "action": "like",
    "timestamp": "2026-11-25T18:00:00Z",
    "request_id": "0f7c4e0a5f0b4c3e9f0d3a6f2a3b1c11",
    "position": 0,
    "policy": "stochastic",
    "model_version": "next_item/3",
    "propensity": 0.18,
}
RATING: dict[str, Any] = {
    "event_id": "app-5b1c-0002",
    "user_id": 1,
    "movie_id": 858,
    "action": "rating",
    "rating": 4.5,
    "text": "slow at first, then magnificent",
    "timestamp": "2026-11-25T18:01:00Z",
}


class FeedbackIn(BaseModel):
    """Many events at once; each is taken or rejected by itself."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"events": [EXAMPLE, RATING]}]})

    events: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_EVENTS)] = Field(
        description="Each as `FeedbackEvent`."
    )


FeedbackBody = FeedbackEvent | FeedbackIn


class EventVerdict(BaseModel):
    event_id: str = Field(description="Empty where the event has none that can be read.")
    outcome: Literal["accepted", "duplicate", "rejected"]
    reason: str = ""


class FeedbackAnswer(BaseModel):
    """Accepted events are on disk: they outlive the process and the power."""

    request_id: str
    accepted: int
    duplicate: int
    rejected: int
    events: list[EventVerdict]


class BatchesAnswer(BaseModel):
    """Where feedback is on its way into the data."""

    waiting: list[str] = Field(description="Sealed batches that the pipeline has not taken yet.")
    open_segments: int = Field(description="Files being written; sealed at 1,000 events or 60 s.")
    accepted_batches: int
    rejected: dict[str, str] = Field(description="Batches of which nothing could be taken, and why.")
