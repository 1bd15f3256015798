"""`recsys recommend`: for users and for newcomers, one way of asking at a time."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.recommender import DqnAgent
from recsys_assets.recommenders import Recommender, build, load_model
from recsys_assets.registry.export import champion_path
from recsys_assets.settings import load_settings
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.cli.champions import export_champion, export_fitted
from recsys_assets_tests.cli.conftest import Recsys
from recsys_assets_tests.recommenders.conftest import QUICK
from recsys_assets_tests.recommenders.worlds import World, two_tastes


@pytest.fixture(scope="module")
def world() -> World:
    return two_tastes()


@pytest.fixture
def asked(recsys: Recsys, world: World) -> Recsys:
    """`recsys` where content is the only champion: noirs have odd titles, westerns even ones."""
    export_champion(load_settings(), "content", world.interactions, world.catalogue)
    return recsys


def test_a_newcomer_gets_the_best_of_the_genres_they_name(asked: Recsys) -> None:
    listed = json.loads(asked("recommend", "--genre", "NOIR", "-k", "5", "--json").stdout)
    assert [m["genres"] for m in listed["movies"]] == [["noir"]] * 5
    assert listed["answered_by"]["part"] == "popularity"
    assert "noir" in listed["answered_by"]["why"]
    assert listed["fallback"]
    assert all("among noir" in m["reasons"][0] for m in listed["movies"])


def test_a_newcomer_is_folded_in_by_the_titles_they_name(asked: Recsys) -> None:
    command = ("recommend", "--likes", "Movie 1", "--likes", "movie 5", "--rating", "Movie 2=0.5", "-k", "5", "--json")
    listed = json.loads(asked(*command).stdout)
    model = load_model(champion_path(load_settings()))
    rated = pl.DataFrame({"movie_id": [10, 50, 20], "rating": [5.0, 5.0, 0.5]})
    expected = model.fold_in(rated, 5)
    assert [m["movie_id"] for m in listed["movies"]] == expected.movies[0].tolist()
    assert [m["score"] for m in listed["movies"]] == pytest.approx(expected.scores[0].tolist())
    assert {"noir"} == {g for m in listed["movies"] for g in m["genres"]}
    assert listed["answered_by"]["part"] == "content"
    assert not listed["fallback"]


def test_the_table_says_who_answers_and_why(asked: Recsys) -> None:
    shown = " ".join(asked("recommend", "--likes", "Movie 1", "-k", "2").output.split())
    assert "2 movies for a newcomer who rated 1 movie" in shown
    assert "Answered by content: 1 of this user's ratings is known." in shown
    shown = " ".join(asked("recommend", "--user", "987654").output.split())
    assert "Answered by popularity: nothing is known of this user" in shown
    assert "User 987654 is unknown" in shown


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ((), "say for whom"),
        (("--user", "1", "--genre", "noir"), "ask in one way"),
        (("--genre", "noir", "--likes", "Movie 1"), "ask in one way"),
        (("--rating", "Movie 1"), "0.5 to 5 stars"),
        (("--rating", "Movie 1=9"), "0.5 to 5 stars"),
        (("--rating", "=3"), "0.5 to 5 stars"),
        (("--rating", "Movie 1=nan"), "0.5 to 5 stars"),
        (("--genre", "noir", "--alpha", "0.5"), "for those who rated something"),
        (("--user", "1", "--bias", "2"), "name a genre"),
    ],
)
def test_asking_wrongly_is_told_before_a_model_is_loaded(recsys: Recsys, command: tuple[str, ...], hint: str) -> None:
    refused = recsys("recommend", *command)
    assert refused.exit_code == 2
    assert hint in " ".join(refused.stderr.split())


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("--genre", "nior"), "no movie has genre 'nior'; genres are noir, western"),
        (("--likes", "Movie 100"), "no movie is called 'Movie 100'; did you mean"),
        (("--likes", "Movie 1", "--rating", "movie 1 (1951)=2"), "are one movie"),
    ],
)
def test_unknown_genres_and_titles_are_named(asked: Recsys, command: tuple[str, ...], hint: str) -> None:
    refused = asked("recommend", *command)
    assert refused.exit_code == 1
    assert hint in " ".join(refused.stderr.split())


@pytest.mark.parametrize(("model", "looked_up"), [("content", False), ("svd", True)])
def test_where_no_reason_names_a_rated_movie_evidence_does(
    recsys: Recsys, world: World, model: str, looked_up: bool
) -> None:
    export_champion(load_settings(), model, world.interactions, world.catalogue, QUICK.get(model))
    listed = json.loads(recsys("recommend", "--user", "101", "-k", "3", "--json").stdout)
    rated = set(world.interactions.filter(pl.col("user_id") == 101)["movie_id"])
    for movie in listed["movies"]:
        assert (movie["evidence"] is not None) == looked_up
        if looked_up:
            assert movie["evidence"]["movies"]
            assert {m["movie_id"] for m in movie["evidence"]["movies"]} <= rated
    shown = " ".join(recsys("recommend", "--user", "101", "-k", "3").output.split())
    assert ("on average" in shown) == looked_up


@pytest.fixture(scope="module")
def agent() -> Recommender:
    config = QUICK["dqn_agent"] | {"sequence": {"model": "none"}}
    return build("dqn_agent", config).fit(*small_world(), seed=5)


def test_an_agent_answers_in_the_mode_that_is_asked_for(recsys: Recsys, agent: Recommender) -> None:
    """Lists are those of `in_mode`, for known users and for newcomers; far enough raised, a genre fills the list."""
    assert isinstance(agent, DqnAgent)
    export_fitted(load_settings(), agent)
    for asked, mode in (
        ((), {}),
        (("--alpha", "1"), {"alpha": 1.0}),
        (("--alpha", "0.4", "--toward", "horror"), {"alpha": 0.4, "genres": ("Horror",)}),
        (("--toward", "Horror", "--bias", "50"), {"genres": ("Horror",), "genre_bias": 50.0}),
    ):
        listed = json.loads(recsys("recommend", "--user", "1", "-k", "5", "--json", *asked).stdout)
        assert [m["movie_id"] for m in listed["movies"]] == agent.in_mode(**mode).recommend(np.array([1]), 5).movies[
            0
        ].tolist()
    assert {m["genres"][0] for m in listed["movies"]} == {"Horror"}
    assert any("of the genres asked for" in reason for m in listed["movies"] for reason in m["reasons"])
    rated = ("--likes", "Movie 2", "--toward", "Horror", "--bias", "50")
    listed = json.loads(recsys("recommend", *rated, "-k", "3", "--json").stdout)
    assert {m["genres"][0] for m in listed["movies"]} == {"Horror"}


def test_a_mode_that_there_is_not_is_refused_and_says_who_has_one(asked: Recsys) -> None:
    refused = asked("recommend", "--user", "1", "--alpha", "0.5")
    assert refused.exit_code == 1
    assert "content answers in one way only; agents have modes" in " ".join(refused.stderr.split())
