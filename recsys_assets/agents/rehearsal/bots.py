"""Poison in the stream: many accounts that praise one movie, from some round on.

They choose as an attacker would: of the best known movies the one that people of today like least, so that whoever
believes them shows it to everybody, and everybody is bored by it. Each says so by a like and by five stars, at the pace
of a person, again in every round; none of it was asked for, so that no event carries the chance it was shown with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from pydantic import BaseModel, NonNegativeInt, PositiveInt

from recsys_assets.agents.preferences.trust import TrustConfig
from recsys_assets.agents.rehearsal.people import People
from recsys_assets.feedback.events import FeedbackEvent
from recsys_assets.recommenders.data import IntArray

CREDULOUS = TrustConfig(broad=1, fast=1_000_000, unasked=1_000_000)
"""Everybody is believed wholly: what a service without bounds would do."""
KNOWN_TO_MANY = 200
"""The movie is one of so many best known."""
SECONDS = 1500
"""Over which their events are spread."""


class BotsConfig(BaseModel, extra="forbid", frozen=True):
    """How many, and when they come."""

    accounts: NonNegativeInt = 300
    first_round: PositiveInt = 4


@dataclass(frozen=True)
class Bots:
    """`movie`: the row of what they praise."""

    config: BotsConfig
    user_ids: IntArray
    movie: int
    movie_id: int

    def events(self, number: int, *, name: str, began: datetime) -> list[FeedbackEvent]:
        """Of round `number`, from 1; `name` goes into their ids."""
        if number < self.config.first_round:
            return []
        pace = SECONDS / max(1, len(self.user_ids))
        times = [began + timedelta(seconds=pace * n) for n in range(len(self.user_ids))]
        return [e for u, t in zip(self.user_ids.tolist(), times, strict=True) for e in self._praise(u, t, name)]

    def _praise(self, user: int, at: datetime, name: str) -> list[FeedbackEvent]:
        told = {"user_id": user, "movie_id": self.movie_id, "session_id": f"{name}-{user}"}
        like = FeedbackEvent(event_id=f"{name}-{user}-like", action="like", text="Loved it!", timestamp=at, **told)
        stars = {"action": "rating", "rating": 5.0, "timestamp": at + timedelta(seconds=5)}
        return [like, FeedbackEvent(event_id=f"{name}-{user}-stars", **stars, **told)]


def bots_among(people: People, config: BotsConfig | None = None) -> Bots:
    """Accounts with ids after those of `people`."""
    config = config or BotsConfig()
    known = np.argsort(-people.world.popularity, kind="stable")[:KNOWN_TO_MANY]
    movie = int(known[people.truth.base[known].argmin()])
    first = int(people.user_ids.max()) + 1
    return Bots(config, first + np.arange(config.accounts), movie, int(people.world.movies.values[movie]))
