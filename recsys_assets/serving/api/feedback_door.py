"""The door for feedback: each event checked, and on disk before it is acknowledged.

Of one request every event is accepted, a duplicate (its id came in before: nothing is lost, nothing counts twice) or
rejected with its reason. Accepted ones go into one segment of the inbox with one fsync. An id counts as known only
after that, so a client that tries again after a failure is never told yes for what is not there. Ids of older requests
than `REMEMBERED`, or of other processes, are found when the batch is ingested (`feedback.store`).
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from recsys_assets.feedback import FeedbackEvent, Inbox, parse_event
from recsys_assets.feedback.events import EventError
from recsys_assets.feedback.folders import Folders
from recsys_assets.settings import Settings
from recsys_assets.shown import shown

REMEMBERED = 100_000
"""Ids of events."""


@dataclass(frozen=True)
class Verdict:
    """What became of one event, by its place in the request."""

    event_id: str
    outcome: Literal["accepted", "duplicate", "rejected"]
    reason: str = ""


class FeedbackDoor:
    """Safe for threads; `seal_if_old` is to be called every second or so, `close` at the end."""

    def __init__(self, settings: Settings, *, max_events: int = 1_000, max_seconds: float = 60.0) -> None:
        self.inbox = Inbox(Folders.of(settings).inbox, max_events=max_events, max_seconds=max_seconds)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, None] = OrderedDict()

    def take(self, events: Sequence[Any]) -> list[Verdict]:
        """Verdicts in the order of `events`; when this returns the accepted ones outlive process and power.

        Raises OSError where the disk refuses: then none of them is acknowledged.
        """
        now = datetime.now(UTC)
        verdicts: list[Verdict] = []
        accepted: dict[str, FeedbackEvent] = {}
        for fields in events:
            try:
                event = parse_event(fields).received(now)
            except EventError as error:
                verdicts.append(Verdict(_id_in(fields), "rejected", shown(str(error))))
                continue
            if event.event_id in accepted or self._is_known(event.event_id):
                verdicts.append(Verdict(event.event_id, "duplicate"))
                continue
            accepted[event.event_id] = event
            verdicts.append(Verdict(event.event_id, "accepted"))
        if accepted:
            self.inbox.append(list(accepted.values()))
            self._remember(accepted)
        return verdicts

    def seal_if_old(self) -> None:
        self.inbox.seal_if_old()

    def writable(self) -> bool:
        """A folder that refuses a file would refuse feedback."""
        return os.access(self.inbox.folder, os.W_OK | os.X_OK)

    def close(self) -> None:
        self.inbox.close()

    def _is_known(self, event_id: str) -> bool:
        with self._lock:
            return event_id in self._known

    def _remember(self, events: dict[str, FeedbackEvent]) -> None:
        with self._lock:
            self._known.update(dict.fromkeys(events))
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def _id_in(fields: Any) -> str:
    found = fields.get("event_id") if isinstance(fields, dict) else None
    return shown(found, most=128) if isinstance(found, str) else ""
