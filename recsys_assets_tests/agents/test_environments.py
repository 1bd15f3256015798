"""Sessions: the same in columns and one by one, bounded, seeded, masked; and every environment passes the checker."""

from __future__ import annotations

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from recsys_assets.agents.environments import registration
from recsys_assets.agents.environments.logged_session import logged_sessions
from recsys_assets.agents.environments.rated_catalogue import rated_catalogue
from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.environments.sessions import SessionError
from recsys_assets.agents.environments.vector import FeedbackVecEnv
from recsys_assets.agents.policies.simple import BeliefPolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.setting import AgentSetting

SEEDS = np.arange(3)


@pytest.fixture
def env(setting: AgentSetting) -> gym.Env:
    return gym.make(
        "SimulatedFeedback-v0", sessions=setting.sessions(setting.simulator_a("train")), disable_env_checker=True
    )


def test_every_id_is_registered() -> None:
    assert set(registration.IDS) <= set(gym.registry)
    registration.register_all()


def test_a_session_is_the_same_alone_and_among_others(setting: AgentSetting, env: gym.Env) -> None:
    observation, info = env.reset(seed=11, options={"user": 4})
    seed = int(env.unwrapped.sessions.seeds[0])  # type: ignore[attr-defined]
    together = setting.sessions(setting.simulator_a("train"))
    columns = together.reset(np.array([7, 4, 9]), np.array([1, seed, 2]))
    np.testing.assert_array_equal(columns[1], observation)
    ended = False
    others = iter(range(60))
    while not ended:
        allowed = np.flatnonzero(info["action_mask"])
        movie = int(allowed[0])
        observation, reward, ended, _, info = env.step(np.int64(movie))
        free = [next(m for m in others if together.shown[r].tolist().count(m) == 0) for r in (0, 2)]
        together.ended[[0, 2]] = True  # theirs may not be allowed to see these
        columns, rewards, over = together.step(np.array([free[0], movie, free[1]]))
        np.testing.assert_array_equal(columns[1], observation)
        assert rewards[1] == np.float32(reward)
        assert over[1] == ended


def test_the_same_seed_plays_the_same_session(env: gym.Env) -> None:
    def played() -> list[float]:
        _, info = env.reset(seed=3)
        rewards, ended = [], False
        while not ended:
            _, reward, ended, _, info = env.step(np.int64(np.flatnonzero(info["action_mask"])[-1]))
            rewards.append(float(reward))
        return rewards

    assert played() == played()


def test_what_was_shown_or_is_known_may_not_be_shown(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("train"))
    user = int(np.argmax(sessions.known.lengths))
    sessions.reset(np.array([user]), np.array([1]))
    with pytest.raises(SessionError, match="known ratings"):
        sessions.step(sessions.known.take(np.array([user])).movies[:1].astype(np.int64))
    free = np.setdiff1d(np.arange(60), sessions.known.take(np.array([user])).movies)
    sessions.step(free[:1])
    sessions.ended[:] = False
    with pytest.raises(SessionError, match="was shown in this session"):
        sessions.step(free[:1])
    with pytest.raises(SessionError, match="none of the 60"):
        sessions.step(np.array([60]))


def test_policies_never_show_what_is_known_and_rewards_are_bounded(setting: AgentSetting) -> None:
    for simulator in (setting.simulator_a("held_out"), setting.simulator_b("held_out")):
        sessions = setting.sessions(simulator)
        users = np.arange(len(sessions.known))
        for policy in (RandomPolicy(setting.world), BeliefPolicy(setting.world, model=setting.model, variety=1.0)):
            log = rollout(policy, sessions, users, seeds=SEEDS)  # raises where a movie comes twice
            bound = setting.config.rewards.bound(setting.layout.horizon)
            assert log.returns.max() <= bound
            assert log.returns.min() >= setting.layout.horizon * setting.config.rewards.ignore
            for movies in log.movies:
                shown = movies[movies >= 0]
                assert len(shown) == len(set(shown))


def test_two_policies_that_show_the_same_get_the_same(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("validation"))
    users = np.arange(len(sessions.known))
    one = rollout(PopularPolicy(setting.world), sessions, users, seeds=SEEDS)
    other = rollout(PopularPolicy(setting.world, name="again"), sessions, users[::-1].copy(), seeds=SEEDS)
    np.testing.assert_array_equal(one.returns.reshape(3, -1), other.returns.reshape(3, -1)[:, ::-1])


def test_taste_is_found_by_who_believes_it_and_boredom_is_felt(setting: AgentSetting) -> None:
    """The planted world: three genres, each loved by a third of the people."""
    sessions = setting.sessions(setting.simulator_a("held_out"))
    users = np.arange(len(sessions.known))
    returns = {
        policy.name: rollout(policy, sessions, users, seeds=SEEDS).returns.mean()
        for policy in (
            RandomPolicy(setting.world),
            PopularPolicy(setting.world),
            BeliefPolicy(setting.world, model=setting.model, popularity=1.0, name="greedy"),
        )
    }
    assert returns["greedy"] > returns["most rated"] > returns["random"]


def test_people_of_the_vectorized_environment_come_and_go(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("train"))
    env = FeedbackVecEnv(sessions, 8, seed=1)
    observations, left = env.reset(), 0
    policy = RandomPolicy(setting.world)
    policy.begin(sessions.known, sessions.layout)
    rng = np.random.default_rng(0)
    for _ in range(60):
        before = sessions.steps.copy()
        observations, rewards, dones, infos = env.step(policy.act(observations, rng))
        for row in np.flatnonzero(dones):
            assert infos[row]["terminal_observation"][sessions.layout.shown.start + before[row]] >= 0
            assert infos[row]["episode"]["l"] == before[row] + 1
            assert observations[row, sessions.layout.progress] == 0
        left += int(dones.sum())
        assert (rewards <= setting.config.rewards.like).all()
    assert left > 8


@pytest.mark.parametrize("name", ["SimulatedFeedback-v0", "LoggedSession-v0", "RatedCatalogue-v0", "RandomUsers-v0"])
def test_the_checker_finds_no_fault(name: str, setting: AgentSetting) -> None:
    made = {
        "SimulatedFeedback-v0": lambda: {"sessions": setting.sessions(setting.simulator_a("train"))},
        "LoggedSession-v0": lambda: {"sessions": logged_sessions(setting, "train")},
        "RatedCatalogue-v0": lambda: {"sessions": rated_catalogue(setting, "train")},
        "RandomUsers-v0": lambda: {"features": setting.world.features},
    }
    env = gym.make(name, disable_env_checker=True, **made[name]())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings(
            "ignore", message=".*Box observation space.*|.*not within the.*|.*infinity.*|.*render.*"
        )
        check_env(env.unwrapped, skip_render_check=True)


def test_a_movie_that_may_not_be_shown_is_not_and_costs(env: gym.Env, setting: AgentSetting) -> None:
    user = int(np.argmax(setting.splits["train"].known.lengths))
    before, info = env.reset(seed=1, options={"user": user})
    known = np.int64(np.flatnonzero(~info["action_mask"])[0])
    for step in range(setting.layout.horizon):
        after, reward, ended, cut, info = env.step(known)
        np.testing.assert_array_equal(before, after)
        assert (reward, ended, info["act"]) == (setting.config.rewards.ignore, False, "refused")
        assert cut == (step == setting.layout.horizon - 1)
