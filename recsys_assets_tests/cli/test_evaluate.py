"""`recsys evaluate` and `recsys tune` on published splits, and what they say where there are none."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from recsys_assets.cli.model_options import configs_of
from recsys_assets.evaluation.evaluate import evaluate_leave_one_out
from recsys_assets.evaluation.protocols import leave_one_out
from recsys_assets.evaluation.published import Published
from recsys_assets.features.splits import make_splits
from recsys_assets.recommenders import build
from recsys_assets.settings import Settings, load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.cli.conftest import Recsys
from recsys_assets_tests.recommenders.worlds import two_tastes

LOO = ("evaluate", "--protocol", "leave-one-out")


@pytest.fixture
def deployment(recsys: Recsys, tmp_path: Path) -> Settings:
    """Eighty users of two tastes, published as `synthetic`; `recsys` has set the environment."""
    settings = load_settings()
    world, lake = two_tastes(users=80), Lake(settings.lake_dir)
    ratings = lake.publish_frame(world.interactions, "ratings", upstream={})
    lake.publish_frame(world.catalogue, "catalogue", upstream={})
    splits = make_splits(world.interactions, seed=settings.seed)
    lake.publish_frame(splits, "splits", upstream={"ratings": ratings.version})
    (lake.root / "snapshot.json").write_text(json.dumps({"version": "d", "tables": {"ratings": ratings.version}}))
    return settings


def asked(recsys: Recsys, *command: str) -> dict:
    done = recsys(*command, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("command", [(*LOO, "-m", "popularity"), ("tune", "popularity")])
def test_where_nothing_is_published_the_command_that_publishes_is_named(
    command: tuple[str, ...], recsys: Recsys
) -> None:
    refused = recsys(*command)
    assert refused.exit_code == 3
    assert "recsys materialize '*splits' --dataset synthetic" in refused.stderr


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("protocol", ["temporal", "leave-one-out", "five-fold"])
def test_a_model_is_put_through_a_protocol_by_name(protocol: str, recsys: Recsys) -> None:
    document = asked(recsys, "evaluate", "-m", "biased_mf", "-p", protocol, "--set", "factors=4", "--set", "epochs=9")
    (model,) = document["models"]
    assert model["config"]["factors"] == 4
    key = "rmse" if protocol == "five-fold" else "ndcg_at_10"
    figure = model["figures"][key]
    assert figure["low"] < figure["value"] < figure["high"]
    assert model["cpu_seconds"] > 0
    assert document["leaderboard"] == [None]


def test_the_seed_of_the_deployment_gives_the_published_split(recsys: Recsys, deployment: Settings) -> None:
    data = Published.of(deployment)
    own = asked(recsys, *LOO, "-m", "content")["models"][0]["figures"]["ndcg_at_10"]["value"]
    published = leave_one_out(lambda: build("content"), data.splits, data.catalogue, seed=deployment.seed)
    assert own == pytest.approx(published.rankings[0].at[0].ndcg)


def test_several_seeds_are_averaged_by_user(deployment: Settings) -> None:
    data = Published.of(deployment)
    together = evaluate_leave_one_out(lambda: build("content"), data, seeds=[1, 2, 3])
    alone = [evaluate_leave_one_out(lambda: build("content"), data, seeds=[seed]) for seed in (1, 2, 3)]
    assert together.value("ndcg_at_10") == pytest.approx(np.mean([m.value("ndcg_at_10") for m in alone]))
    (figure,) = [f for f in together.figures if f.measure.key == "ndcg_at_10"]
    assert figure.interval is not None
    assert figure.interval.mean == pytest.approx(figure.value)
    assert figure.interval.n == 80
    assert list(together.by_seed) == [1, 2, 3]


@pytest.mark.usefixtures("deployment")
def test_two_models_are_compared_user_by_user(recsys: Recsys) -> None:
    document = asked(recsys, *LOO, "-m", "content", "-m", "popularity", "--set", "popularity.order=count")
    one, other = (m["figures"]["ndcg_at_10"]["value"] for m in document["models"])
    (difference,) = document["differences"]
    found = difference["figures"]["ndcg_at_10"]
    assert (difference["model"], difference["minus"]) == ("content", "popularity")
    assert found["value"] == pytest.approx(one - other)
    assert found["low"] <= found["value"] <= found["high"]
    shown = recsys(*LOO, "-m", "content", "-m", "popularity")
    assert "content - popularity, paired by user" in shown.stdout
    assert "95 % bootstrap" in " ".join(shown.stdout.split())


def test_figures_stand_beside_the_leaderboards_best(recsys: Recsys, deployment: Settings) -> None:
    path = deployment.reports_dir / "synthetic" / "leaderboard.json"
    path.parent.mkdir(parents=True)
    rows = [
        {"model": name, "seed": deployment.seed, "metrics": {"loo_test_ndcg_at_10": ndcg}}
        for name, ndcg in (("poor", 0.001), ("perfect", 1.0))
    ]
    path.write_text(json.dumps({"models": rows}))
    said = " ".join(recsys(*LOO, "-m", "content").stdout.split())
    assert "behind perfect, the leaderboard's best at NDCG@10 (1.0000)." in said
    assert "under other seeds" in " ".join(recsys(*LOO, "-m", "content", "--seed", "1").stdout.split())


@pytest.mark.usefixtures("deployment")
def test_the_leaking_protocol_says_that_it_leaks(recsys: Recsys) -> None:
    shown = recsys("evaluate", "-m", "content", "-p", "seed-windows")
    assert shown.exit_code == 0, shown.output
    said = " ".join(shown.stdout.split())
    assert "look-up of the leak" in said
    assert "This protocol leaks" in said
    assert "% split at random and 0 % split by time" in said


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("-m", "esae"), 2, "there is no model 'esae'"),
        (("-m", "ease", "--set", "lambda=3"), 2, "field 'lambda'"),
        (("-m", "ease", "--set", "regularization"), 2, "write --set FIELD=VALUE"),
        (("-m", "ease", "-m", "ease"), 2, "given twice"),
        (("-m", "ease", "-m", "svd", "--set", "factors=3"), 2, "Write --set ease.factors=3"),
        (("-m", "popularity", "-p", "five-fold"), 1, "predicts no ratings"),
        (("-m", "svd", "-p", "five-fold", "--part", "validation"), 2, "has no validation part"),
    ],
)
def test_wrong_use_is_refused_with_the_reason(options: tuple[str, ...], code: int, said: str, recsys: Recsys) -> None:
    refused = recsys("evaluate", *options)
    assert refused.exit_code == code, refused.output
    assert said in refused.stderr


def test_fields_are_read_as_json_and_may_be_fields_of_fields() -> None:
    found = configs_of(["content", "svd"], ["content.weights.genres=2", "svd.factors=3", "content.half_life=null"])
    assert found == {"content": {"weights": {"genres": 2}, "half_life": None}, "svd": {"factors": 3}}
    assert configs_of(["popularity"], ["order=count", "popularity.percentile=0.5"]) == {
        "popularity": {"order": "count", "percentile": 0.5}
    }


def test_a_search_prints_settings_that_evaluate_takes(recsys: Recsys, deployment: Settings) -> None:
    shown = recsys("tune", "markov", "--trials", 8, "--objective", "leave-one-out")
    assert shown.exit_code == 0, shown.output
    report = json.loads((deployment.reports_dir / "synthetic" / "tuning" / "markov.json").read_text())
    assert report["best_value"] > report["default_value"], "else nothing would be printed to try"
    given = next(line for line in shown.stdout.splitlines() if line.startswith("recsys evaluate --model markov"))
    again = asked(recsys, *shlex.split(given)[1:], "--part", "validation")
    assert again["models"][0]["figures"]["ndcg_at_10"]["value"] == pytest.approx(report["best_value"])
    launchpad = json.loads(shown.stdout[shown.stdout.index("{") : shown.stdout.rindex("}") + 1])
    assert launchpad == {"ops": {"markov": {"config": report["config"]}}}
    further = asked(recsys, "tune", "markov", "--trials", "9", "--objective", "leave-one-out")
    assert further["trials"][:8] == report["trials"]


def test_models_that_cannot_be_tuned_are_named(recsys: Recsys) -> None:
    refused = recsys("tune", "esae")
    assert refused.exit_code == 2
    assert "there is no model" in refused.stderr
