"""What is served is tried too: poison that the frozen hold-out cannot see is refused, and the refusal is on record."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import polars as pl
import pytest

from recsys_assets.features.splits import make_splits
from recsys_assets.feedback.events import EVENT_SCHEMA
from recsys_assets.registry import Registry, RegistryError
from recsys_assets.registry import trial as trials
from recsys_assets.registry.agent_trial import is_agent
from recsys_assets.registry.audit import audit_entries
from recsys_assets.registry.export import challengers
from recsys_assets.registry.training import train_and_register
from recsys_assets.registry.trial import last_trial, promote_challenger, run_trial
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.agents.conftest import small_world

MODEL = "biased_mf"
"""Stands for an agent: it is trained in a second."""


def publish_feedback(lake: Lake, ratings: list[tuple[int, int, float]], *, batch: str, apart: float = 0) -> None:
    """`apart`: seconds between one row and the next."""
    now = datetime(2026, 11, 25)
    rows = [
        {
            "event_id": f"{batch}-{user}-{movie}",
            "user_id": user,
            "movie_id": movie,
            "action": "rating",
            "rating": stars,
            "timestamp": now + timedelta(seconds=apart * n),
            "received_at": now,
            "batch_id": batch,
        }
        for n, (user, movie, stars) in enumerate(ratings)
    ]
    lake.publish_frame(pl.DataFrame(rows, EVENT_SCHEMA | {"batch_id": pl.String()}), "feedback", upstream={})


@pytest.fixture
def lake(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A deployment whose champion has seen no feedback."""
    monkeypatch.setattr(trials, "is_agent", lambda model: True)
    (ratings, catalogue), lake = small_world(), Lake(settings.lake_dir)
    published = lake.publish_frame(ratings, "ratings", upstream={})
    features = lake.publish_frame(catalogue, "catalogue", upstream={})
    lake.publish_frame(make_splits(ratings, seed=1), "splits", upstream={"ratings": published.version})
    tables = {"ratings": published.version, "catalogue": features.version}
    (lake.root / "snapshot.json").write_text(json.dumps({"version": "d", "tables": tables}))
    train_and_register(settings, MODEL, run_id="first")
    assert run_trial(settings, MODEL).decision.promote
    promote_challenger(settings, MODEL, by="run 1")
    return lake


@pytest.mark.parametrize("apart", [0, 30], ids=["in one second", "at the pace of people"])
def test_bots_are_refused_by_what_is_served_and_by_nothing_else(settings: Settings, lake: Lake, apart: float) -> None:
    bots = [(10_000 + bot, movie, 5.0 if movie % 3 == 1 else 0.5) for bot in range(300) for movie in range(1, 61)]
    publish_feedback(lake, bots, batch="flood", apart=apart)
    trained = train_and_register(settings, MODEL, run_id="poisoned")
    assert trained.version.tags["feedback_version"] == lake.snapshot("feedback").version
    assert trained.version.tags["feedback_ratings"] == str(len(bots))
    trial = run_trial(settings, MODEL, by="run 2")
    holdout, returns, off_policy = trial.floors
    assert holdout.difference == 0, "the judged fit has seen none of it"
    assert not returns.holds
    assert off_policy.not_had
    assert not trial.decision.passed
    assert trial.decision.reason.startswith("falls too far: simulated return -")
    assert last_trial(settings, MODEL) == trial
    with pytest.raises(RegistryError, match="lost its trial: falls too far"):
        promote_challenger(settings, MODEL)
    assert Registry(settings).version(MODEL, 2).tags["verdict"] == trial.decision.reason
    refused = audit_entries(settings)[-1]
    assert (refused.act, refused.version, refused.before, refused.by) == ("refused", 2, 1, "run 2")
    assert refused.batches == ("flood",)
    assert refused.figures["challenger_simulated_return"] < refused.figures["champion_simulated_return"]
    assert challengers(settings)[MODEL].name == "2"
    assert Registry(settings).version(MODEL, "champion").version == 1


def test_honest_feedback_is_newer_data_and_is_promoted(settings: Settings, lake: Lake) -> None:
    publish_feedback(lake, [(10_000, movie, 4.5 if movie % 3 == 1 else 2.5) for movie in range(1, 21)], batch="b1")
    train_and_register(settings, MODEL, run_id="second")
    trial = run_trial(settings, MODEL)
    assert trial.decision.promote, trial.decision.reason
    assert "on newer data" in trial.decision.reason
    assert promote_challenger(settings, MODEL, by="run 3").version == 2
    promoted = audit_entries(settings)[-1]
    assert (promoted.act, promoted.before, promoted.batches) == ("promoted", 1, ("b1",))
    assert promoted.made_from["feedback_events"] == "20"


def test_agents_are_those_of_their_package() -> None:
    assert is_agent("dqn_agent")
    assert not is_agent("svd")
