"""Replays: the reward by hand, the same in columns and one by one, nobody's past but their own."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from recsys_assets.agents.environments import registration  # noqa: F401 - registers the ids
from recsys_assets.agents.environments.logged_session import (
    LoggedSessionConfig,
    LoggedSessions,
    logged_reward,
    logged_sessions,
)
from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.agents.sequence_features import frozen_vectors
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.recommenders.models import build


@pytest.fixture
def replays(setting: AgentSetting) -> LoggedSessions:
    return logged_sessions(setting, "train")


def test_the_worked_example_of_a_replay() -> None:
    found = logged_reward(LoggedSessionConfig(), np.array([0.0]), np.array([0.4]), np.array([0.75]))
    np.testing.assert_allclose(found, [0.345])


def test_a_replay_rewards_the_movie_watched_next(setting: AgentSetting) -> None:
    histories = setting.histories["train"]
    sessions = LoggedSessions(histories, setting.world.features, setting.world.directions)
    rows = sessions.playable[:5]
    sessions.reset(rows)
    movies = histories.movies[histories.indptr[rows] + 5].astype(np.int64)
    np.testing.assert_array_equal(sessions.targets(), movies)
    means = [histories.ratings[histories.indptr[r] : histories.indptr[r] + 5].mean() for r in rows]
    _, rewards, _ = sessions.step(movies)
    np.testing.assert_allclose(rewards, 0.4 + 0.3 + 0.3 * (np.array(means) - 0.5) / 4.5, atol=1e-5)


def test_rewards_are_bounded_and_end_with_the_sequence(replays: LoggedSessions) -> None:
    rows = replays.playable[:5]
    replays.reset(rows)
    rng, steps, ended = np.random.default_rng(0), np.zeros(5, dtype=np.int64), np.zeros(5, dtype=bool)
    while not ended.all():
        steps += ~ended
        over = ended
        _, rewards, ended = replays.step(rng.integers(0, 60, 5))
        assert ((rewards >= 0) & (rewards <= replays.config.bound)).all()
        assert (rewards[over] == 0).all()
    np.testing.assert_array_equal(steps, replays.histories.lengths[rows] - replays.starts[rows])


def test_a_movie_of_another_genre_earns_the_rating_alone(replays: LoggedSessions) -> None:
    replays.reset(replays.playable[:1])
    other = (replays.targets() + 1) % 60  # the planted world: every third movie is of the same genre
    before = replays.observations()
    _, rewards, _ = replays.step(other)
    np.testing.assert_allclose(rewards, 0.3 * before[:, -2], atol=1e-6)


def test_ratings_from_three_to_five_can_be_taken_as_a_student_project_took_them(setting: AgentSetting) -> None:
    config = LoggedSessionConfig(stars=(3.0, 5.0))
    sessions = logged_sessions(setting, "train", config=config)
    rows = sessions.playable
    sessions.reset(rows)
    histories = setting.histories["train"]
    means = np.array([histories.take(np.array([r])).ratings[: sessions.starts[r]].mean() for r in rows])
    np.testing.assert_allclose(sessions.observations()[:, -2], np.clip((means - 3) / 2, 0, 1), atol=1e-5)


def test_the_state_shows_the_last_movies_the_oldest_first(replays: LoggedSessions, setting: AgentSetting) -> None:
    row = replays.playable[3]
    observation = replays.reset(np.array([row]))[0]
    past = replays.histories.take(np.array([row])).movies[: replays.starts[row]][-5:]
    width = setting.world.features.shape[1]
    np.testing.assert_array_equal(observation[: 5 * width].reshape(5, width), setting.world.features[past])
    np.testing.assert_allclose(observation[5 * width : -2], setting.world.directions[past].mean(axis=0), atol=1e-6)


def test_replays_begin_where_what_is_known_ends_and_are_of_the_group_alone(setting: AgentSetting) -> None:
    for group in ("train", "held_out"):
        sessions = logged_sessions(setting, group)  # type: ignore[arg-type]
        assert sessions.histories is setting.histories[group]  # type: ignore[index]
        known = setting.splits[group].known.lengths  # type: ignore[index]
        np.testing.assert_array_equal(sessions.starts, np.maximum(known, 5))


def test_columns_equal_single_replays_step_by_step(replays: LoggedSessions, setting: AgentSetting) -> None:
    rows, rng = replays.playable[:6], np.random.default_rng(1)
    columns = replays.reset(rows)
    env = gym.make("LoggedSession-v0", sessions=logged_sessions(setting, "train"), disable_env_checker=True)
    shown = rng.integers(0, 60, (30, 6))
    together, over = [columns], []
    for movies in shown:
        observations, rewards, ended = replays.step(movies)
        together.append(observations)
        over.append((rewards, ended))
    for place, row in enumerate(rows):
        observation, info = env.reset(seed=1, options={"row": int(row)})
        np.testing.assert_array_equal(observation, together[0][place])
        past = replays.histories.take(np.array([row])).movies[: replays.starts[row]]
        np.testing.assert_array_equal(np.flatnonzero(~info["action_mask"]), np.sort(past))
        for step, movies in enumerate(shown):
            observation, reward, ended, _, info = env.step(movies[place])
            np.testing.assert_array_equal(observation, together[step + 1][place])
            assert (reward, ended) == (over[step][0][place], over[step][1][place])
            if ended:
                break
    assert over[-1][1].all()


def test_the_same_seed_replays_the_same_person(replays: LoggedSessions) -> None:
    env = gym.make("LoggedSession-v0", sessions=replays, disable_env_checker=True)
    people = [env.reset(seed=seed)[1]["row"] for seed in (4, 4, 5, 6, 7)]
    assert people[0] == people[1]
    assert len(set(people)) > 1


def test_sequences_that_are_too_short_and_movies_that_are_none_are_refused(setting: AgentSetting) -> None:
    histories, world = setting.histories["train"], setting.world
    with pytest.raises(ValueError, match="no sequence has a movie after"):
        LoggedSessions(histories, world.features, world.directions, LoggedSessionConfig(window=24))
    starts = np.zeros(len(histories), dtype=np.int64)
    starts[0] = 24
    sessions = LoggedSessions(histories, world.features, world.directions, starts=starts)
    with pytest.raises(SessionError, match="row 0 has no movie after"):
        sessions.reset(np.array([1, 0]))
    sessions.reset(np.array([1]))
    for movie in (-1, 60):
        with pytest.raises(SessionError, match=f"movie {movie} is none of the 60"):
            sessions.step(np.array([movie]))


def test_a_sequence_models_vectors_can_be_what_movies_are(setting: AgentSetting) -> None:
    model = build("sasrec", {"dim": 8, "epochs": 1, "heads": 1, "layers": 1}).fit_data(setting.training)
    vectors = frozen_vectors(model)  # type: ignore[arg-type]
    assert vectors.shape == (60, 8)
    sessions = logged_sessions(setting, "held_out", vectors)
    first = sessions.reset(sessions.playable[:2])
    assert first.shape == (2, 5 * 8 + 3 + 2)
    vectors += 1  # the model's own are not these
    assert not np.array_equal(vectors, frozen_vectors(model))  # type: ignore[arg-type]
