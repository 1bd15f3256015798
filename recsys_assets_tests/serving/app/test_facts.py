"""What pages say, against truths that were counted by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.serving.api.schemas.lists import ListedMovie
from recsys_assets.serving.app.facts import (
    architecture,
    champions,
    dataset,
    leaderboard,
    lists,
    overview,
    people,
    pipeline,
    services,
)
from recsys_assets.serving.app.facts.champions import settings_in_words
from recsys_assets.serving.app.facts.newcomers import alike, ten_to_rate
from recsys_assets.serving.app.facts.tuner import cell
from recsys_assets.serving.app.figures.architecture import arrows
from recsys_assets.serving.app.figures.labels import placed
from recsys_assets.serving.app.when import ago, lasted
from recsys_assets.settings import Settings, load_settings
from recsys_assets_tests.serving.api.world import CATALOGUE, MOVIES, USERS, ratings


def test_data_are_counted(published: Settings) -> None:
    found = overview.data_facts(published)
    assert found is not None
    assert (found.users, found.movies, found.ratings) == (USERS, MOVIES, len(ratings()))
    assert found.mean_rating == pytest.approx(ratings()["rating"].mean())
    assert found.density == pytest.approx(found.ratings / (USERS * found.rated_movies))


def test_the_champion_that_answers_is_told_with_its_parameters(published: Settings) -> None:
    found = overview.serving(published)
    assert found is not None
    assert found.model == "item_knn"
    assert found.current
    assert found.champions == 5
    factors = next(c for c in champions.champions(published) if c.model == "biased_mf")
    n = factors.shapes["state.movie_factors"][1]
    assert factors.parameters == (USERS + MOVIES) * (n + 1) + 1


def test_shares_of_analytics_add_up(published: Settings) -> None:
    found = dataset.analytics(published)
    assert found is not None
    assert found.stars["ratings"].sum() == found.by_month["ratings"].sum() == len(ratings())
    assert found.activity["users"].sum() == USERS
    assert found.tail["ratings"][0] == 0
    assert found.tail["ratings"][-1] == pytest.approx(1)
    assert (found.tail["ratings"].diff().drop_nulls() >= 0).all()
    assert set(found.genres["genre"]) == {"Comedy", "Drama"}
    assert found.coverage["genres"] == 1
    assert found.coverage["plot"] == 0


def test_half_of_the_ratings_belong_to_the_share_that_is_told() -> None:
    tail = dataset._tail(np.array([60, 20, 10, 10]))
    assert tail["ratings"].to_list() == pytest.approx([0, 0.6, 0.8, 0.9, 1.0])
    assert np.interp(0.5, tail["ratings"], tail["movies"]) == pytest.approx(0.25 * 5 / 6)


def test_a_search_takes_its_words_literally(published: Settings) -> None:
    assert dataset.find_movies(published, "AMÉLIE")["title"].to_list() == ["Amélie"]
    assert len(dataset.find_movies(published, ".*")) == 0
    assert set(dataset.find_movies(published, "", ("Comedy",))["movie_id"] % 2) == {0}


def test_a_tradeoff_keeps_those_that_none_beats_in_both(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, dataset="d")
    figures = {"a": (0.3, 5.0), "b": (0.2, 1.0), "c": (0.2, 4.0), "d": (0.1, 0.5)}
    rows = [
        {
            "rank": i,
            "model": m,
            "metrics": {"temporal_test_ndcg_at_10": y, "fit_seconds": x},
            "intervals": {},
            "config": {},
        }
        for i, (m, (y, x)) in enumerate(figures.items())
    ]
    path = settings.reports_dir / "d" / "leaderboard.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"dataset": "d", "best": "a", "verdict": "", "built_at": "", "models": rows}))
    board = leaderboard.leaderboard(settings)
    assert board is not None
    up = leaderboard.QUALITY[0]
    across = next(m for m in leaderboard.COST if m.key == "fit_seconds")
    assert {p.model for p in leaderboard.tradeoff(board, across, up) if p.on_front} == {"a", "b", "d"}
    path.write_text("{")
    assert leaderboard.leaderboard(settings) is None


def test_arrays_are_read_where_they_lie(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "state.a": rng.normal(size=(300, 4)),
        "state.b": np.arange(5),
        "state.f": np.asfortranarray(rng.random((3, 2))),
    }
    np.savez(tmp_path / "arrays.npz", **arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(architecture.mapped(tmp_path / "arrays.npz", name), values)
    found = architecture.weights_of(tmp_path, "state.a")
    assert found is not None
    assert found.mean == pytest.approx(arrays["state.a"].mean())
    assert sum(found.counts) == found.size == 1200
    np.savez_compressed(tmp_path / "arrays.npz", **arrays)
    np.testing.assert_array_equal(architecture.mapped(tmp_path / "arrays.npz", "state.b"), arrays["state.b"])


def test_every_learned_number_belongs_to_one_layer(published: Settings) -> None:
    for champion in champions.champions(published):
        parts = architecture.parts_of(champion)
        assert sum(p.parameters for p in parts) == champion.parameters > 0
        assert architecture.known_of(champion) == (USERS, MOVIES, len(ratings()))


def _part(name: str, *layers: str) -> architecture.Part:
    return architecture.Part(
        name, tuple(architecture.Layer(layer, "linear", {f"{layer}.weight": (2, 3)}) for layer in layers)
    )


def test_a_model_of_models_is_drawn_as_columns_that_are_put_together() -> None:
    rows = architecture.flow([_part("", "weights"), _part("one", "a", "b"), _part("two", "c")])
    told = [[box and box[0] for box in row.boxes] for row in rows]
    assert told == [["one", "two"], ["a", "c"], ["b", None], ["put together"]]
    assert [row.straight for row in rows] == [False, True, True, False]
    ends = [(start[1], end) for start, end in arrows([architecture.Row((("input", ""),)), *rows])]
    assert ends == [
        (0, (-0.5, -1)), (0, (0.5, -1)), (-1, (-0.5, -2)), (-1, (0.5, -2)),
        (-2, (-0.5, -3)), (-3, (0, -4)), (-2, (0, -4)),
    ]  # fmt: skip


def test_long_columns_and_many_parts_are_told_in_short() -> None:
    (_, *layers) = architecture.flow([_part("one", *"abcdefghij"), _part("two", "k")])
    assert [row.boxes[0] and row.boxes[0][0] for row in layers] == ["a", "b", "c", "d", "e", "4 more", "j"]
    assert len(architecture.flow([_part(name, "a") for name in "wxyz"])) == 1


def test_lists_can_be_narrowed_to_years_that_there_are(published: Settings, tmp_path: Path) -> None:
    found = dataset.choices(published)
    years = CATALOGUE["year"].drop_nulls()
    assert found.years == (years.min(), years.max())
    assert found.genres == ("Comedy", "Drama")
    assert found.asked(found.years) == {"year_from": None, "year_to": None}, "movies without a year stay in"
    assert found.asked((found.first_year + 1, found.last_year)) == {"year_from": found.first_year + 1, "year_to": None}
    nowhere = load_settings(data_dir=tmp_path, models_dir=tmp_path, dataset="synthetic")
    assert dataset.choices(nowhere) == dataset.Choices((), *dataset.YEARS)


def _node(
    name: str, group: str, *needs: str, state: str = "FRESH", check: str | None = None, at: int | None = 1
) -> dict:
    return {
        "assetKey": {"path": [name]},
        "groupName": group,
        "description": "What it is\nmore",
        "kinds": [],
        "dependencyKeys": [{"path": [n]} for n in needs],
        "staleStatus": state,
        "assetMaterializations": [] if at is None else [{"timestamp": str(at * 1000), "runId": "r"}],
        "assetChecksOrError": {
            "checks": [{"name": "c", "executionForLatestMaterialization": {"status": check}}] if check else []
        },
    }


def test_stages_stand_below_what_they_read_and_show_their_worst() -> None:
    nodes = [
        _node("model", "models", "table", "raw"),
        _node("table", "tables", "raw", check="FAILED"),
        _node("raw", "files"),
        _node("other", "files", "model", state="STALE"),  # a circle between groups
        _node("late", "reports", "model", at=None),
    ]
    found = pipeline.graph_of({"assetNodes": nodes, "runsOrError": {"results": []}})
    states = {s.name: s.state for s in found.stages}
    assert states == {"files": "stale", "tables": "failed", "models": "fresh", "reports": "missing"}
    depths = {s.name: s.depth for s in found.stages}
    assert depths["tables"] < depths["models"] < depths["reports"]
    (failed,) = [a for a in found.assets if a.state == "failed"]
    assert (failed.name, failed.failed_checks, failed.description) == ("table", ("c",), "What it is")


def test_dagster_that_is_not_there_is_told() -> None:
    with pytest.raises(pipeline.NoDagsterError, match="does not answer"):
        pipeline.graph("http://127.0.0.1:9")


def test_movies_to_rate_differ_in_genre() -> None:
    def movie(n: int, *genres: str) -> ListedMovie:
        return ListedMovie(movie_id=n, title=f"{n}", year=None, genres=list(genres), position=n, score=0, propensity=1)

    known = [movie(1, "Drama"), movie(2, "Drama"), movie(3, "Drama", "War"), movie(4, "Comedy"), movie(5)]
    assert [m.movie_id for m in ten_to_rate(known, most=3)] == [1, 4, 5]
    assert [m.movie_id for m in ten_to_rate(known, skip={1, 4}, most=2)] == [2, 5]
    assert alike(known[0], known[2]) == 0.5


def test_an_id_may_be_typed() -> None:
    assert people.parsed(people.Known(7, 3)) == 7
    assert people.parsed(" 42 ") == people.parsed("User 42") == 42
    assert [people.parsed(x) for x in ("0", "-1", "x", "1e3", None, str(2**60))] == [None] * 6


def test_known_people_are_spread_over_all_ids(published: Settings) -> None:
    found = people.people(published, 10)
    assert [k.user_id for k in found] == list(range(1, USERS + 1, 4))
    counts = dict(ratings().group_by("user_id").len().iter_rows())
    assert all(k.n_ratings == counts[k.user_id] for k in found)


def test_names_stand_where_they_cover_nothing() -> None:
    assert placed([0, 1, 2], [0, 0.5, 1], ["a", "b", "c"], order=[0, 1, 2]) == ["top center"] * 3
    above = placed([0, 0, 1], [0, 0.05, 1], ["under", "over", "far"], order=[0, 1, 2])
    assert above == ["middle right", "top center", "top center"]


def test_of_names_in_one_place_the_first_in_order_are_written() -> None:
    at, names = [1.0] * 5 + [0.0, 2.0], ["one", "two", "three", "four", "five", "left", "right"]
    found = placed(at, at, names, order=[4, 3, 2, 1, 0, 5, 6])
    assert found[:5] == ["", "middle left", "bottom center", "middle right", "top center"]
    apart = placed(
        [0, 0.02, 0.04, 1], [0.5, 0.5, 0.5, 1], ["aaaaaaaa", "bbbbbbbb", "cccccccc", "d"], order=[2, 1, 0, 3]
    )
    assert apart[2] == "top center"
    assert apart[1] == "bottom center"
    assert apart[0] == ""


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(1, "just now"), (61, "1 minute ago"), (7_300, "2 hours ago"), (90_000, "1 day ago"), (8e7, "2 years ago")],
)
def test_times_are_told_as_people_do(seconds: float, told: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert ago(now - timedelta(seconds=seconds), now=now) == told
    assert ago(None) == "never"


def test_durations_are_told_as_people_do() -> None:
    assert [lasted(s) for s in (None, 95, 400, 6_700)] == ["–", "95 s", "7 min", "112 min"]


def test_genres_that_share_movies_are_counted_once_a_movie(tmp_path: Path) -> None:
    from recsys_assets.warehouse.lake import Lake

    settings = Settings(data_dir=tmp_path, dataset="d")
    catalogue = pl.DataFrame({"movie_id": [1, 2, 3], "genres": [["A", "B"], ["A"], ["B"]]})
    Lake(settings.lake_dir).publish_frame(catalogue, "catalogue", upstream={})
    found = dataset.together(settings)
    assert found is not None
    assert found.rows() == [("A", None, 0.5), ("B", 0.5, None)]


def test_a_changed_list_is_told_of_and_one_that_stayed_is_not() -> None:
    def movie(n: int) -> ListedMovie:
        return ListedMovie(movie_id=n, title=f"T{n}", year=None, genres=[], position=n, score=0, propensity=1)

    shown = [movie(1), movie(2), movie(3)]
    assert lists.change_in_words(None, shown) == ""
    assert lists.change_in_words([1, 2, 3], shown) == ""
    assert lists.change_in_words([3, 2, 1], shown) == "3 movies, none of them new. The first is T1."
    assert lists.change_in_words([2, 7, 8], shown) == "3 movies, 2 of them new. The first is T1."
    assert lists.change_in_words([2], []) == "The list is empty now."


def test_settings_within_settings_are_all_told() -> None:
    config = {"rate": 0.002, "pipeline": {"workers": [2, 1], "store": None}, "on": True, "most": 1_000_000}
    assert settings_in_words(config) == [
        ("rate", "0.002"),
        ("pipeline.workers", "2, 1"),
        ("pipeline.store", "–"),
        ("on", "yes"),
        ("most", "1,000,000"),
    ]


def test_figures_of_tuners_are_told_as_what_they_are() -> None:
    told = {"q": 0.9816, "difference": 0.0834, "low": -0.01, "stall": 0.332, "died": 0.0023, "throughput": 202.1016}
    assert [cell(c, v) for c, v in told.items()] == ["0.982", "+0.083", "-0.010", "33%", "0.2%", "202.1"]
    assert [cell("difference", 0.0), cell("died", 0.0), cell("low", None), cell("seeds", 5)] == ["0", "0%", "–", "5"]


def test_services_are_shown_where_a_browser_finds_them(tmp_path: Path) -> None:
    nowhere = {"api_url": "http://127.0.0.1:9", "dagster_url": "http://127.0.0.1:9"}
    inside = services.services(load_settings(data_dir=tmp_path, **nowhere))
    public = {"api_public_url": "https://api.example.org/", "dagster_public_url": "https://dagster.example.org"}
    outside = services.services(load_settings(data_dir=tmp_path, **nowhere, **public))
    assert [s.page for s in inside] == ["http://127.0.0.1:9/docs", "http://127.0.0.1:9"]
    assert [s.page for s in outside] == ["https://api.example.org/docs", "https://dagster.example.org"]
    assert {s.words for s in [*inside, *outside]} == {"does not answer"}
