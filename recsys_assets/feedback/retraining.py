"""When what learns from feedback learns again: a pure decision over what is published and what was seen.

    due     at least `least_events` events are new, or a new one has waited `longest_wait`
    paused  after the n-th failure in a row, for first_pause * 2^(n - 1) seconds, at most `longest_pause`

What was seen is what the newest training of each learner says it has read, so nothing has to be remembered: a tick that
is lost, a daemon that is killed or a retraining that fails changes nothing but when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, NonNegativeFloat, PositiveInt

SHOWN = 5
"""Learners that a reason names."""


class RetrainRule(BaseModel, extra="forbid", frozen=True):
    """How eagerly to learn; times in seconds."""

    least_events: PositiveInt = 500
    longest_wait: NonNegativeFloat = 3600.0
    first_pause: NonNegativeFloat = 300.0
    longest_pause: NonNegativeFloat = 6 * 3600.0

    def pause(self, failures: int) -> timedelta:
        """How long to wait after so many failures in a row."""
        if not failures:
            return timedelta(0)
        return timedelta(seconds=min(self.first_pause * 2.0 ** min(failures - 1, 30), self.longest_pause))


@dataclass(frozen=True)
class Seen:
    """The feedback that a training has read: version of the snapshot and events in it."""

    version: str
    events: int


@dataclass(frozen=True)
class Retraining:
    """Whether to retrain now, and why or why not."""

    due: bool
    reason: str


def decide_retraining(
    accepted: Seen,
    learners: Mapping[str, Seen],
    rule: RetrainRule,
    *,
    now: datetime,
    waiting_since: datetime | None,
    failures: int = 0,
    last_failure: datetime | None = None,
) -> Retraining:
    """`accepted`: what has passed its checks. `learners`: what each has seen; one that is behind is reason enough.

    `waiting_since`: when the first event came that not all have seen.
    """
    behind = [
        name for name, seen in learners.items() if seen.version != accepted.version and _is_behind(seen, accepted)
    ]
    if not behind:
        return Retraining(False, f"all {accepted.events:,} accepted events have been learned from")
    new = accepted.events - min(learners[name].events for name in behind)
    who = ", ".join(behind[:SHOWN])
    waited = now - waiting_since if waiting_since else timedelta(0)
    if new < rule.least_events and waited.total_seconds() < rule.longest_wait:
        return Retraining(
            False,
            f"{new:,} events are new to {who}; {rule.least_events:,} are waited for, or "
            f"{rule.longest_wait - waited.total_seconds():,.0f} s more",
        )
    if failures and last_failure and (left := last_failure + rule.pause(failures) - now) > timedelta(0):
        return Retraining(
            False,
            f"the last {failures} retraining(s) failed; look at the last run. {new:,} events wait, and are tried "
            f"again in {left.total_seconds():,.0f} s",
        )
    return Retraining(True, f"{new:,} events are new to {who}; the first has waited {waited.total_seconds():,.0f} s")


def _is_behind(seen: Seen, accepted: Seen) -> bool:
    """Events never become fewer: who has seen more has read a snapshot that was published after `accepted`."""
    return seen.events <= accepted.events
