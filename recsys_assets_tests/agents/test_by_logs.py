"""Policies by logs: near the truth where the log says enough, and no figure where it does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.actions import Rewards
from recsys_assets.agents.evaluation.by_logs import LogStudy, by_feedback, by_simulated_log, told
from recsys_assets.agents.evaluation.comparison import Contestant
from recsys_assets.agents.offpolicy.estimators import LEAST
from recsys_assets.agents.offpolicy.feedback import decisions_of
from recsys_assets.agents.policies.simple import BeliefPolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.feedback.events import EVENT_SCHEMA

WEIGHTS = Weights(popularity=1.0, doubt=0.0, variety=1.0)
BEGAN = datetime(2030, 1, 1)


@pytest.fixture(scope="module")
def study(setting: AgentSetting) -> LogStudy:
    contestants = [
        Contestant.of(belief_policy(setting, WEIGHTS, name="rival")),
        Contestant.of(RandomPolicy(setting.world)),
        Contestant.of(BeliefPolicy(setting.world, name="worst", model=setting.model, popularity=-50.0)),
    ]
    return by_simulated_log(setting, contestants, WEIGHTS, sessions_each=25)


def test_estimates_are_near_the_truth_and_their_intervals_around_them(study: LogStudy) -> None:
    rival = next(v for v in study.values if v.policy == "rival")
    assert rival.ess > LEAST
    assert rival.truth is not None
    for value in (rival.snips, rival.dm, rival.dr):
        assert value is not None
        assert value.value is not None
        assert value.low is not None
        assert value.high is not None
        assert value.low < value.value < value.high
        assert value.value == pytest.approx(rival.truth, abs=0.2)


def test_what_the_log_says_too_little_of_gets_no_figure(study: LogStudy) -> None:
    worst = study.values[-1]
    assert worst.policy == "worst"
    assert worst.ess < LEAST
    assert worst.snips is not None
    assert worst.snips.value is None
    assert told(worst.snips, worst.ess) == told(worst.dr, worst.ess) == "too few"
    truths = {v.policy: v.truth for v in study.values}
    assert truths["rival"] > truths["random"]  # type: ignore[operator]


def feedback_of(setting: AgentSetting, *, people: int, requests: int) -> pl.DataFrame:
    """Everybody is shown the best known or the second best known movie, either with a chance of a half. The first is
    liked, the second skipped."""
    order, rng = (
        setting.world.movies.values[np.argsort(-setting.world.popularity, kind="stable")],
        np.random.default_rng(1),
    )
    rows = []
    for person in range(people):
        for request in range(requests):
            first = rng.random() < 0.5
            rows.append(
                {
                    "event_id": f"e{person}-{request}",
                    "user_id": 100_000 + person,
                    "movie_id": int(order[0 if first else 1]),
                    "action": "like" if first else "skip",
                    "request_id": f"r{person}-{request}",
                    "propensity": 0.5,
                    "timestamp": BEGAN + timedelta(seconds=request),
                }
            )
    return pl.DataFrame(rows, schema=EVENT_SCHEMA)


def nobodys_ratings() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"user_id": pl.Int64, "movie_id": pl.Int64, "rating": pl.Float64, "timestamp": pl.Datetime("us")}
    )


def test_feedback_tells_what_the_policy_that_shows_the_liked_movie_earns(setting: AgentSetting) -> None:
    decisions = decisions_of(feedback_of(setting, people=40, requests=10))
    popular = Contestant.of(PopularPolicy(setting.world))
    found = by_feedback(decisions, nobodys_ratings(), setting, [popular])
    assert found is not None
    assert found.n == 400
    value = found.values[0]
    assert value.truth is None
    assert value.snips is not None
    assert value.snips.value == pytest.approx(Rewards().like)
    assert value.dr is not None
    assert value.dr.value == pytest.approx(Rewards().like, abs=0.1)


@pytest.mark.parametrize(("days", "earned"), [(-1, Rewards().skip), (1, Rewards().like)])
def test_what_a_policy_shows_follows_from_what_was_rated_before_the_request(
    setting: AgentSetting, days: int, earned: float
) -> None:
    """Rated before, the best known movie is not shown again, and the second best is; rated later, it is shown."""
    decisions = decisions_of(feedback_of(setting, people=40, requests=10))
    best = int(setting.world.movies.values[np.argmax(setting.world.popularity)])
    rated = pl.DataFrame(
        {
            "user_id": [100_000 + p for p in range(40)],
            "movie_id": [best] * 40,
            "rating": [4.0] * 40,
            "timestamp": [BEGAN + timedelta(days=days)] * 40,
        }
    )
    popular = Contestant.of(PopularPolicy(setting.world))
    found = by_feedback(decisions, rated, setting, [popular])
    assert found is not None
    assert found.values[0].snips is not None
    assert found.values[0].snips.value == pytest.approx(earned)


def test_feedback_without_propensities_or_with_few_people_says_no_more_than_it_can(setting: AgentSetting) -> None:
    popular = [Contestant.of(PopularPolicy(setting.world))]
    events = feedback_of(setting, people=3, requests=5)
    none = decisions_of(events.with_columns(propensity=pl.lit(None, dtype=pl.Float64)))
    assert by_feedback(none, nobodys_ratings(), setting, popular) is None
    few = by_feedback(decisions_of(events), nobodys_ratings(), setting, popular)
    assert few is not None
    assert few.values[0].dr is None
    assert told(few.values[0].snips, few.values[0].ess) == "too few"
