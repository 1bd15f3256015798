"""Rounds of serving, feedback and learning, and what people who gave none get out of it.

Each round: people are served by the champion of the day; what they do is delivered; the platform learns, by itself;
then people who never gave feedback play the same sessions with everybody's policy: the champion, the champion of the
first day, and whatever else is refitted on the same feedback. The simulator knows how it really went. From some round
on bots may join (`bots`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.actions import Rewards
from recsys_assets.agents.environments.rollout import SessionLog, rollout
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.rehearsal.bots import Bots
from recsys_assets.agents.rehearsal.people import People, nobody_known
from recsys_assets.agents.rehearsal.service import Service
from recsys_assets.agents.rehearsal.serving import events_of, known_after, serve
from recsys_assets.evaluation.bootstrap import Interval, paired_bootstrap
from recsys_assets.feedback.events import FeedbackEvent
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, Histories

CHAMPION, FIRST_DAY = "champion, retrained", "champion of the first day"
FIRST_SEED = 2_000_000
"""Of sessions in which the truth is measured; far from all others."""


class RoundsConfig(BaseModel, extra="forbid", frozen=True):
    """How long it goes on, and how well the truth is measured."""

    rounds: PositiveInt = 6
    sessions: PositiveInt = 10
    """Of each held-out person at each measurement."""


@dataclass(frozen=True)
class Platform:
    """What is rehearsed, seen from outside. `champion`: what is served now; `deliver`: events through a real entry
    point; `learn`: returns when all that was delivered is taken and whatever follows from it is done."""

    champion: Callable[[], Service]
    deliver: Callable[[Sequence[FeedbackEvent]], None]
    learn: Callable[[], str]


@dataclass(frozen=True)
class Measured:
    """Return of a session of each held-out person (n,), with one service after `round` rounds of feedback."""

    arm: str
    round: int
    version: str
    per_person: FloatArray
    poisoned: float = 0.0
    """Share of the sessions in which the bots' movie was shown."""


@dataclass
class Rehearsal:
    """All that was measured; `events` sent in each round, `by_bots` those of them, `said` by the platform after."""

    measured: list[Measured] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    by_bots: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def against(self, reference: str, *, seed: int = 0) -> pl.DataFrame:
        """A row for each arm and round: mean return, and the paired difference to `reference` with its interval."""
        return pl.DataFrame([self._row(m, reference, seed) for m in self.measured])

    def _row(self, measured: Measured, reference: str, seed: int) -> dict[str, object]:
        other = next(m for m in self.measured if (m.arm, m.round) == (reference, measured.round))
        found: Interval = paired_bootstrap(measured.per_person, other.per_person, seed=seed)
        return {
            "round": measured.round,
            "arm": measured.arm,
            "version": measured.version,
            "mean": float(measured.per_person.mean()),
            "poisoned": measured.poisoned,
            "difference": found.mean,
            "low": found.low,
            "high": found.high,
            "people": found.n,
        }


def rehearse(
    people: People,
    platform: Platform,
    rivals: Mapping[str, Callable[[pl.DataFrame], Service]],
    config: RoundsConfig | None = None,
    *,
    name: str,
    seed: int,
    rewards: Rewards | None = None,
    bots: Bots | None = None,
    progress: Progress = silent,
) -> Rehearsal:
    """`rivals`: a service refitted on all feedback so far (columns of events). `name` goes into the ids of events."""
    config, rewards = config or RoundsConfig(), rewards or Rewards()
    found, first = Rehearsal(), platform.champion()
    sent: list[FeedbackEvent] = []
    known = nobody_known(len(people.active))
    for number in range(config.rounds + 1):
        champion = platform.champion()
        arms = {CHAMPION: champion, FIRST_DAY: first, **{n: refit(frame_of(sent)) for n, refit in rivals.items()}}
        for arm, service in arms.items():
            log = truth(people, service, config, rewards)
            values, poisoned = per_person(log, people), share_shown(log, bots)
            found.measured.append(Measured(arm, number, service.version, values, poisoned))
            progress(f"after {number} rounds: {arm} ({service.version}) {values.mean():.3f}")
        if number == config.rounds:
            break
        events, known = _served(people, champion, known, rewards, name=f"{name}-{number}", seed=seed + number)
        praise = bots.events(number + 1, name=f"{name}-{number}-bot", began=_began()) if bots else []
        platform.deliver([*events, *praise])
        sent += [*events, *praise]
        found.events.append(len(events) + len(praise))
        found.by_bots.append(len(praise))
        found.said.append(platform.learn())
        progress(f"round {number + 1}: {found.events[-1]:,} events, {len(praise):,} by bots; {found.said[-1]}")
    return found


def measure(people: People, service: Service, config: RoundsConfig, rewards: Rewards) -> FloatArray:
    """(n,) mean true return of the sessions of each held-out person; the same people and chances every time."""
    return per_person(truth(people, service, config, rewards), people)


def truth(people: People, service: Service, config: RoundsConfig, rewards: Rewards) -> SessionLog:
    """All sessions of all held-out people."""
    n = len(people.held_out)
    sessions = Sessions(people.simulator(people.held_out, nobody_known(n)), service.model, rewards)
    return rollout(service.policy, sessions, np.arange(n), seeds=FIRST_SEED + np.arange(config.sessions))


def per_person(log: SessionLog, people: People) -> FloatArray:
    """(n,) mean return of the sessions of each held-out person."""
    mean: FloatArray = log.returns.reshape(-1, len(people.held_out)).mean(axis=0)
    return mean


def share_shown(log: SessionLog, bots: Bots | None) -> float:
    """Of the sessions, in which the bots' movie was shown."""
    return float((log.movies == bots.movie).any(axis=1).mean()) if bots else 0.0


def _served(
    people: People, champion: Service, known: Histories, rewards: Rewards, *, name: str, seed: int
) -> tuple[list[FeedbackEvent], Histories]:
    """A session of each active person: the events they send, and what is known of them after it."""
    sessions = Sessions(people.simulator(people.active, known), champion.model, rewards)
    decisions = serve(champion.stochastic(sessions), sessions, seed=seed)
    events = events_of(
        decisions,
        people.user_ids[people.active],
        people.world.movies.values,
        policy=f"{champion.name}, softmax",
        version=champion.version,
        name=name,
        began=_began(),
        seed=seed,
    )
    return events, known_after(known, decisions, began=int(datetime.now(UTC).timestamp()))


def _began() -> datetime:
    """When the sessions of a round began: all of them lie in the past."""
    return datetime.now(UTC) - timedelta(minutes=30)


def frame_of(events: Sequence[FeedbackEvent]) -> pl.DataFrame:
    """Columns of events that rivals are refitted on."""
    columns: dict[str, Any] = {
        "user_id": pl.Int64,
        "movie_id": pl.Int64,
        "action": pl.String,
        "rating": pl.Float64,
        "text": pl.String,
        "propensity": pl.Float64,
        "timestamp": pl.Datetime("us"),
    }
    rows = [tuple(getattr(e, name) for name in columns if name != "timestamp") for e in events]
    rows = [(*row, e.timestamp.replace(tzinfo=None)) for row, e in zip(rows, events, strict=True)]
    return pl.DataFrame(rows, schema=columns, orient="row")
