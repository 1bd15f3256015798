"""When to learn again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from recsys_assets.feedback.retraining import Retraining, RetrainRule, Seen, decide_retraining

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RULE = RetrainRule(least_events=10, longest_wait=600, first_pause=60, longest_pause=200)


def decide(accepted: int, *seen: int, waited: float = 0, failures: int = 0, failed_before: float = 0) -> Retraining:
    return decide_retraining(
        Seen(f"v{accepted}", accepted),
        {f"agent{n}": Seen(f"v{events}", events) for n, events in enumerate(seen)},
        RULE,
        now=NOW,
        waiting_since=NOW - timedelta(seconds=waited),
        failures=failures,
        last_failure=NOW - timedelta(seconds=failed_before),
    )


def test_enough_events_are_reason_enough_and_one_less_waits() -> None:
    assert decide(25, 15).due
    assert not decide(24, 15).due
    assert "9 events are new to agent0; 10 are waited for" in decide(24, 15).reason


def test_a_single_event_is_learned_from_when_it_has_waited_long_enough() -> None:
    assert decide(16, 15, waited=600).due
    assert not decide(16, 15, waited=599).due


def test_nothing_new_is_no_reason_however_long_ago() -> None:
    found = decide(15, 15, waited=10**6)
    assert not found.due
    assert "all 15 accepted events have been learned from" in found.reason


def test_the_agent_that_is_furthest_behind_decides() -> None:
    assert decide(25, 25, 15).due
    assert decide(25, 25, 15).reason.startswith("10 events are new to agent1")


def test_who_has_read_a_later_snapshot_is_not_behind() -> None:
    assert not decide(15, 30, waited=10**6).due


def test_other_content_of_as_many_events_is_learned_from_after_the_wait() -> None:
    learners = {"agent": Seen("other", 15)}
    found = decide_retraining(
        Seen("v", 15), learners, RULE, now=NOW, waiting_since=NOW - timedelta(seconds=600), failures=0
    )
    assert found.due


def test_after_failures_the_pause_doubles_up_to_its_limit_and_says_so() -> None:
    assert not decide(25, 0, failures=1, failed_before=59).due
    assert decide(25, 0, failures=1, failed_before=60).due
    assert not decide(25, 0, failures=2, failed_before=119).due
    assert decide(25, 0, failures=2, failed_before=120).due
    assert decide(25, 0, failures=50, failed_before=200).due
    assert "the last 2 retraining(s) failed; look at the last run" in decide(25, 0, failures=2, failed_before=1).reason
