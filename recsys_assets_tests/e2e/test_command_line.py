"""What a newcomer types, and gets."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.sources.synthetic import SyntheticConfig, make_world
from recsys_assets.sources.synthetic.words import GENRES
from recsys_assets_tests.e2e.conftest import Deployment, deploy, quick_models

pytestmark = pytest.mark.e2e


def test_the_leaderboard_holds_every_model_once(synthetic: Deployment) -> None:
    board = synthetic.recsys_json("leaderboard")
    assert sorted(row["model"] for row in board["models"]) == quick_models()
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
    assert sorted(v["model"] for v in versions if "champion" in v["aliases"]) == quick_models()
    assert {"mlflow.db", "champion"} <= {p.name for p in (synthetic.root / "models").iterdir()}


def test_every_served_list_can_be_traced_to_its_data(synthetic: Deployment) -> None:
    lake = json.loads((synthetic.root / "data" / "lake" / "synthetic" / "snapshot.json").read_text())
    for model in quick_models():
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


OWN_MAPPING = """
text_ids = ["user_id", "movie_id"]
[ratings]
file = "sold/*.tsv"
columns = { user_id = "who", movie_id = "what", rating = "points", timestamp = "when" }
scale = [1, 10]
time = "iso"
[movies]
file = "shelf.csv"
delimiter = ";"
columns = { movie_id = "sku", title = "name", genres = "kinds" }
separator = "/"
"""


def own_folder(folder: Path) -> Path:
    """A generated world as a shop would keep it: text ids, points of 10, ISO times; one row of 11 points."""
    world = make_world(SyntheticConfig(n_users=150, n_movies=250, n_ratings=6_000))
    (folder / "sold").mkdir(parents=True)
    (folder / "mapping.toml").write_text(OWN_MAPPING, encoding="utf-8")
    sold = pl.DataFrame(
        {
            "when": pl.from_epoch(pl.Series(world.ratings.timestamp)).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "who": pl.Series(world.ratings.user).cast(pl.String) + "@example.org",
            "what": "sku-" + pl.Series(world.ratings.movie).cast(pl.String),
            "points": (2 * world.ratings.stars).astype(int),
        }
    )
    for part in range(2):
        sold.filter(pl.int_range(pl.len()) % 2 == part).write_csv(folder / "sold" / f"{part}.tsv", separator="\t")
    with (folder / "sold" / "1.tsv").open("a", encoding="utf-8") as out:
        out.write("2020-01-01\t0@example.org\tsku-1\t11\n")
    genres = [" / ".join(GENRES[g] for g in row if g >= 0) for row in world.movies.genres]
    lines = [f"sku-{i};Film {i} ({y});{g}" for i, (y, g) in enumerate(zip(world.movies.year, genres, strict=True))]
    (folder / "shelf.csv").write_text("\n".join(["sku;name;kinds", *lines]) + "\n", encoding="utf-8")
    return folder


def test_ones_own_folder_goes_all_the_way_to_recommendations(tmp_path: Path) -> None:
    deployment, folder = deploy(tmp_path / "deployed"), own_folder(tmp_path / "Corner Shop")
    said = deployment.recsys("ingest", str(folder), "--map", str(folder / "mapping.toml"))
    assert "6,001" in said, "rows in"
    assert "rating_range 1" in said
    assert "recsys materialize --dataset corner-shop" in said
    mine = {s["dataset"]["name"]: s for s in deployment.recsys_json("datasets")}["corner-shop"]
    assert str(folder) in mine["origin"]
    deployment.recsys("materialize", "*hybrid_champion", "--dataset", "corner-shop")
    listed = deployment.recsys_json("recommend", "--user", "7@example.org", "--dataset", "corner-shop")
    assert not listed["fallback"], "a user is known by the text that the files have"
    assert len(listed["movies"]) == 10
    again = deployment.recsys("ingest", str(folder), "--dry-run")
    assert "mapping.toml" in again, "registered before: no mapping is asked for again"
