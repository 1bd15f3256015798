"""Agents on a GPU: the same seed gives the same policy, and what serves it needs none."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.agents.dqn.training import train_dqn
from recsys_assets.agents.from_scratch.config import ScratchConfig
from recsys_assets.agents.from_scratch.training import train_from_scratch
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.ppo.config import PpoConfig
from recsys_assets.agents.ppo.training import train_ppo
from recsys_assets.agents.preferences.training import RewardConfig, train_reward_model
from recsys_assets.agents.setting import AgentSetting
from recsys_assets_tests.agents.dqn.worlds import small_config
from recsys_assets_tests.agents.from_scratch.test_training import SMALL
from recsys_assets_tests.recommenders.conftest import QUICK

WEIGHTS = Weights(popularity=0.5, doubt=0.3, variety=1.0)
pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("head", ["product", "plain", "quantile"])
def test_dqn_repeats_itself(setting: AgentSetting, head: str) -> None:
    config = small_config(steps=800, head=head)
    one, other = (train_dqn(setting, config, seed=1, weights=WEIGHTS, device="cuda") for _ in range(2))
    assert [look.mean_return for look in one.looks] == [look.mean_return for look in other.looks]
    assert all(np.array_equal(other.policy.arrays[name], values) for name, values in one.policy.arrays.items())
    assert one.best_return >= one.start_return


def test_ppo_repeats_itself(setting: AgentSetting) -> None:
    proxy = train_reward_model(setting, RewardConfig.model_validate(QUICK["ppo_agent"]["reward"]), seed=1)
    config = PpoConfig.model_validate(QUICK["ppo_agent"]["ppo"]).model_copy(update={"steps": 1600})
    one, other = (train_ppo(setting, proxy, config, seed=2, weights=WEIGHTS, device="cuda") for _ in range(2))
    assert [look.truth for look in one.looks] == [look.truth for look in other.looks]
    assert all(np.array_equal(other.network[name], values) for name, values in one.network.items())


def test_a_dqn_from_nothing_repeats_itself(setting: AgentSetting) -> None:
    config: ScratchConfig = SMALL
    one, other = (train_from_scratch("RatedCatalogue-v0", setting, config, seed=1, device="cuda") for _ in range(2))
    assert all(np.array_equal(other.arrays[name], values) for name, values in one.arrays.items())
