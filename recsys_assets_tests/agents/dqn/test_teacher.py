"""Expected rewards and leaving as a discount: the same mean as drawn sessions, with less spread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.agents.dqn.teacher import TeachingVecEnv
from recsys_assets.agents.environments.expected import PatientSessions, expected_returns
from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.policies.simple import PopularPolicy
from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.base import Temper
from recsys_assets_tests.agents.dqn.worlds import Coins, nobodys, tasteless, world_of


def coins(chance: float) -> Coins:
    world = replace(world_of(["a"] * 6), popularity=np.full(6, chance, dtype=np.float32))
    return Coins(world, Temper(horizon=3), nobodys(4))


def test_the_expected_return_of_coins_is_that_by_hand() -> None:
    simulator = coins(0.6)
    sessions = PatientSessions(simulator, tasteless(6))
    returns = expected_returns(PopularPolicy(simulator.world), sessions, np.arange(4), seeds=np.arange(500))
    reward, stays = 0.6 * 1.5 - 0.4 * 0.2, 1 - 0.4 * 0.5
    assert returns.mean() == pytest.approx(reward * (1 + stays + stays**2), abs=0.03)


def test_drawn_and_expected_sessions_agree_in_the_mean_and_not_in_the_spread(setting: AgentSetting) -> None:
    policy, simulator = belief_policy(setting, Weights(0.5, 0.0, 1.0)), setting.simulator_a("train")
    users, seeds = np.arange(len(simulator.known)), np.arange(40)
    drawn = rollout(policy, Sessions(simulator, setting.model), users, seeds=seeds).returns.reshape(len(seeds), -1)
    expected = expected_returns(policy, PatientSessions(simulator, setting.model), users, seeds=seeds)
    error = float((drawn.mean(axis=1) - expected.mean(axis=1)).std()) / len(seeds) ** 0.5
    assert float(drawn.mean()) == pytest.approx(float(expected.mean()), abs=4 * error)
    assert expected.std(axis=0).mean() < 0.7 * drawn.std(axis=0).mean()


def test_nobody_leaves_and_survival_is_the_product_of_staying() -> None:
    simulator = coins(0.5)
    env = TeachingVecEnv(PatientSessions(simulator, tasteless(6)), 4, seed=0)
    env.reset()
    survival = np.ones(4)
    for step in range(3):
        _, rewards, ended, infos = env.step(np.full(4, step))
        assert [info["survival"] for info in infos] == pytest.approx(list(survival))
        assert rewards == pytest.approx(0.5 * 1.5 - 0.5 * 0.2)
        survival = survival * [info["stay"] for info in infos]
        assert ended.all() == (step == 2)
    assert set(survival) <= {1.0, 0.5, 0.25, 0.125}
    assert [info["survival"] for info in env.step(np.full(4, 5))[3]] == [1.0] * 4  # begun anew
