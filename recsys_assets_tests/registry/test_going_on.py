"""An agent that has heard feedback goes on from its champion, is tried, and says what it has seen."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.registry import Registry
from recsys_assets.registry.standings import publish_leaderboard
from recsys_assets.registry.training import train_and_register
from recsys_assets.registry.trial import promote_challenger, run_trial
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.recommenders.conftest import QUICK
from recsys_assets_tests.registry.test_trial import publish_world

MODEL = "ppo_agent"


def publish_likes(settings: Settings, users: range, movie: int) -> None:
    now = datetime(2026, 11, 25)
    rows = [
        {
            "event_id": f"{user}-{liked}",
            "user_id": user,
            "movie_id": liked,
            "action": action,
            "timestamp": now,
            "received_at": now,
            "batch_id": "b1",
        }
        for user in users
        for liked, action in ((movie, "like"), (20, "skip"))
    ]
    frame = pl.DataFrame(rows, EVENT_SCHEMA | {"batch_id": pl.String()})
    Lake(settings.lake_dir).publish_frame(frame, "feedback", upstream={})


def test_an_update_hears_the_feedback_and_leaves_what_is_judged_as_it_is(settings: Settings) -> None:
    publish_world(settings)
    train_and_register(settings, MODEL, config=QUICK[MODEL] | {"start": "champion"}, run_id="first")
    assert run_trial(settings, MODEL).decision.promote
    promote_challenger(settings, MODEL)
    publish_likes(settings, range(5_000, 5_040), 30)

    updated = train_and_register(settings, MODEL, config=QUICK[MODEL] | {"start": "champion"}, run_id="second")

    assert updated.notes["went_on_from"] == "its champion"
    assert updated.notes["feedback_heard"] == "66 of 80 events", "the others are judges'"
    assert updated.lineage["feedback_events"] == "80"
    registry = Registry(settings)
    first, second = (registry.version(MODEL, n) for n in (1, 2))
    name = "temporal_validation_ndcg_at_10"
    assert first.metrics[name] == second.metrics[name]  # the hold-out's agent has heard nothing
    trial = run_trial(settings, MODEL)
    assert (trial.champion, trial.challenger) == (1, 2)
    assert publish_leaderboard(settings).best == MODEL
