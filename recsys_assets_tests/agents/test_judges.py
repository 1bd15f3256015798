"""Who judges teaches nothing: no fit hears them, and the gate's people think of movies as they do."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from recsys_assets.agents.evaluation.served import of_today
from recsys_assets.agents.judges import are_judges, judging, taught, teaching
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.recommenders.data import Ids, TrainingData, align_catalogue, align_people, histories_of
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.agents.preferences.test_levels import events

SEED = 5
PEOPLE = np.arange(900, 1300)


def data_of(interactions: pl.DataFrame, catalogue: pl.DataFrame) -> TrainingData:
    users, movies = Ids.of(interactions["user_id"].to_numpy()), Ids.of(catalogue["movie_id"].to_numpy())
    histories, aligned = histories_of(interactions, users, movies), align_catalogue(catalogue, movies)
    return TrainingData(users, movies, histories, aligned, SEED, lambda line: None, align_people(None, users))


def test_a_fifth_judges_whoever_else_is_there() -> None:
    some = are_judges(PEOPLE, seed=SEED)

    assert 0.15 < some.mean() < 0.25
    np.testing.assert_array_equal(are_judges(PEOPLE[::-1], seed=SEED)[::-1], some)
    assert (are_judges(PEOPLE, seed=SEED + 1) != some).any()


def test_every_event_either_teaches_or_judges() -> None:
    told = events([(int(user), 3, "like", None) for user in PEOPLE])
    one, other = teaching(told, seed=SEED), judging(told, seed=SEED)

    assert len(one) + len(other) == len(told)
    assert not set(one["user_id"]) & set(other["user_id"])


def test_no_fit_sees_a_judges_stars_and_public_ratings_stay() -> None:
    ratings, catalogue = small_world()
    judge, pupil = (int(PEOPLE[are_judges(PEOPLE, seed=SEED) == side][0]) for side in (True, False))
    public = int(np.flatnonzero(are_judges(np.arange(151), seed=SEED))[1])  # has public ratings, and judges
    rated = set(ratings.filter(pl.col("user_id") == public)["movie_id"])
    fresh = next(movie for movie in range(1, 61) if movie not in rated)
    told = events([(judge, 3, "rating", 5.0), (pupil, 3, "rating", 1.0), (public, fresh, "rating", 5.0)])
    joined = pl.concat([ratings, told.select(ratings.columns).cast(dict(ratings.schema))])  # type: ignore[arg-type]

    found = taught(data_of(joined, catalogue), told)

    assert judge not in found.users.values
    assert pupil in found.users.values
    own = found.histories.take(found.users.index(np.array([public])))
    assert {int(found.movies.values[m]) for m in own.movies} == rated
    assert len(found.histories.movies) == len(joined) - 2


def test_the_gates_people_think_as_judges_do_and_pupils_cannot_change_it(setting: AgentSetting) -> None:
    judges = are_judges(PEOPLE, seed=setting.seed)
    by_judges, by_pupils = (
        events([(int(u), m, "rating", 5.0 if m == 7 else 3.0) for u in PEOPLE[side][:60] for m in range(1, 25)])
        for side in (judges, ~judges)
    )
    place = int(setting.world.movies.index(np.array([7]))[0])

    assert of_today(setting, by_judges).model.moved[place] > 0.3
    assert of_today(setting, by_pupils).model is setting.model
    both = of_today(setting, pl.concat([by_judges, by_pupils])).model
    np.testing.assert_array_equal(both.base, of_today(setting, by_judges).model.base)


def test_tastes_of_the_gates_people_stay_those_of_their_ratings(setting: AgentSetting) -> None:
    """An old rating was given among people who thought otherwise: it says of a taste what it said then."""
    judges = PEOPLE[are_judges(PEOPLE, seed=setting.seed)][:60]
    told = events([(int(u), m, "rating", 5.0 if m == 7 else 3.0) for u in judges for m in range(1, 25)])
    today = of_today(setting, told)
    assert datetime.fromtimestamp(today.model.since).year >= 2025

    then, now = setting.simulator_a("held_out"), today.simulator_a("held_out")

    np.testing.assert_allclose(now.tastes, then.tastes, atol=1e-4)
    moved = now.expected(np.arange(5)) - then.expected(np.arange(5))
    np.testing.assert_allclose(moved, np.broadcast_to(today.model.moved, moved.shape), atol=1e-3)
