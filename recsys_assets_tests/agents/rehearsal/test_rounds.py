"""People after the data are served, give feedback, and what is learned of it shows on people who gave none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.rehearsal.people import People, PeopleConfig, nobody_known, people_after
from recsys_assets.agents.rehearsal.rivals import REFITTED, as_ratings, refitted_rival
from recsys_assets.agents.rehearsal.rounds import (
    CHAMPION,
    FIRST_DAY,
    Platform,
    Rehearsal,
    RoundsConfig,
    frame_of,
    rehearse,
)
from recsys_assets.agents.rehearsal.service import Service, service_by, temperature_for
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.feedback.events import FeedbackEvent
from recsys_assets_tests.agents.conftest import small_world

WEIGHTS = Weights(popularity=0.5, doubt=0.1, variety=0.5)


@pytest.fixture(scope="module")
def people(setting: AgentSetting) -> People:
    config = PeopleConfig(active=120, held_out=60, genre_fashion=1.0, movie_fashion=0.5)
    return people_after(setting, config, taken=[150], seed=1)


class PlatformInMemory:
    """Refits the re-ranker on what was delivered: a service that learns, without disk or daemon."""

    def __init__(self, setting: AgentSetting) -> None:
        interactions, _ = small_world()
        self.refit = refitted_rival(setting, interactions, WEIGHTS)
        self.service = service_by(belief_policy(setting, WEIGHTS), setting.model, version="0")
        self.events: list[FeedbackEvent] = []

    def deliver(self, events: Sequence[FeedbackEvent]) -> None:
        self.events.extend(events)

    def learn(self) -> str:
        self.service = self.refit(frame_of(self.events))
        return f"{len(self.events)} events"

    def platform(self) -> Platform:
        return Platform(lambda: self.service, self.deliver, self.learn)


def test_acts_join_ratings_of_any_width(setting: AgentSetting) -> None:
    interactions, _ = small_world()
    acts = pl.DataFrame(
        {"user_id": [900], "movie_id": [5], "action": ["like"], "timestamp": pl.Series([1]).cast(pl.Datetime("us"))}
    ).with_columns(rating=pl.lit(None, dtype=pl.Float64))
    refit = refitted_rival(setting, interactions.with_columns(pl.col("rating").cast(pl.Float32)), WEIGHTS)

    assert refit(acts).version == "1 events"


def rehearsed(setting: AgentSetting, people: People) -> tuple[Rehearsal, PlatformInMemory]:
    memory, interactions = PlatformInMemory(setting), small_world()[0]
    rivals = {REFITTED: refitted_rival(setting, interactions, WEIGHTS)}
    config = RoundsConfig(rounds=2, sessions=5)
    return rehearse(people, memory.platform(), rivals, config, name="test", seed=3), memory


def test_who_learns_from_feedback_serves_people_who_gave_none_better(setting: AgentSetting, people: People) -> None:
    found, _ = rehearsed(setting, people)

    last = found.against(FIRST_DAY).filter(pl.col("round") == 2)

    assert last.filter(pl.col("arm") == CHAMPION)["low"].item() > 0
    assert last.filter(pl.col("arm") == FIRST_DAY)["difference"].item() == 0


def test_a_rehearsal_is_repeated_to_the_last_event(setting: AgentSetting, people: People) -> None:
    (one, first), (two, second) = rehearsed(setting, people), rehearsed(setting, people)

    assert [m.per_person.tolist() for m in one.measured] == [m.per_person.tolist() for m in two.measured]
    assert [e.event_id for e in first.events] == [e.event_id for e in second.events]
    assert len({e.event_id for e in first.events}) == len(first.events)


def test_events_carry_the_chance_with_which_their_movie_was_shown(setting: AgentSetting, people: People) -> None:
    _, memory = rehearsed(setting, people)
    acts = [e for e in memory.events if e.action != "rating"]

    assert all(e.propensity is not None and 0 < e.propensity <= 1 for e in acts)
    assert 0.1 < np.mean([e.propensity for e in acts if e.propensity]) < 0.4
    assert {e.user_id for e in acts} == set(people.user_ids[people.active].tolist())
    assert any(e.text for e in acts)
    assert any(e.action == "rating" for e in memory.events)


def test_nobody_is_shown_a_movie_twice_over_rounds(setting: AgentSetting, people: People) -> None:
    _, memory = rehearsed(setting, people)
    told = [(e.user_id, e.movie_id) for e in memory.events if e.action not in ("ignore", "rating")]

    assert len(set(told)) == len(told)


def test_new_people_have_ids_of_their_own_and_tastes_of_the_prior(setting: AgentSetting) -> None:
    many = people_after(setting, PeopleConfig(active=4000, held_out=1000), taken=[7, 150], seed=2)

    assert many.user_ids.min() == 151
    assert len(set(many.active.tolist()) & set(many.held_out.tolist())) == 0
    np.testing.assert_allclose(np.cov(many.tastes.T), setting.model.prior, atol=0.1 * np.abs(setting.model.prior).max())


def test_without_fashion_the_truth_is_what_the_ratings_say(setting: AgentSetting) -> None:
    still = people_after(setting, PeopleConfig(active=3, held_out=2, genre_fashion=0, movie_fashion=0), seed=2)

    np.testing.assert_array_equal(still.truth.base, setting.model.base)


@pytest.mark.parametrize("unit", [0.01, 1.0, 250.0])
def test_temperature_gives_the_best_its_share_in_any_unit(unit: float) -> None:
    scores = (np.random.default_rng(0).normal(size=(50, 300)) * unit).astype(np.float32)

    temperature = temperature_for(scores, 0.2)

    best = np.sort(scores, axis=1)[:, -100:].astype(np.float64)
    weights = np.exp((best - best.max(axis=1, keepdims=True)) / temperature)
    assert np.mean(weights.max(axis=1) / weights.sum(axis=1)) == pytest.approx(0.2, abs=0.005)


def test_the_last_act_on_a_movie_counts_and_an_ignored_one_is_no_rating() -> None:
    acts = pl.DataFrame(
        {
            "user_id": [1, 1, 2],
            "movie_id": [5, 5, 5],
            "action": ["skip", "like", "ignore"],
            "rating": pl.Series([None, None, None], dtype=pl.Float64),
            "timestamp": pl.Series([1, 2, 3]).cast(pl.Datetime("us")),
        }
    )

    assert as_ratings(acts).select("user_id", "rating").rows() == [(1, 4.75)]


def test_a_service_by_a_known_policy_is_measured_on_empty_histories(setting: AgentSetting, people: People) -> None:
    service: Service = service_by(belief_policy(setting, WEIGHTS), setting.model, version="0")
    from recsys_assets.agents.actions import Rewards
    from recsys_assets.agents.rehearsal.rounds import measure

    assert measure(people, service, RoundsConfig(sessions=3), Rewards()).shape == (60,)
    assert len(nobody_known(4)) == 4
