"""People of random tastes: the rules by hand, columns equal single sessions, and only a bandit wins."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from scipy.special import ndtr

from recsys_assets.agents.actions import Act, Rewards
from recsys_assets.agents.environments import registration  # noqa: F401 - registers the ids
from recsys_assets.agents.environments.random_users import RandomUsersConfig, RandomUsersSessions, imdb_features
from recsys_assets.agents.environments.session_bandits import (
    Chance,
    KnowsTaste,
    NearestToProfile,
    SessionBandit,
    compare_players,
    play,
)
from recsys_assets.agents.environments.sessions import SessionError

FEATURES = np.abs(np.random.default_rng(0).normal(size=(200, 12))).astype(np.float32)
TABLE = Rewards().table()


def test_without_noise_the_act_follows_from_the_cosine() -> None:
    sessions = RandomUsersSessions(FEATURES, RandomUsersConfig(noise=0.0))
    sessions.reset(np.arange(50))
    movies = np.arange(50) * 3
    unit = FEATURES / np.linalg.norm(FEATURES, axis=1, keepdims=True)
    felt = 0.7 * (sessions.tastes * unit[movies]).sum(axis=1)
    _, rewards, acts = sessions.step(movies)
    wanted = [
        Act.LIKE
        if f > 0.3
        else Act.WATCH
        if f > 0.15
        else Act.CLICK
        if f > 0
        else Act.SKIP
        if f > -0.15
        else Act.IGNORE
        for f in felt
    ]
    assert acts.tolist() == wanted
    assert len(set(wanted)) == 5
    np.testing.assert_allclose(rewards, TABLE[acts])


def test_a_random_movie_earns_what_the_rules_say_on_average() -> None:
    """An integral over taste and noise, not a simulation: cosines with a random direction are about normal, 1 / d."""
    features = np.random.default_rng(1).normal(size=(400, 300)).astype(np.float32)
    sd = np.hypot(0.7 / 300**0.5, 0.1)
    reached = 1 - ndtr(np.array([0.3, 0.15, 0.0, -0.15]) / sd)
    chances = np.diff(np.concatenate([[0.0], reached, [1.0]]))
    returns = play(Chance(), RandomUsersSessions(features), np.arange(4000))
    assert returns.mean() == pytest.approx(10 * float(chances @ TABLE), abs=4 * float(returns.std()) / 4000**0.5)


def test_a_repeated_movie_costs_and_is_liked_less() -> None:
    sessions = RandomUsersSessions(FEATURES, RandomUsersConfig(noise=0.0))
    sessions.reset(np.arange(40))
    movies = np.full(40, 3)
    first_profiles, first, _ = sessions.step(movies)
    _, second, _ = sessions.step(movies)
    np.testing.assert_allclose(second, first - 0.3, atol=1e-6)
    clicked = np.isclose(first, 0.4)  # still above 0 when it costs 0.3
    assert clicked.any()
    unit = FEATURES[3] / np.linalg.norm(FEATURES[3])
    nearer = sessions.profiles @ unit > first_profiles @ unit
    assert nearer[second > 0].all()
    assert not nearer[second <= 0].any()


def test_the_profile_moves_as_it_was_published() -> None:
    sessions = RandomUsersSessions(FEATURES)
    before = sessions.reset(np.arange(30)).copy()
    after, rewards, _ = sessions.step(np.arange(30))
    near, far = 0.7 * before + 0.3 * FEATURES[:30], 1.15 * before - 0.15 * FEATURES[:30]
    wanted = np.where(rewards[:, None] > 0, near, far)
    np.testing.assert_allclose(after, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-5)


def test_columns_equal_single_sessions_step_by_step() -> None:
    columns, rng = RandomUsersSessions(FEATURES), np.random.default_rng(3)
    seeds, shown = np.array([8, 3, 11]), rng.integers(0, 200, (10, 3))
    first = columns.reset(seeds).copy()
    together = [tuple(part.copy() for part in columns.step(movies)) for movies in shown]
    env = gym.make("RandomUsers-v0", features=FEATURES, disable_env_checker=True)
    for place, seed in enumerate(seeds):
        observation, info = env.reset(seed=0, options={"session": int(seed)})
        np.testing.assert_array_equal(observation, first[place])
        for step in range(10):
            assert info["action_mask"].sum() == 200 - len(set(shown[:step, place]))
            observation, reward, ended, _, info = env.step(shown[step, place])
            profiles, rewards, acts = together[step]
            np.testing.assert_allclose(observation, profiles[place], atol=1e-6)
            assert (reward, info["act"]) == (rewards[place], Act(int(acts[place])).name.lower())
            assert ended == (step == 9)
    with pytest.raises(SessionError, match="reset them"):
        env.step(np.int64(0))


def test_the_same_seed_brings_the_same_person() -> None:
    env = gym.make("RandomUsers-v0", features=FEATURES, disable_env_checker=True)
    one, other, third = (env.reset(seed=seed)[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, other)
    assert (one != third).any()


def test_movies_that_are_none_are_refused() -> None:
    sessions = RandomUsersSessions(FEATURES)
    sessions.reset(np.array([1]))
    for movie in (-1, 200):
        with pytest.raises(SessionError, match="none of the 200"):
            sessions.step(np.array([movie]))


def test_only_a_bandit_wins_where_users_share_nothing() -> None:
    sessions = RandomUsersSessions(FEATURES)
    players = [Chance(), NearestToProfile(), SessionBandit(), KnowsTaste()]
    found = {p.player: p for p in compare_players(players, sessions, np.arange(400))}
    assert found["online ridge"].mean > found["random"].mean + 4 * found["random"].error
    assert found["knows the taste"].mean > found["online ridge"].mean


@pytest.mark.parametrize("optimism", [0.0, 0.3])
def test_the_bandits_equal_ridge_regression_by_the_book(optimism: float) -> None:
    """Against the normal equations solved anew at each step."""
    sessions, bandit = RandomUsersSessions(FEATURES), SessionBandit(ridge=2.0, optimism=optimism, level=0.1)
    sessions.reset(np.arange(4))
    bandit.begin(sessions)
    x, y = np.zeros((4, 0, 12)), np.zeros((4, 0))
    for _ in range(6):
        movies = bandit.scores(sessions).argmax(axis=1) + np.arange(4)
        _, rewards, _ = sessions.step(movies)
        bandit.learn(movies, rewards)
        x = np.concatenate([x, sessions.vectors[movies][:, None]], axis=1)
        y = np.concatenate([y, rewards[:, None] - 0.1], axis=1)
        for row in range(4):
            a = 2.0 * np.eye(12) + x[row].T @ x[row]
            theta = np.linalg.solve(a, x[row].T @ y[row])
            v = sessions.vectors.astype(np.float64)
            spread = np.sqrt(np.einsum("nd,de,ne->n", v, np.linalg.inv(a), v))
            np.testing.assert_allclose(bandit.scores(sessions)[row], v @ theta + optimism * spread, atol=1e-4)


@pytest.mark.real_data
def test_the_imdb_table_gives_310_numbers_a_movie(mirror: Path) -> None:
    path = mirror / "imdb" / "imdb_movies_2025_cleaned.csv"
    features = imdb_features(path, seed=42)
    assert features.shape == (7840, 310)
    genres, text, rating = features[:, :209], features[:, 209:309], features[:, 309]
    assert set(np.unique(genres)) == {0.0, 1.0}
    assert (genres.sum(axis=0) > 0).all()
    assert (np.abs(text).sum(axis=0) > 0).all()
    assert rating[0] == pytest.approx(0.75)  # "Sinners", 7.5
    assert genres[0].sum() == 9
    np.testing.assert_array_equal(features, imdb_features(path, seed=42))
