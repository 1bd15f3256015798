"""From published data to a defended title: train, try, promote, and what happens to those that lose."""

from __future__ import annotations

import json

import pytest

from recsys_assets.features.splits import make_splits
from recsys_assets.registry import Registry, RegistryError
from recsys_assets.registry.export import champions
from recsys_assets.registry.standings import publish_leaderboard
from recsys_assets.registry.training import train_and_register
from recsys_assets.registry.trial import last_trial, promote_challenger, run_trial
from recsys_assets.settings import Settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.recommenders.worlds import two_tastes


def publish_world(settings: Settings, *, seed: int = 0, users: int = 80) -> None:
    world, lake = two_tastes(users=users, seed=seed), Lake(settings.lake_dir)
    ratings = lake.publish_frame(world.interactions, "ratings", upstream={})
    catalogue = lake.publish_frame(world.catalogue, "catalogue", upstream={})
    lake.publish_frame(make_splits(world.interactions, seed=1), "splits", upstream={"ratings": ratings.version})
    tables = {"ratings": ratings.version, "catalogue": catalogue.version}
    snapshot = {"version": f"d{seed}", "tables": tables}
    (lake.root / "snapshot.json").write_text(json.dumps(snapshot))


def _retrain(settings: Settings, model: str, run: str, **config: object) -> None:
    train_and_register(settings, model, config=config, run_id=run)


def test_the_first_is_promoted_and_an_equal_refit_changes_nothing(settings: Settings) -> None:
    publish_world(settings)
    _retrain(settings, "content", "first")
    assert run_trial(settings, "content").decision.promote
    assert promote_challenger(settings, "content").version == 1
    _retrain(settings, "content", "second")
    again = run_trial(settings, "content")
    assert (again.challenger, again.champion) == (2, 1)
    assert again.decision.passed
    assert not again.decision.promote
    assert promote_challenger(settings, "content").version == 1


def test_a_worse_challenger_is_refused_and_the_champion_stays(settings: Settings) -> None:
    publish_world(settings)
    _retrain(settings, "content", "good")
    run_trial(settings, "content")
    promote_challenger(settings, "content")
    _retrain(settings, "content", "bad", interest=-9.0)  # taste upside down: what was liked counts against
    trial = run_trial(settings, "content")
    assert not trial.decision.passed
    assert trial.challenger_ndcg < trial.champion_ndcg
    with pytest.raises(RegistryError, match="lost its trial"):
        promote_challenger(settings, "content")
    assert [(c.model, c.version) for c in champions(settings)] == [("content", 1)]
    assert Registry(settings).version("content", "champion").version == 1


def test_a_verdict_about_another_version_promotes_nothing(settings: Settings) -> None:
    publish_world(settings)
    with pytest.raises(RegistryError, match="never tried"):
        last_trial(settings, "popularity")
    _retrain(settings, "popularity", "a")
    run_trial(settings, "popularity")
    _retrain(settings, "popularity", "b")
    with pytest.raises(RegistryError, match="judged version 1, the challenger is 2"):
        promote_challenger(settings, "popularity")


def test_a_verdict_of_a_registry_that_is_gone_promotes_nothing(settings: Settings) -> None:
    publish_world(settings)
    _retrain(settings, "popularity", "a")
    run_trial(settings, "popularity")
    (settings.models_dir / "mlflow.db").unlink()
    _retrain(settings, "popularity", "b")
    with pytest.raises(RegistryError, match="another version 1"):
        promote_challenger(settings, "popularity")
    run_trial(settings, "popularity")
    assert promote_challenger(settings, "popularity").version == 1


def test_the_leaderboard_leaves_out_what_was_judged_on_older_splits(settings: Settings) -> None:
    publish_world(settings)
    for model in ("popularity", "content"):
        _retrain(settings, model, "old")
    assert publish_leaderboard(settings).left_out == ()
    publish_world(settings, seed=3)
    _retrain(settings, "content", "new")
    standings = publish_leaderboard(settings)
    assert standings.table["model"].to_list() == ["content"]
    assert standings.left_out == ("popularity",)


def test_the_model_that_answers_by_default_is_the_best_on_validation(settings: Settings) -> None:
    publish_world(settings)
    for model in ("popularity", "content"):
        _retrain(settings, model, "run")
        run_trial(settings, model)
        default = promote_challenger(settings, model).default_model
    figures = {v.model: v.metrics["temporal_validation_ndcg_at_10"] for v in Registry(settings).versions_of_all()}
    assert default == max(figures, key=figures.get)


def test_a_sequence_model_shows_how_it_was_trained_and_leaves_no_state_of_this_machine(settings: Settings) -> None:
    publish_world(settings)
    small = {"epochs": 2, "dim": 8, "hidden": 8, "window": 20, "pipeline": {"prefetch": 0}}
    trained = train_and_register(settings, "gru4rec", config=small, run_id="first")
    assert list(trained.plots_markdown) == ["quality", "training"]
    assert "checkpoints" not in trained.evaluation.config
    assert [p for p in settings.models_dir.rglob("*") if p.suffix in {".pt", ".tmp"}] == []
    assert run_trial(settings, "gru4rec").decision.promote
