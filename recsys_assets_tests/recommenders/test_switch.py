"""The switch finds who serves short and who long histories, in worlds where that is planted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import build
from recsys_assets.recommenders.cold_movies import NEVER
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.switch import Switch
from recsys_assets.recommenders.switch_rule import choose, shortened
from recsys_assets_tests.recommenders.worlds import World, frame

SIDE, OWN, STRAY, NEXT = 50, 27, 3, 3
"""Movies of a side; what a user watches of their own side, then of the other, then of their own again."""
USERS = 60


def strays(*, premieres: bool = False) -> World:
    """Users love one side, but the last movies before what they watch next, a tenth, are of the other.

    Who knows only their last ratings is misled about their taste, who knows all is not. With `premieres` the very
    last movie of each is of their own side and new: nobody else has rated it. Ten more of each side nobody rated.
    """
    rng = np.random.default_rng(5)
    rows, new = [], 2 * SIDE
    n_movies = 2 * SIDE + (USERS if premieres else 0) + 20
    for user in range(USERS):
        own, other = ((rng.permutation(SIDE) * 2 + (user + flip) % 2).tolist() for flip in (0, 1))
        watched = own[:OWN] + other[:STRAY] + own[OWN : OWN + NEXT]
        if premieres:
            watched[-1] = new + user
        rows += [(user + 1, movie + 1, when) for when, movie in enumerate(watched)]
    users, movies, when = (np.array(column) for column in zip(*rows, strict=True))
    catalogue = pl.DataFrame(
        {
            "movie_id": np.arange(1, n_movies + 1),
            "title": [f"Movie {i}" for i in range(1, n_movies + 1)],
            "year": [2000] * n_movies,
            "genres": [[("noir", "western")[i % 2]] for i in range(n_movies)],
        }
    ).with_columns(
        pl.lit(None, dtype=pl.String).alias("overview"),
        pl.lit(None, dtype=pl.String).alias("director"),
        pl.lit([], dtype=pl.List(pl.String)).alias("keywords"),
        pl.lit([], dtype=pl.List(pl.String)).alias("cast"),
    )
    return World(frame(users, movies, np.full(len(users), 4.5), when), catalogue)


@pytest.fixture(scope="module")
def switch() -> Switch:
    world = strays()
    model = build("switch", {"parts": ["content", "popularity"], "edges": [2, 3]})
    assert isinstance(model, Switch)
    model.fit(world.interactions, world.catalogue, seed=3)
    return model


def test_who_answers_is_who_is_best_for_histories_of_that_length(switch: Switch) -> None:
    assert switch.rule_table()["answers"].to_list() == ["popularity", "popularity", "content"]
    short = switch.history_of(pl.DataFrame({"movie_id": [1, 3], "rating": [4.0, 5.0]}))
    alone = build("popularity", {"order": "count"})
    world = strays()
    alone.fit(world.interactions, world.catalogue)
    order = np.argsort(-switch._score(short, np.array([-1]))[0], kind="stable")
    warm = order[~switch.cold[order]]
    expected = np.argsort(-alone._score(short, np.array([-1]))[0], kind="stable")
    assert warm.tolist() == expected[~switch.cold[expected]].tolist()


def test_the_rule_can_be_read(switch: Switch) -> None:
    table = switch.rule_table()
    assert table.columns == ["ratings_known", "answers", "users", "ndcg_content", "ndcg_popularity"]
    assert table["ratings_known"].to_list() == ["1-2", "3", "4 or more"]
    assert table["users"].to_list() == [USERS] * 3
    for row in table.to_dicts():
        best = max(("content", "popularity"), key=lambda part: row[f"ndcg_{part}"])
        assert row["answers"] == best
    route = switch.route(2)
    assert route.part == "popularity"
    assert f"{table['ndcg_popularity'][0]:.3f}" in route.why


def test_known_users_are_answered_by_taste(switch: Switch) -> None:
    shown = switch.recommend(np.array([1, 2]), 10).movies
    assert (shown[0] % 2 == 1).all()
    assert (shown[1] % 2 == 0).all()


def test_where_the_next_movie_is_a_premiere_cold_movies_get_places() -> None:
    world = strays(premieres=True)
    config = {"parts": ["popularity"], "edges": [5], "part_configs": {"content": {"prior": 0.0}}}
    model = build("switch", config).fit(world.interactions, world.catalogue, seed=3)
    assert isinstance(model, Switch)
    assert model.cold_rule.chosen < NEVER
    table = model.cold_table()
    assert table.columns == ["stretch", "ndcg", "cold_share", "used"]
    assert table.filter("used")["stretch"].to_list() == [model.cold_rule.chosen]
    assert table["cold_share"][0] == 0, "without places none is shown"
    cold = set(model.movies.values[model.cold].tolist())
    assert len(cold) == 20
    first = []
    for shown in model.recommend(np.arange(1, USERS + 1), len(model.movies)).movies:
        places = [place for place, movie in enumerate(shown.tolist()) if movie in cold]
        first.append(places[0])
        assert places[0] < (shown >= 0).sum() - len(cold), "without places all of them would come last"
    movie = int(model.recommend(np.array([1]), len(model.movies)).movies[0, first[0]])
    told = model.explain(1, movie)
    assert any("nobody rated it yet" in r.label for r in told.reasons)
    assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)


def test_another_part_than_the_strongest_must_be_ahead_by_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    strong = np.stack([np.full(50, 0.5), np.full(50, 0.2)], axis=1)
    noise = np.stack([np.full(50, 0.3), 0.3 + rng.normal(0, 0.2, 50)], axis=1)
    noise[:, 1] += 0.31 - noise[:, 1].mean()
    clear = np.stack([np.full(50, 0.1), 0.3 + rng.normal(0, 0.05, 50)], axis=1)
    rule = choose(("a", "b"), (2, 5), [clear, noise, strong])
    assert rule.chosen.tolist() == [1, 0, 0]
    assert rule.bucket_of(np.array([1, 2, 3, 5, 6, 500])).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_bucket_nobody_fills_is_answered_as_the_one_before_it() -> None:
    nobody = np.empty((0, 2))
    rule = choose(("a", "b"), (2, 5), [np.array([[0.0, 0.5]] * 9), nobody, nobody])
    assert rule.chosen.tolist() == [1, 1, 1]
    assert "could not be measured" in rule.route(9).why
    assert rule.table()["ndcg_a"].to_list() == [0.0, None, None]


def test_the_last_ratings_are_kept() -> None:
    histories = Histories.from_columns(
        np.array([0, 0, 0, 1, 2, 2]), 3, np.array([5, 6, 7, 1, 8, 9]), np.full(6, 4.0), np.array([1, 2, 3, 1, 1, 2])
    )
    kept = shortened(histories, np.array([2, 5, 1]))
    assert kept.movies.tolist() == [6, 7, 1, 9]
    assert kept.lengths.tolist() == [2, 1, 1]
