"""What a served session leaves behind: columns of decisions, and the feedback events that a client would send.

Ids follow from seed, round, person and step, so that a rehearsal that was killed sends the same events again, and they
count once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.agents.environments.sessions import RATING_OF_ACT, Sessions
from recsys_assets.agents.offpolicy.softmax import SoftmaxPolicy
from recsys_assets.agents.rehearsal.comments import comments_for
from recsys_assets.feedback.events import FeedbackEvent
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

COMMENTED, RATED = 0.1, 0.1
"""Shares of considered movies that people write about, and rate with stars, beside what they do."""


@dataclass(frozen=True)
class Decisions:
    """n movies shown. `people`, `steps`, `movies` (indices), `acts` (n,) int64; `propensities` (n,)."""

    people: IntArray
    steps: IntArray
    movies: IntArray
    acts: IntArray
    propensities: FloatArray

    def __len__(self) -> int:
        return len(self.people)


def serve(policy: SoftmaxPolicy, sessions: Sessions, *, seed: int) -> Decisions:
    """One session of everybody."""
    everyone = np.arange(len(sessions.known))
    policy.begin(sessions.known, sessions.layout)
    rng = np.random.default_rng([seed, 29])
    observations = sessions.reset(everyone, np.full(len(everyone), seed, dtype=np.int64))
    parts: list[tuple[np.ndarray, ...]] = []
    while len(live := np.flatnonzero(~sessions.ended)):
        steps, choice = sessions.steps[live].copy(), policy.choose(observations[live], rng)
        movies = np.full(len(everyone), -1, dtype=np.int64)
        movies[live] = choice.movies
        observations, _, _ = sessions.step(movies)
        parts.append((live, steps, choice.movies, sessions.acts[live, steps], choice.propensities))
    people, steps, shown, acts, chances = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Decisions(people, steps, shown, acts, chances.astype(np.float32))


def events_of(
    decisions: Decisions,
    user_ids: IntArray,
    movie_ids: IntArray,
    *,
    policy: str,
    version: str,
    name: str,
    began: datetime,
    seed: int,
) -> list[FeedbackEvent]:
    """As a client sends them: an act each, here and there with a comment or stars. `name`: of the round, in ids."""
    rng = np.random.default_rng([seed, 31])
    commented = (rng.random(len(decisions)) < COMMENTED) & (decisions.acts != Act.IGNORE)
    rated = (rng.random(len(decisions)) < RATED) & (decisions.acts != Act.IGNORE)
    texts = comments_for(decisions.acts, rng)
    events = []
    columns = (decisions.people, decisions.steps, decisions.movies, decisions.acts, decisions.propensities)
    for row, (person, step, movie, act, chance) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        session = f"{name}-{int(user_ids[person])}"
        fields: dict[str, Any] = {
            "user_id": int(user_ids[person]),
            "movie_id": int(movie_ids[movie]),
            "timestamp": began + timedelta(seconds=20 * step),
            "session_id": session,
            "request_id": f"{session}-{step}",
            "position": 0,
            "policy": policy,
            "model_version": version,
            "propensity": min(1.0, chance),
        }
        text = texts[row] if commented[row] else None
        action = Act(act).name.lower()
        events.append(FeedbackEvent(event_id=f"{session}-{step}", action=action, text=text, **fields))
        if rated[row]:
            stars = float(np.round(2 * RATING_OF_ACT[act]) / 2)
            events.append(FeedbackEvent(event_id=f"{session}-{step}-stars", action="rating", rating=stars, **fields))
    return events


def known_after(known: Histories, decisions: Decisions, *, began: int) -> Histories:
    """`known` of the same people, and what they did since, as the service takes it; `began` in seconds."""
    told = decisions.acts != Act.IGNORE
    return Histories.from_columns(
        np.concatenate([known.rows, decisions.people[told]]),
        len(known),
        np.concatenate([known.movies, decisions.movies[told]]),
        np.concatenate([known.ratings, RATING_OF_ACT[decisions.acts[told]]]),
        np.concatenate([known.timestamps, began + decisions.steps[told]]),
    )
