"""`recsys profile`: figures of the user's own ratings, a page that needs nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.settings import load_settings
from recsys_assets_tests.cli.champions import export_champion
from recsys_assets_tests.cli.conftest import Recsys
from recsys_assets_tests.recommenders.worlds import World, two_tastes

USER = 101


@pytest.fixture(scope="module")
def world() -> World:
    world = two_tastes()
    title = pl.when(pl.col("movie_id") == 10).then(pl.lit("<b>Movie</b> & [1]")).otherwise("title")
    return World(world.interactions, world.catalogue.with_columns(title=title))


@pytest.fixture
def asked(recsys: Recsys, world: World) -> Recsys:
    """`recsys` where content is the only champion; user 101 loves noirs and saw a few westerns."""
    export_champion(load_settings(), "content", world.interactions, world.catalogue)
    return recsys


def test_a_profile_is_of_the_users_own_ratings(asked: Recsys, world: World) -> None:
    found = json.loads(asked("profile", "--user", USER, "-k", "5", "--json").stdout)
    mine = world.interactions.filter(pl.col("user_id") == USER)
    assert found["n_ratings"] == len(mine)
    assert found["mean_rating"] == pytest.approx(mine["rating"].mean())
    noir, western = found["genres"]
    assert (noir["genre"], western["genre"]) == ("noir", "western")
    assert noir["n_ratings"] + western["n_ratings"] == len(mine)
    assert noir["liking"] > found["mean_rating"] > western["liking"]
    assert noir["share"] + western["share"] == pytest.approx(1)
    listed = [m["genres"] for m in found["listed"]["movies"]]
    assert noir["list_share"] == pytest.approx(listed.count(["noir"]) / 5)
    assert found["overlap"] == pytest.approx(sum(min(g["share"], g["list_share"]) for g in found["genres"]))
    assert [d["decade"] for d in found["decades"]] == sorted(d["decade"] for d in found["decades"])
    assert not (load_settings().reports_dir).exists(), "JSON alone writes no page"


def test_the_page_lies_beside_the_reports_and_needs_no_other_file(asked: Recsys) -> None:
    shown = " ".join(asked("profile", "--user", USER).output.split())
    assert "Watches mostly noir" in shown
    page = (load_settings().reports_dir / "synthetic" / "profiles" / f"user-{USER}.html").read_text(encoding="utf-8")
    assert "Watches mostly noir" in page
    assert page.count("data:image/png;base64,") == 2, "by day and by night"
    assert not re.search(r'(src|href|srcset)="(?!data:)', page)


def test_titles_are_text_on_the_page_and_in_the_terminal(asked: Recsys, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "page.html"
    done = asked("profile", "--user", USER, "-k", "40", "--html", target, "--json")
    assert done.exit_code == 0
    page = target.read_text(encoding="utf-8")
    assert "<b>Movie" not in page
    assert "&lt;b&gt;Movie&lt;/b&gt; &amp; [1]" in page


def test_who_rated_nothing_has_no_profile(asked: Recsys) -> None:
    refused = asked("profile", "--user", "999")
    assert refused.exit_code == 1
    assert "content knows no rating of user 999" in " ".join(refused.stderr.split())


def test_without_a_champion_there_is_no_profile_yet(recsys: Recsys) -> None:
    assert recsys("profile", "--user", "1").exit_code == 3
