"""Standings draw what is rated little to what facts say; leanings are the normal posterior, however it is added up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.actions import Act
from recsys_assets.agents.environments.sessions import NOISE_OF_ACT, RATING_OF_ACT
from recsys_assets.agents.preferences.leanings import Leanings
from recsys_assets.agents.preferences.standing import standings
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import Histories, Ids

N, PEOPLE = 60, 400


def _world(votes: np.ndarray | None = None, counts: np.ndarray | None = None) -> World:
    catalogue = pl.DataFrame(
        {
            "movie_id": np.arange(N),
            "title": [f"Movie {i}" for i in range(N)],
            "year": [1950 + i for i in range(N)],
            "genres": [["Comedy"] if i % 2 else ["Drama"] for i in range(N)],
            "vote_count": [100] * N,
            "vote_average": [None] * N if votes is None else votes,
        },
        schema_overrides={"vote_average": pl.Float32, "vote_count": pl.Int64},
    )
    counts = np.ones(N, dtype=np.int64) if counts is None else counts
    return World.of(Ids(np.arange(N)), catalogue, counts, np.zeros((N, 1), dtype=np.float32))


def _histories(people: np.ndarray, movies: np.ndarray, stars: np.ndarray) -> Histories:
    return Histories.from_columns(people, int(people.max()) + 1, movies, stars, np.arange(len(movies)))


def test_a_movie_nobody_rated_stands_where_its_facts_put_it_and_one_of_many_at_its_mean() -> None:
    rng, votes = np.random.default_rng(0), np.linspace(3, 9, N)
    movies = rng.integers(0, N - 1, 20_000)  # the last one is rated by nobody
    stars = 3 + 0.3 * (votes[movies] - 6) + rng.normal(0, 0.3, 20_000)
    stars = np.where(movies == 5, 4.5, stars)  # against its facts
    histories = _histories(rng.integers(0, PEOPLE, 20_000), movies, stars)
    counts = np.bincount(movies, minlength=N)

    found = standings(histories, _world(votes, counts))

    assert found[N - 1] == pytest.approx(3.9, abs=0.25)
    assert found[5] == pytest.approx(4.5, abs=0.15)
    assert found[30] == pytest.approx(stars[movies == 30].mean(), abs=0.1)


def test_a_catalogue_without_votes_or_years_will_do() -> None:
    world = _world()
    world = replace(world, catalogue=world.catalogue.drop("vote_count").with_columns(year=pl.lit(None, dtype=pl.Int32)))
    found = standings(_histories(np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([4.0, 2.0, 3.0])), world)
    assert np.isfinite(found).all()
    assert found[1] > found[2]


def _planted() -> tuple[Leanings, Histories, np.ndarray]:
    """People who lean to a genre by a normal number of deviation 0.8, and stars with noise 0.5."""
    rng, world = np.random.default_rng(1), _world()
    level = np.full(N, 3.0, dtype=np.float32)
    leans = rng.normal(0, 0.8, PEOPLE)
    people = np.repeat(np.arange(PEOPLE), 30)
    movies = np.concatenate([rng.choice(N, 30, replace=False) for _ in range(PEOPLE)])
    stars = 3 + leans[people] * world.directions[movies, 0] + rng.normal(0, 0.5, len(movies))
    histories = _histories(people, movies, stars)
    return Leanings.fit(histories, world, level), histories, leans


def test_the_spread_of_leanings_and_the_noise_are_found() -> None:
    leanings, histories, leans = _planted()
    assert leanings.noise == pytest.approx(0.25, rel=0.1)
    assert leanings.prior[1] == pytest.approx(0.64, rel=0.25)
    assert leanings.prior[2] < 0.1
    found = leanings.believe(leanings.evidence(histories))[:, 1]
    assert np.corrcoef(found, leans)[0, 1] > 0.9


def test_beliefs_are_those_of_the_normal_equations_and_evidence_adds_up() -> None:
    leanings, histories, _ = _planted()
    one = histories.take(np.array([3]))
    z = leanings.traits[one.movies].astype(np.float64)
    precision = z.T @ z / leanings.noise + np.diag(1 / leanings.prior.astype(np.float64))
    expected = np.linalg.solve(precision, z.T @ (one.ratings - leanings.level[one.movies]) / leanings.noise)
    held = leanings.evidence(histories)
    np.testing.assert_allclose(leanings.believe(held.take(np.array([3])))[0], expected, atol=1e-4)

    half = np.arange(30) < 15
    parts = [leanings.evidence(one, half.astype("f4")), leanings.evidence(one, (~half).astype("f4"))]
    np.testing.assert_allclose(leanings.believe(parts[0] + parts[1])[0], expected, atol=1e-4)
    np.testing.assert_array_equal(leanings.believe(held.take(np.array([-1])))[0], 0)


def test_acts_count_as_stars_of_less_weight() -> None:
    leanings, _, _ = _planted()
    shown, acts = np.array([[4, 9, -1]]), np.array([[Act.LIKE, Act.SKIP, -1]])
    done = acts[0, :2]
    as_ratings = _histories(np.zeros(2, dtype=np.int64), shown[0, :2], RATING_OF_ACT[done])
    same = leanings.evidence(as_ratings, 1 / NOISE_OF_ACT[done])
    found = leanings.evidence_of_acts(shown, acts)
    np.testing.assert_allclose(found.precision, same.precision, atol=1e-5)
    np.testing.assert_allclose(found.pull, same.pull, atol=1e-5)


def test_a_view_of_moved_levels_moves_them(setting: AgentSetting) -> None:
    from recsys_assets.agents.preferences.view import View

    moved = np.zeros(len(setting.world), dtype=np.float32)
    moved[4] = 0.7
    today = replace(setting.model, base=setting.model.base + moved, then=setting.model.base)
    before, after = (View.of(s) for s in (setting, replace(setting, model=today)))
    np.testing.assert_allclose(after.leanings.level - before.leanings.level, moved, atol=1e-6)
