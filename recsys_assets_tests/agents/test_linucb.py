"""LinUCB against plain inversion, a planted linear reward, and a session worked out by loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.policies.linucb import MIDDLE_STARS, LinUcbPolicy, fit_linucb, rank_one
from recsys_assets.agents.policies.simple import RandomPolicy
from recsys_assets.agents.setting import AgentSetting


@pytest.fixture(scope="module")
def fitted(setting: AgentSetting) -> LinUcbPolicy:
    return fit_linucb(setting, seed=1, width=4, sessions=200, rounds=2)


def test_rank_one_steps_equal_one_inversion() -> None:
    rng = np.random.default_rng(0)
    b, d, ridge = 3, 5, 2.0
    x, y, prior = rng.normal(size=(b, 7, d)), rng.normal(size=(b, 7)), rng.normal(size=d)
    theta, inverse = np.tile(prior, (b, 1)), np.tile(np.eye(d) / ridge, (b, 1, 1))
    off = []
    for step in range(7):
        theta, inverse, v = rank_one(theta, inverse, x[:, step], y[:, step])
        off.append(v)
    for row in range(b):
        plain = np.linalg.inv(ridge * np.eye(d) + x[row].T @ x[row])
        np.testing.assert_allclose(inverse[row], plain, atol=1e-10)
        np.testing.assert_allclose(theta[row], prior + plain @ x[row].T @ (y[row] - x[row] @ prior), atol=1e-10)
        np.testing.assert_allclose(np.eye(d) / ridge - sum(np.outer(v[row], v[row]) for v in off), plain, atol=1e-10)


def test_nothing_shown_teaches_nothing() -> None:
    theta, inverse = np.ones((1, 2)), np.eye(2)[None]
    after, still, off = rank_one(theta, inverse, np.zeros((1, 2)), np.array([5.0]))
    assert (after == theta).all()
    assert (still == inverse).all()
    assert (off == 0).all()


def test_a_planted_linear_reward_is_recovered() -> None:
    rng = np.random.default_rng(1)
    truth, theta, inverse = np.array([0.5, -1.0, 2.0]), np.zeros((1, 3)), np.eye(3)[None]
    for _ in range(2_000):
        x = rng.normal(size=(1, 3))
        theta, inverse, _ = rank_one(theta, inverse, x, x @ truth + 0.1 * rng.normal(size=1))
    np.testing.assert_allclose(theta[0], truth, atol=0.02)


def test_scores_equal_those_of_a_loop_over_movies(fitted: LinUcbPolicy, setting: AgentSetting) -> None:
    policy = replace(fitted, alpha=0.7, ridge=3.0)
    sessions = setting.sessions(setting.simulator_a("validation"))
    observations = sessions.reset(np.arange(4), np.arange(4))
    policy.begin(sessions.known, sessions.layout)
    rng, stood = np.random.default_rng(0), [sessions.exposure.copy()]
    for movies in ([50, 51, 52, 53], [54, 55, 56, 57], [41, 42, 43, 44]):
        free = _free(np.array(movies), sessions.known)
        observations, _, _ = sessions.step(free)
        stood.append(sessions.exposure.copy())
    scores = policy.scores(observations, rng)
    assert policy.prior is not None
    assert policy.vectors is not None
    stars = setting.model.predict(setting.model.believe(sessions.known).mean) - MIDDLE_STARS
    for row in range(4):

        def context(movie: int, step: int, row: int = row) -> np.ndarray:
            likeness = stood[step][row] @ setting.world.directions[movie]
            return np.append(policy.vectors[movie], [stars[row, movie], likeness])  # type: ignore[index]

        steps = int(sessions.steps[row])
        x = np.array([context(int(sessions.shown[row, s]), s) for s in range(steps)])
        y = setting.config.rewards.of(sessions.acts[row, :steps])
        inverse = np.linalg.inv(3.0 * np.eye(x.shape[1]) + x.T @ x)
        theta = policy.prior + inverse @ x.T @ (y - x @ policy.prior)
        every = np.array([context(movie, steps) for movie in range(len(setting.world))])
        bonus = np.sqrt(np.einsum("nd,de,ne->n", every, inverse, every))
        np.testing.assert_allclose(scores[row], every @ theta + 0.7 * bonus, atol=1e-3)


def _free(movies: np.ndarray, known: object) -> np.ndarray:
    """The first movie from each of `movies` on that its person does not know."""
    taken = known.matrix(60).toarray() > 0  # type: ignore[attr-defined]
    return np.array(
        [next(m % 60 for m in range(start, start + 60) if not taken[i, m % 60]) for i, start in enumerate(movies)]
    )


def test_it_learns_that_taste_pays_and_sameness_does_not(fitted: LinUcbPolicy) -> None:
    assert fitted.prior is not None
    assert fitted.prior[-2] > 0.1
    assert fitted.prior[-1] < -0.1


def test_the_same_seed_fits_the_same_bandit_and_it_beats_chance(fitted: LinUcbPolicy, setting: AgentSetting) -> None:
    again = fit_linucb(setting, seed=1, width=4, sessions=200, rounds=2)
    np.testing.assert_array_equal(fitted.prior, again.prior)
    assert (fitted.alpha, fitted.ridge) == (again.alpha, again.ridge)
    sessions = setting.sessions(setting.simulator_a("held_out"))
    users, seeds = np.arange(len(sessions.known)), np.arange(2)
    own, chance = (
        rollout(p, sessions, users, seeds=seeds).returns.mean() for p in (fitted, RandomPolicy(setting.world))
    )
    assert own > chance + 1
