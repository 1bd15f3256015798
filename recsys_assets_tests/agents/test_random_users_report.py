"""The DQN in `RandomUsers-v0`: beliefs by the book, the start is the bandit, and the report says what was played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, truncnorm

from recsys_assets.agents.dqn.random_users import (
    DEFAULTS,
    BeliefSessions,
    DqnPlayer,
    random_users_items,
    session_seeds,
    train_in_random_users,
)
from recsys_assets.agents.environments.act_belief import ActBandit, ActBelief, act_chances, between_cuts
from recsys_assets.agents.environments.random_users import RandomUsersConfig, RandomUsersSessions
from recsys_assets.agents.environments.session_bandits import Chance, play
from recsys_assets.agents.evaluation.random_users_report import (
    AGENT,
    RIVAL,
    report_random_users,
    sentences,
    tables,
    write_random_users,
)

FEATURES = np.random.default_rng(0).normal(size=(150, 8)).astype(np.float32)
SHORT = DEFAULTS.model_copy(update={"steps": 1_500, "envs": 32, "evaluate_every": 700, "learning_starts": 400})


def test_what_an_act_says_of_the_felt_is_a_truncated_normal() -> None:
    config, acts = RandomUsersConfig(), np.arange(5)
    mean, variance = np.full(5, 0.05), np.full(5, 0.02)
    cuts = np.array([np.inf, *config.thresholds, -np.inf])
    a, b = (cuts[acts + 1] - 0.05) / 0.02**0.5, (cuts[acts] - 0.05) / 0.02**0.5
    expected = truncnorm(a, b, loc=0.05, scale=0.02**0.5)
    found = between_cuts(mean, variance, acts, config.thresholds)
    np.testing.assert_allclose(found[0], expected.mean(), atol=1e-9)
    np.testing.assert_allclose(found[1], expected.var(), atol=1e-9)


def test_the_belief_is_that_of_a_full_covariance() -> None:
    sessions = RandomUsersSessions(FEATURES)
    sessions.reset(np.arange(3))
    belief, d = ActBelief(sessions.vectors, sessions.config, 3), FEATURES.shape[1]
    means, covariances = np.zeros((3, d)), np.stack([np.eye(d) * 0.49 / d] * 3)
    for step in range(5):
        movies = np.arange(3) * 7 + step
        _, _, acts = sessions.step(movies)
        belief.learn(movies, acts)
        for row, movie in enumerate(movies):
            x, s = sessions.vectors[movie].astype(np.float64), covariances[row]
            before, spread = np.array([means[row] @ x]), np.array([x @ s @ x + 0.01])
            felt, left = between_cuts(before, spread, acts[[row]], sessions.config.thresholds)
            means[row] += s @ x / spread[0] * (felt[0] - before[0])
            covariances[row] = s - np.outer(s @ x, s @ x) * (spread[0] - left[0]) / spread[0] ** 2
    np.testing.assert_allclose(belief.mean, means, atol=1e-5)
    np.testing.assert_allclose(belief.variance, np.stack([np.diag(c) for c in covariances]), atol=1e-5)


def test_chances_of_acts_are_those_of_the_draws() -> None:
    sessions = RandomUsersSessions(FEATURES)
    sessions.reset(np.arange(20_000) % 5 + 0)
    movies = np.full(20_000, 3)
    chances = act_chances(sessions, movies)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
    felt = 0.7 * sessions.tastes[:5] @ sessions.vectors[3]
    np.testing.assert_allclose(chances[:5, 0], norm.sf((0.3 - felt) / 0.1), atol=1e-5)
    np.testing.assert_allclose(chances[:5, 4], norm.cdf((-0.15 - felt) / 0.1), atol=1e-5)


def test_people_of_training_looks_and_comparisons_are_others() -> None:
    users, seeds = np.tile(np.arange(50), 20), np.repeat(np.arange(20), 50)
    drawn = [session_seeds(users, seeds, purpose=purpose) for purpose in (1, 2)]
    together = np.concatenate(drawn)
    assert len(np.unique(together)) == 2_000
    assert together.min() > 1_000_000  # a comparison's are 0, 1, 2 and so on


def test_an_untrained_agent_plays_as_its_bandit() -> None:
    sessions = RandomUsersSessions(FEATURES)
    trained = train_in_random_users(
        FEATURES, SHORT.model_copy(update={"steps": 64, "learning_rate": 1e-12}), seed=1, doubt=0.0
    )
    seeds = np.arange(200)
    agent, bandit = play(DqnPlayer(trained.policy), sessions, seeds), play(ActBandit(optimism=0.0), sessions, seeds)
    assert agent.mean() == pytest.approx(bandit.mean(), abs=0.25)  # the first movie is a tie
    assert agent.mean() > play(Chance(), sessions, seeds).mean() + 1


def test_sessions_to_learn_from_expect_what_is_drawn() -> None:
    sessions = BeliefSessions(FEATURES, purpose=1)
    users = np.arange(2_000) % 500
    sessions.reset(users, np.arange(2_000))
    expected = sessions.step(np.arange(2_000) % 150)[1]
    drawn = sessions.last
    assert (drawn - expected).mean() == pytest.approx(0, abs=4 * float((drawn - expected).std()) / 2_000**0.5)
    assert np.corrcoef(drawn, expected)[0, 1] > 0.5
    np.testing.assert_allclose(
        random_users_items(FEATURES, sessions.config).design @ sessions.observations()[0, sessions.layout.taste_mean],
        sessions.inner.vectors @ sessions.belief.mean[0],
        atol=1e-5,
    )


def test_the_report_compares_all_in_the_same_sessions_and_is_written(tmp_path: Path) -> None:
    report = report_random_users(FEATURES, SHORT, seed=2, sessions=300)
    names = [r.player for r in report.results]
    assert names[0] == "knows the taste"
    assert names[-1] in ("random", "cosine to the state")
    assert report[RIVAL].difference.mean == 0
    assert report[AGENT].mean.mean > report["random"].mean.mean
    for table in tables(report):
        assert {len(row) for row in table.rows} == {len(table.columns)}
    html = write_random_users(report, tmp_path, name="150 movies").read_text(encoding="utf-8")
    assert sentences(report)[0].replace("|", "&#124;") in html
    assert 'class="leader"' in html
