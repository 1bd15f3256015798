"""Bots inside a rehearsal: they come when they are told to, and what bounds them is what they are believed by."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.preferences.levels import LEAST_NARROW, moved_levels
from recsys_assets.agents.preferences.trust import trusted
from recsys_assets.agents.rehearsal.bots import CREDULOUS, Bots, BotsConfig, bots_among
from recsys_assets.agents.rehearsal.people import People, PeopleConfig, people_after
from recsys_assets.agents.rehearsal.rivals import of_people
from recsys_assets.agents.rehearsal.rounds import FIRST_DAY, Platform, RoundsConfig, frame_of, rehearse
from recsys_assets.agents.rehearsal.service import service_by
from recsys_assets.agents.rehearsal.written import Staged, to_markdown
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.feedback.events import FeedbackEvent

WEIGHTS = Weights(1.0, 0.0, 1.5)
BEGAN = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def people(setting: AgentSetting) -> People:
    return people_after(setting, PeopleConfig(active=40, held_out=20), taken=[150], seed=1)


@pytest.fixture
def bots(people: People) -> Bots:
    return bots_among(people, BotsConfig(accounts=80, first_round=2))


def test_they_praise_the_least_liked_movie_and_are_nobody_else(people: People, bots: Bots) -> None:
    assert people.truth.base[bots.movie] == people.truth.base.min()
    assert not set(bots.user_ids.tolist()) & set(people.user_ids.tolist())
    assert bots.events(1, name="r", began=BEGAN) == []
    told = bots.events(2, name="r", began=BEGAN)
    assert {e.movie_id for e in told} == {bots.movie_id}
    assert len({e.event_id for e in told}) == len(told) == 160
    assert all(e.propensity is None for e in told)


def test_all_of_them_weigh_less_than_one_rating_and_who_believes_everybody_is_taken_in(
    setting: AgentSetting, people: People, bots: Bots
) -> None:
    told = frame_of(bots.events(2, name="r", began=BEGAN))
    model, movies = setting.model, setting.world.movies

    last_words = told.with_columns(trusted(told)).filter(action="rating")
    assert last_words["trust"].sum() <= LEAST_NARROW + 1e-6
    bounded, credulous = (moved_levels(model, movies, told, trust=t).moved[bots.movie] for t in (None, CREDULOUS))
    assert credulous > 2 * bounded
    assert len(of_people(told)) == 0, "nor do they join the rival's ratings"


def test_a_rehearsal_counts_them_and_says_where_their_movie_is_shown(
    setting: AgentSetting, people: People, bots: Bots
) -> None:
    service = service_by(belief_policy(setting, WEIGHTS), setting.model, version="0")
    delivered: list[FeedbackEvent] = []
    platform = Platform(lambda: service, delivered.extend, lambda: "nothing")
    config = RoundsConfig(rounds=2, sessions=2)

    found = rehearse(people, platform, {}, config, name="t", seed=3, bots=bots)

    assert found.by_bots == [0, 160]
    assert sum(found.events) == len(delivered)
    assert all(0 <= m.poisoned <= 1 for m in found.measured)
    assert {m.arm for m in found.measured} >= {FIRST_DAY}
    text = to_markdown(found, Staged("small", people.config, config, 9.0, 3, bots, "Dull", "Refused."), picture="p.png")
    assert "like and rate one movie with five stars: Dull" in text
    assert f"| 2 | {found.events[1]:,} | 160 | nothing |" in text
    assert np.isfinite(found.against(FIRST_DAY)["mean"].to_numpy()).all()
