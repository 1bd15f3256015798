"""Logged ratings as rewards: by hand, masked, the same in columns and one by one."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from recsys_assets.agents.environments import registration  # noqa: F401 - registers the ids
from recsys_assets.agents.environments.rated_catalogue import (
    RatedCatalogueConfig,
    RatedCatalogueSessions,
    rated_catalogue,
)
from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.agents.setting import AgentSetting


def test_a_rated_movie_earns_its_rating_around_the_users_mean(setting: AgentSetting) -> None:
    histories = setting.histories["train"]
    sessions = RatedCatalogueSessions(histories, setting.world.directions)
    sessions.reset(np.array([3]))
    mine = histories.take(np.array([3]))
    for movie, rating in zip(mine.movies, mine.ratings, strict=True):
        np.testing.assert_allclose(
            sessions.rewards_of(np.array([movie], dtype=np.int64)), rating - mine.ratings.mean(), atol=1e-5
        )
    for movie in np.setdiff1d(np.arange(60), mine.movies):
        assert sessions.rewards_of(np.array([movie])) == [0]


def test_only_later_ratings_can_be_earned_and_earlier_ones_make_the_profile(setting: AgentSetting) -> None:
    sessions, split = rated_catalogue(setting, "held_out"), setting.splits["held_out"]
    user = int(np.argmax(split.known.lengths))
    observation = sessions.reset(np.array([user]))[0]
    known, every = split.known.take(np.array([user])), setting.histories["held_out"].take(np.array([user]))
    earned = (known.ratings - every.ratings.mean())[:, None] * setting.world.directions[known.movies]
    np.testing.assert_allclose(observation[:-2], earned.sum(axis=0), atol=1e-4)
    assert (sessions.rewards_of(known.movies[:1].astype(np.int64)) == 0).all()
    np.testing.assert_array_equal(np.flatnonzero(~sessions.allowed()[0]), np.sort(known.movies))
    with pytest.raises(SessionError, match="known ratings"):
        sessions.step(known.movies[:1].astype(np.int64))


def test_who_shows_the_best_rated_first_earns_the_most_there_is(setting: AgentSetting) -> None:
    """The bound: an oracle of the log; and rewards stay within what ratings allow."""
    sessions = rated_catalogue(setting, "train", RatedCatalogueConfig(horizon=8))
    users = np.arange(len(sessions.histories))
    sessions.reset(users)
    rewards = np.zeros((len(users), 60), dtype=np.float32)
    for movie in range(60):
        rewards[:, movie] = sessions.rewards_of(np.full(len(users), movie))
    assert (np.abs(rewards) <= 4.5).all()
    order = np.argsort(np.where(sessions.allowed(), -rewards, np.inf), axis=1)
    over = False
    for step in range(8):
        assert not over
        _, _, over = sessions.step(order[:, step])
    assert over
    best = np.sort(np.where(sessions.allowed() | (rewards != 0), rewards, -np.inf), axis=1)[:, ::-1][:, :8].sum(axis=1)
    np.testing.assert_allclose(sessions.total, best, atol=1e-4)
    with pytest.raises(SessionError, match="reset them"):
        sessions.step(order[:, 9])


def test_columns_equal_single_sessions_step_by_step(setting: AgentSetting) -> None:
    columns = rated_catalogue(setting, "train")
    users, rng = np.array([5, 0, 9]), np.random.default_rng(2)
    together = [columns.reset(users)]
    shown, earned = [], []
    for _ in range(20):
        movies = np.array([rng.choice(np.flatnonzero(row)) for row in columns.allowed()])
        observations, rewards, _ = columns.step(movies)
        together.append(observations)
        shown.append(movies)
        earned.append(rewards)
    env = gym.make("RatedCatalogue-v0", sessions=rated_catalogue(setting, "train"), disable_env_checker=True)
    for place, user in enumerate(users):
        observation, _ = env.reset(seed=1, options={"user": int(user)})
        np.testing.assert_array_equal(observation, together[0][place])
        for step in range(20):
            observation, reward, ended, _, info = env.step(shown[step][place])
            np.testing.assert_array_equal(observation, together[step + 1][place])
            assert reward == earned[step][place]
            assert not info["action_mask"][shown[step][place]]
            assert ended == (step == 19)


def test_a_masked_movie_is_refused_in_columns_and_earns_nothing_alone(setting: AgentSetting) -> None:
    sessions = rated_catalogue(setting, "train", RatedCatalogueConfig(horizon=3))
    env = gym.make("RatedCatalogue-v0", sessions=sessions, disable_env_checker=True)
    _, info = env.reset(seed=1)
    movie = np.int64(np.flatnonzero(info["action_mask"])[0])
    before = env.step(movie)[0]
    for number in range(3):
        after, reward, ended, cut, _ = env.step(movie)
        np.testing.assert_array_equal(before, after)
        assert (reward, ended, cut) == (0.0, False, number == 2)
    with pytest.raises(SessionError, match="was shown"):
        sessions.step(np.array([movie]))
    for none in (-1, 60):
        with pytest.raises(SessionError, match="none of the 60"):
            sessions.step(np.array([none]))


def test_people_without_ratings_earn_nothing(setting: AgentSetting) -> None:
    nobody = setting.histories["train"].take(np.array([-1]))
    sessions = RatedCatalogueSessions(nobody, setting.world.directions)
    sessions.reset(np.array([0]))
    assert sessions.step(np.array([7]))[1] == [0]
