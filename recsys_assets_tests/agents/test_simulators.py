"""Simulated people: chance by hashing, acts by felt stars, boredom, leaving; and worlds whose best session is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.agents.actions import Act, Rewards
from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.policies.simple import BeliefPolicy, OraclePolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.base import Moment, Simulator, Temper, draws, judge, leave_chances, normal_draws
from recsys_assets.agents.simulators.by_factors import FactorPeople
from recsys_assets.agents.simulators.by_neighbours import NeighbourPeople
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets_tests.agents.dqn.worlds import nobodys, world_of

CALM = Temper(considered=(1.0, 0.0), leave=0, leave_when_bad=0, leave_after_streak=0, boredom=0, horizon=6)
"""People who look at everything, never tire and never leave."""


def moment(n: int, genres: int, *, seed: int = 0, step: int = 0, horizon: int = 6) -> Moment:
    """`n` people, each with a seed of their own, of whom nothing happened yet."""
    return Moment(
        np.arange(n),
        np.full(n, step),
        np.zeros((n, genres), dtype=np.float32),
        np.zeros(n, dtype=np.int64),
        np.full((n, horizon), -1),
        np.arange(n) + seed,
    )


def people(
    world: World, temper: Temper, *, stars: np.ndarray, noise: float = 1e-6, n: int = 4
) -> tuple[FactorPeople, TasteModel]:
    """`n` people who all feel `stars` (n_movies,) on average, and a service that knows it."""
    model = TasteModel(
        stars.astype(np.float32), np.ones((len(stars), 1), dtype=np.float32), np.eye(1, dtype=np.float32) * 1e-6, noise
    )
    return FactorPeople("A", world, temper, nobodys(n), model, np.zeros((n, 1), dtype=np.float32)), model


def test_draws_are_uniform_and_those_of_two_purposes_have_nothing_in_common() -> None:
    at, movies = moment(40_000, 1), np.arange(40_000) % 97
    one, other = draws(at, movies, purpose=1), draws(at, movies, purpose=2)
    assert one.mean() == pytest.approx(0.5, abs=0.006)
    np.testing.assert_allclose(np.quantile(one, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.01)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 0.02
    normal = normal_draws(at, movies, purpose=1)
    assert (normal.mean(), normal.std()) == (pytest.approx(0, abs=0.02), pytest.approx(1, abs=0.02))


@pytest.mark.parametrize("changed", ["users", "steps", "seeds"])
def test_a_draw_depends_on_who_when_and_what_and_not_on_the_row(changed: str) -> None:
    at, movies = moment(50, 1), np.full(50, 3)
    back = np.arange(50)[::-1]
    turned = Moment(*(getattr(at, f)[back] for f in ("users", "steps", "exposure", "bad_streak", "shown", "seeds")))
    np.testing.assert_array_equal(draws(turned, movies, purpose=1)[back], draws(at, movies, purpose=1))
    other = replace(at, **{changed: getattr(at, changed) + 1})
    assert (draws(other, movies, purpose=1) != draws(at, movies, purpose=1)).all()
    assert (draws(at, movies + 1, purpose=1) != draws(at, movies, purpose=1)).all()


def test_acts_follow_felt_stars() -> None:
    temper = Temper(felt=(4.0, 3.0, 2.0))
    felt = np.array([4.0, 3.99, 3.0, 2.5, 1.99, 5.0], dtype=np.float32)
    considered = np.array([True] * 5 + [False])
    expected = [Act.LIKE, Act.WATCH, Act.WATCH, Act.CLICK, Act.SKIP, Act.IGNORE]
    np.testing.assert_array_equal(judge(temper, felt, considered), expected)


def test_the_chance_to_leave_adds_up_by_hand() -> None:
    temper = Temper(leave=0.03, leave_when_bad=0.15, leave_after_streak=0.5)
    acts = np.array([Act.LIKE, Act.CLICK, Act.SKIP, Act.IGNORE, Act.SKIP, Act.LIKE])
    before = np.array([0, 5, 0, 1, 2, 2])
    np.testing.assert_allclose(leave_chances(temper, acts, before), [0.03, 0.03, 0.18, 0.18, 0.68, 0.03])
    assert leave_chances(Temper(leave=1, leave_when_bad=1), acts, before).max() == 1


def test_what_people_do_has_the_chances_that_are_told(setting: AgentSetting) -> None:
    simulator, n = setting.simulator_a("train"), 6_000
    at = replace(moment(n, setting.world.n_genres, horizon=setting.layout.horizon), users=np.full(n, 2))
    at.exposure[:, 0] = 0.4
    for movie in (0, 7, 31):
        movies = np.full(n, movie)
        answer = simulator.respond(at, movies)
        shares = np.bincount(answer.acts, minlength=5) / n
        chances = simulator.chances(at, movies)[0]
        assert chances.sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(shares, chances, atol=4 * 0.5 / n**0.5)
        leaving = simulator.leave_chances(at, answer.acts).mean()
        assert answer.left.mean() == pytest.approx(leaving, abs=4 * 0.5 / n**0.5)


def test_a_movie_is_ignored_as_often_as_it_is_not_considered() -> None:
    world = replace(world_of(["a", "a"]), popularity=np.array([0.0, 1.0], dtype=np.float32))
    simulator, _ = people(world, CALM.model_copy(update={"considered": (0.3, 0.5)}), stars=np.array([5.0, 5.0]), n=5000)
    for movie, considered in ((0, 0.3), (1, 0.8)):
        acts = simulator.respond(moment(5000, 1), np.full(5000, movie)).acts
        assert (acts != Act.IGNORE).mean() == pytest.approx(considered, abs=0.03)
        assert set(acts) == {Act.LIKE, Act.IGNORE}


def test_boredom_takes_its_stars_times_the_overlap() -> None:
    world = world_of(["a", "b"])
    simulator, _ = people(world, CALM.model_copy(update={"boredom": 1.5}), stars=np.array([4.0, 4.0]))
    at = moment(4, 2)
    at.exposure[:, 0] = 0.6
    np.testing.assert_allclose(simulator._felt(at, np.array([0, 1, 0, 1])), [3.1, 4.0, 3.1, 4.0], rtol=1e-6)


def test_exposure_builds_up_by_memory_and_fades_by_it() -> None:
    world = world_of(["a", "a", "b", "b", "b"])
    simulator, model = people(world, CALM.model_copy(update={"memory": 0.7}), stars=np.full(5, 4.0), n=1)
    sessions = Sessions(simulator, model)
    sessions.reset(np.array([0]), np.array([1]))
    for movie, expected in ((0, 0.3), (1, 0.51), (2, 0.357), (3, 0.2499)):
        observations, _, _ = sessions.step(np.array([movie]))
        np.testing.assert_allclose(observations[0, sessions.layout.genre_mix][0], expected, rtol=1e-5)


def test_where_nothing_tires_and_nobody_leaves_the_best_session_is_the_best_movies() -> None:
    rng = np.random.default_rng(4)
    stars = rng.uniform(1, 5, 30)
    world = world_of([f"g{i % 3}" for i in range(30)])
    simulator, model = people(world, CALM, stars=stars)
    sessions, rewards = Sessions(simulator, model), Rewards()
    acts = judge(CALM, np.sort(stars)[::-1][:6].astype(np.float32), np.ones(6, dtype=bool))
    best = float(rewards.of(acts).sum())
    for policy in (OraclePolicy(world, simulator=simulator), BeliefPolicy(world, model=model)):
        np.testing.assert_allclose(rollout(policy, sessions, np.arange(4), seeds=np.arange(3)).returns, best, rtol=1e-5)
    assert rollout(RandomPolicy(world), sessions, np.arange(4), seeds=np.arange(3)).returns.max() < best


def test_where_people_tire_variety_wins_and_without_boredom_it_costs() -> None:
    """Ten movies of one genre felt as 4.5, ten of another as 4.4: alternating is best for those who tire."""
    stars, world = np.array([4.5] * 10 + [4.4] * 10), world_of(["a"] * 10 + ["b"] * 10)
    for boredom, wins in ((1.5, True), (0.0, False)):
        simulator, model = people(world, CALM.model_copy(update={"boredom": boredom}), stars=stars, noise=0.05)
        sessions = Sessions(simulator, model)
        users, seeds = np.arange(4), np.arange(40)
        same = rollout(BeliefPolicy(world, model=model), sessions, users, seeds=seeds)
        mixed = rollout(BeliefPolicy(world, model=model, variety=2.0), sessions, users, seeds=seeds)
        assert set(same.movies[0]) <= set(range(10))
        assert bool(mixed.returns.mean() > same.returns.mean()) is wins


def test_sessions_end_at_once_or_at_the_horizon_as_people_are_patient() -> None:
    world = world_of(["a"] * 8)
    for change, steps in (({"leave": 1.0}, 1), ({}, 6), ({"considered": (0.0, 0.0), "leave_after_streak": 1.0}, 3)):
        simulator, model = people(world, CALM.model_copy(update=change), stars=np.full(8, 4.5))
        log = rollout(PopularPolicy(world), Sessions(simulator, model), np.arange(4), seeds=np.arange(2))
        assert set(log.lengths) == {steps}


def test_people_of_whom_nothing_is_known_are_drawn_as_people_are_at_large() -> None:
    prior = np.array([[0.3, 0.1], [0.1, 0.5]], dtype=np.float32)
    model = TasteModel(np.full(3, 3.5, dtype=np.float32), np.ones((3, 2), dtype=np.float32), prior, 0.5)
    none = nobodys(6_000)
    simulator = FactorPeople.of("A", world_of(["a"] * 3), CALM, model, none, none, seed=1)
    np.testing.assert_allclose(np.cov(simulator.tastes.T), prior, atol=0.03)


def test_people_of_the_other_kind_tire_of_the_last_three_movies_and_of_no_earlier_ones() -> None:
    world = world_of(["a", "a", "a", "a", "b", "b", "b"])
    simulator = NeighbourPeople("B", world, CALM, nobodys(3), np.full((3, 7), 4.0, dtype=np.float32), 1e-6)
    at = replace(moment(3, 2), steps=np.array([0, 2, 4]))
    at.shown[1, :2], at.shown[2, :4] = [0, 4], [0, 4, 5, 6]
    np.testing.assert_allclose(simulator._alike(at, np.array([1, 1, 1])), [0, 1 / 3, 0])


def test_the_two_kinds_of_people_disagree_about_movies_and_agree_who_knows_what(setting: AgentSetting) -> None:
    a, b = setting.simulator_a("held_out"), setting.simulator_b("held_out")
    users = np.arange(len(a.known))
    np.testing.assert_array_equal(a.known.movies, b.known.movies)
    alike = np.corrcoef(a.expected(users).ravel(), b.expected(users).ravel())[0, 1]
    assert 0.3 < alike < 0.99
    assert b.expected(users).min() >= 0.5
    assert b.expected(users).max() <= 5


def test_both_kinds_pass_for_simulators(setting: AgentSetting) -> None:
    for simulator in (setting.simulator_a("held_out"), setting.simulator_b("held_out")):
        known: Simulator = simulator
        answer = known.respond(moment(3, setting.world.n_genres, horizon=20), np.array([1, 2, 3]))
        assert answer.acts.shape == answer.left.shape == (3,)
