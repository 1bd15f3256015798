"""What a newcomer types, and gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsys_assets.recommenders import MODELS
from recsys_assets_tests.e2e.conftest import Deployment, deploy

pytestmark = pytest.mark.e2e


def test_the_leaderboard_holds_every_model_once(synthetic: Deployment) -> None:
    board = synthetic.recsys_json("leaderboard")
    assert sorted(row["model"] for row in board["models"]) == sorted(MODELS)
    for suffix in ("md", "html", "json"):
        assert (synthetic.root / "data" / "reports" / f"leaderboard.{suffix}").stat().st_size > 500


def test_planted_tastes_are_found(synthetic: Deployment) -> None:
    board = synthetic.recsys_json("leaderboard")
    ndcg = {row["model"]: row["metrics"]["temporal_test_ndcg_at_10"] for row in board["models"]}
    assert ndcg["hybrid"] > ndcg["popularity"]


def test_ten_recommendations_come_with_titles_and_reasons(synthetic: Deployment) -> None:
    listed = synthetic.recsys_json("recommend", "--user", "1", "-k", "10")
    assert len(listed["movies"]) == 10
    assert len({m["movie_id"] for m in listed["movies"]}) == 10
    assert all(m["title"] and m["reasons"] for m in listed["movies"])
    assert not listed["fallback"]


def test_an_unknown_user_gets_what_most_rate_well(synthetic: Deployment) -> None:
    listed = synthetic.recsys_json("recommend", "--user", "987654321", "--model", "svd")
    assert listed["fallback"]
    assert len(listed["movies"]) == 10


def test_similar_finds_a_title_and_names_near_ones_for_a_misspelt_one(synthetic: Deployment) -> None:
    some = synthetic.recsys_json("recommend", "--user", "1")["movies"][0]["title"]
    near = synthetic.recsys_json("similar", some)
    assert near["title"] == some
    assert some not in {m["title"] for m in near["movies"]}
    message = synthetic.recsys("similar", some.split(" (")[0] + "x", code=1)
    assert "did you mean" in message


def test_models_shows_one_champion_each(synthetic: Deployment) -> None:
    versions = synthetic.recsys_json("models")
    assert sorted(v["model"] for v in versions if "champion" in v["aliases"]) == sorted(MODELS)
    assert {"mlflow.db", "champion"} <= {p.name for p in (synthetic.root / "models").iterdir()}


def test_every_served_list_can_be_traced_to_its_data(synthetic: Deployment) -> None:
    lake = json.loads((synthetic.root / "data" / "lake" / "synthetic" / "snapshot.json").read_text())
    for model in MODELS:
        manifest = synthetic.root / "models" / "champion" / "synthetic" / model / "manifest.json"
        assert json.loads(manifest.read_text())["data_version"] == lake["version"]


def test_doctor_finds_nothing_broken(synthetic: Deployment) -> None:
    findings = synthetic.recsys_json("doctor")
    assert {f["state"] for f in findings} == {"ok"}


def test_no_export_holds_a_pickle(synthetic: Deployment) -> None:
    files = [p for p in (synthetic.root / "models").rglob("*") if p.is_file()]
    assert files
    assert [p for p in files if p.suffix in {".pkl", ".pickle", ".joblib", ".pt", ".cloudpickle"}] == []


def test_asking_before_anything_is_built_says_what_to_run(tmp_path: Path) -> None:
    empty = deploy(tmp_path / "empty")
    for command in (["leaderboard"], ["recommend", "--user", "1"], ["similar", "Heat"], ["models"]):
        assert "recsys materialize" in empty.recsys(*command, code=3)
    assert "there is no data set" in empty.recsys("leaderboard", "--dataset", "ml-nowhere", code=2)


def test_no_network_and_no_mirror_is_one_clear_error(tmp_path: Path) -> None:
    dead = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    offline = deploy(tmp_path / "offline", **dead)
    process = offline.start("materialize", "published_files", "--dataset", "ml-100k")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    said = " ".join((output + errors).split())
    for way_out in ("RECSYS_DATA_MIRROR", "data/raw/ml-100k", "https://files.grouplens.org"):
        assert way_out in said
