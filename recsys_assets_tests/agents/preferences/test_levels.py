"""Levels of movies follow what people say now; factors stay, and neither bots nor what was ignored move them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.preferences.levels import MOST_A_PERSON, _bounded, moved_levels
from recsys_assets.agents.preferences.trust import TrustConfig, trust_of, trusted
from recsys_assets.agents.setting import AgentSetting


def events(rows: list[tuple[int, int, str, float | None]], *, apart: float = 60) -> pl.DataFrame:
    """`apart`: seconds between the events of one person."""
    start, seen, times = datetime(2026, 1, 1), dict[int, int](), []
    for user, *_ in rows:
        times.append(start + timedelta(seconds=apart * seen.get(user, 0)))
        seen[user] = seen.get(user, 0) + 1
    frame = pl.DataFrame(rows, ["user_id", "movie_id", "action", "rating"], orient="row")
    return frame.with_columns(
        pl.Series("timestamp", times).cast(pl.Datetime("us")),
        pl.lit(None, dtype=pl.String).alias("text"),
        pl.col("rating").cast(pl.Float64),
    )


def test_what_everybody_rates_higher_than_before_rises_and_the_rest_stays(setting: AgentSetting) -> None:
    model, movies = setting.model, setting.world.movies
    stars = {
        int(m): float(np.clip(np.round(2 * b) / 2, 0.5, 5)) for m, b in zip(movies.values, model.base, strict=True)
    }
    rows = [(u, m, "rating", 5.0 if m == 7 else stars[m]) for u in range(900, 960) for m in range(1, 25)]
    moved = moved_levels(model, movies, events(rows)).base - model.base
    place = int(movies.index(np.array([7]))[0])

    assert moved[place] > 0.4
    assert np.abs(np.delete(moved, place)).max() < moved[place] / 2
    np.testing.assert_array_equal(moved[movies.index(np.arange(30, 60))], 0)


def test_bots_that_like_one_movie_move_it_less_than_people_of_many(setting: AgentSetting) -> None:
    model, movies = setting.model, setting.world.movies
    place = int(movies.index(np.array([2]))[0])
    bots = events([(u, 2, "like", None) for u in range(900, 940)])
    people = events([(u, m, "like" if m == 2 else "skip", None) for u in range(900, 940) for m in range(1, 12)])

    by_bots, by_people = (moved_levels(model, movies, e).base[place] - model.base[place] for e in (bots, people))
    assert abs(by_bots) < abs(by_people)


def test_ignored_and_unknown_movies_tell_nothing(setting: AgentSetting) -> None:
    told = events([(900, 3, "ignore", None), (901, 10_000, "like", None)])

    assert moved_levels(setting.model, setting.world.movies, told) is setting.model


def rated_by_many(user: int, level: float) -> list[tuple[int, int, str, float | None]]:
    """Twelve movies as everybody rates them."""
    return [(user, movie, "rating", level) for movie in range(20, 32)]


def test_accounts_of_one_movie_weigh_no_more_than_the_people_who_know_it(setting: AgentSetting) -> None:
    model, movies = setting.model, setting.world.movies
    place = int(movies.index(np.array([2]))[0])
    honest = [row for u in range(900, 910) for row in [(u, 2, "rating", 1.0), *rated_by_many(u, 3.5)]]
    bots = [(u, 2, "rating", 5.0) for u in range(2000, 2600)]

    alone = moved_levels(model, movies, events(honest)).base[place]
    flooded = moved_levels(model, movies, events(honest + bots)).base[place]
    fewer = moved_levels(model, movies, events(honest + bots[:60])).base[place]
    assert alone < model.base[place]
    assert flooded - alone < 0.3, "600 accounts are no louder than one of the ten people"
    assert abs(flooded - fewer) < 0.1, "ten times the accounts change nothing more"


def test_a_burst_about_a_movie_that_we_did_not_show_counts_like_a_few(setting: AgentSetting) -> None:
    told = events([(u, 2, "like", None) for u in range(900, 1100)])
    shown = told.with_columns(propensity=pl.lit(0.2))

    assert trusted(told).sum() == pytest.approx(10 * trust_of(told)["trust"][0])
    assert trusted(shown).sum() == pytest.approx(200 * trust_of(told)["trust"][0])


def test_one_person_is_not_heard_more_the_more_they_say(setting: AgentSetting) -> None:
    weights, rows = np.ones(200), np.zeros(200, dtype=np.int64)
    bounded = _bounded(weights, rows, np.arange(200), TrustConfig())

    assert bounded.sum() == pytest.approx(MOST_A_PERSON)


def test_hearing_everything_again_changes_nothing(setting: AgentSetting) -> None:
    """An update goes on from a champion who has heard the same."""
    told = events([row for u in range(900, 930) for row in rated_by_many(u, 5.0)])
    once = moved_levels(setting.model, setting.world.movies, told)
    again = moved_levels(once, setting.world.movies, told)

    np.testing.assert_array_equal(again.base, once.base)
    np.testing.assert_array_equal(once.as_rated.base, setting.model.base)
