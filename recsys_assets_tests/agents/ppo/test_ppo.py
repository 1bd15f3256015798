"""PPO from feedback: exact divergence, a steered weight, never worse than its start, and it goes on from a champion."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch as th

from recsys_assets.agents.judges import are_judges
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.ppo.algorithm import ReferencePPO
from recsys_assets.agents.ppo.config import PpoConfig
from recsys_assets.agents.ppo.network import divergence, entropy, log_chance_of
from recsys_assets.agents.ppo.recommender import PpoAgent
from recsys_assets.agents.ppo.training import PpoResult, _build, parameters, restore, train_ppo
from recsys_assets.agents.preferences.reward_model import RewardModel
from recsys_assets.agents.preferences.training import RewardConfig, train_reward_model
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.recommenders import build
from recsys_assets_tests.agents.conftest import small_world
from recsys_assets_tests.recommenders.conftest import QUICK

WEIGHTS = Weights(popularity=0.5, doubt=0.1, variety=0.5)
QUICK_PPO = PpoConfig.model_validate(QUICK["ppo_agent"]["ppo"] | {"kl_weight": 0.001, "learning_rate": 0.01})


@pytest.fixture(scope="module")
def proxy(setting: AgentSetting) -> RewardModel:
    return train_reward_model(setting, RewardConfig.model_validate(QUICK["ppo_agent"]["reward"]), seed=1)


@pytest.fixture(scope="module")
def result(setting: AgentSetting, proxy: RewardModel) -> PpoResult:
    return train_ppo(setting, proxy, QUICK_PPO.model_copy(update={"steps": 1600}), seed=2, weights=WEIGHTS)


def test_the_divergence_is_that_of_the_whole_choice() -> None:
    rng = np.random.default_rng(0)
    p, q = (rng.dirichlet(np.ones(5), 7) for _ in range(2))

    found = divergence(th.tensor(np.log(p)), th.tensor(np.log(q))).numpy()

    np.testing.assert_allclose(found, (p * np.log(p / q)).sum(axis=1))
    np.testing.assert_allclose(entropy(th.tensor(np.log(p))).numpy(), -(p * np.log(p)).sum(axis=1))


def test_empty_places_of_a_shortlist_take_no_part() -> None:
    logs = th.tensor([[np.log(0.25), np.log(0.75), -np.inf]])
    others = th.tensor([[np.log(0.5), np.log(0.5), -np.inf]])

    logs.requires_grad_()
    (divergence(logs, others) + entropy(logs)).sum().backward()
    assert logs.grad is not None
    assert th.isfinite(logs.grad).all()
    assert divergence(logs, others).item() == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5))
    assert log_chance_of(th.tensor([[8, 3, -1]]), logs, th.tensor([3])).item() == pytest.approx(np.log(0.75))


def test_the_weight_of_the_divergence_follows_it(setting: AgentSetting, proxy: RewardModel) -> None:
    model = _build(setting, proxy, QUICK_PPO, WEIGHTS, 1)
    before = model.kl_weight
    model.kl = 10 * model.kl_target
    model._steer()
    assert model.kl_weight == pytest.approx(before * (1 + model.kl_gain))
    model.kl = 0.0
    model._steer()
    assert model.kl_weight < before * (1 + model.kl_gain)


def test_a_heavy_weight_keeps_the_policy_at_its_reference(setting: AgentSetting, proxy: RewardModel) -> None:
    def travelled(weight: float) -> float:
        config = QUICK_PPO.model_copy(update={"kl_weight": weight, "kl_gain": 1e-6})
        model: ReferencePPO = _build(setting, proxy, config, WEIGHTS, 1)
        model.learn(800)
        return model.kl

    assert travelled(100.0) < travelled(1e-6) / 2


def test_the_first_look_is_the_start_and_the_best_is_kept(result: PpoResult) -> None:
    truths = [look.truth for look in result.looks]

    assert result.looks[0].steps == 0
    assert result.looks[0].kl == 0
    assert max(truths) == next(look.truth for look in result.looks if look.steps == result.best_step)
    assert set(result.figures()) == {"return", "proxy_and_truth", "kl"}


def test_the_same_seed_trains_the_same_agent(setting: AgentSetting, proxy: RewardModel, result: PpoResult) -> None:
    again = train_ppo(setting, proxy, QUICK_PPO.model_copy(update={"steps": 1600}), seed=2, weights=WEIGHTS)

    assert again.looks == result.looks
    for name, values in result.network.items():
        np.testing.assert_array_equal(again.network[name], values)


def test_training_goes_on_from_the_champion_s_network(
    setting: AgentSetting, proxy: RewardModel, result: PpoResult
) -> None:
    config = QUICK_PPO.model_copy(update={"steps": 80})
    went_on = train_ppo(setting, proxy, config, seed=3, weights=WEIGHTS, champion=result.network)

    best = next(look for look in result.looks if look.steps == result.best_step)
    assert went_on.looks[0].truth == pytest.approx(best.truth)


def test_another_network_s_parameters_are_refused(setting: AgentSetting, proxy: RewardModel) -> None:
    model = _build(setting, proxy, QUICK_PPO, WEIGHTS, 1)
    kept = parameters(model.policy)
    with pytest.raises(ValueError, match="from scratch"):
        restore(model.policy, {name: values for name, values in kept.items() if not name.startswith("critic")})


def liked(users: range, movie: int) -> pl.DataFrame:
    moment, acts = datetime(2026, 1, 1), ((movie, "like"), (1, "skip"))
    rows = [(f"e{u}-{m}", u, m, act, moment) for u in users for m, act in acts]
    frame = pl.DataFrame(rows, ["event_id", "user_id", "movie_id", "action", "timestamp"], orient="row")
    return frame.with_columns(
        pl.lit(None, dtype=pl.Float64).alias("rating"),
        pl.lit(None, dtype=pl.String).alias("text"),
        pl.lit(None, dtype=pl.String).alias("request_id"),
        pl.col("timestamp").cast(pl.Datetime("us")),
    )


def test_an_agent_hears_feedback_and_goes_on_from_its_export(tmp_path: Path) -> None:
    interactions, catalogue = small_world()
    first = build("ppo_agent", QUICK["ppo_agent"]).fit(interactions, catalogue, seed=5)
    first.save(tmp_path / "champion")

    config = QUICK["ppo_agent"] | {"start": "champion", "champion": [str(tmp_path / "champion")]}
    second = build("ppo_agent", config)
    assert isinstance(second, PpoAgent)
    second.hear(liked(range(1000, 1030), 7))
    second.fit(interactions, catalogue, seed=5)

    assert second.training_notes()["went_on_from"] == "its champion"
    assert second.training_notes()["feedback_heard"] == "46 of 60 events", "the others are judges'"
    assert isinstance(first, PpoAgent)
    np.testing.assert_array_equal(second.taste.design, first.taste.design)  # what was learned of tastes stays true
    assert second.taste.base[6] > first.taste.base[6]  # the movie that thirty people like


def test_a_champion_that_knows_the_future_is_not_gone_on_from(tmp_path: Path) -> None:
    interactions, catalogue = small_world()
    build("ppo_agent", QUICK["ppo_agent"]).fit(interactions, catalogue, seed=5).save(tmp_path / "champion")
    earlier = interactions.filter(pl.col("timestamp") < interactions["timestamp"].max())

    config = QUICK["ppo_agent"] | {"start": "champion", "champion": [str(tmp_path / "champion")]}
    agent = build("ppo_agent", config).fit(earlier, catalogue, seed=5)

    assert isinstance(agent, PpoAgent)
    assert agent.went_on_from is None


def test_a_champion_that_was_told_a_judge_s_stars_last_is_gone_on_from(tmp_path: Path) -> None:
    """What judges say teaches nothing, but it is no knowledge of the future either."""
    interactions, catalogue = small_world()
    judge = int(np.arange(1000, 1100)[are_judges(np.arange(1000, 1100), seed=5)][0])
    last = pl.DataFrame([(judge, 7, 5.0, datetime(2026, 1, 1))], interactions.columns, orient="row")
    joined = pl.concat([interactions, last.cast(dict(interactions.schema))])  # type: ignore[arg-type]
    told = liked(range(1000, 1030), 7)
    stars = told.head(1).with_columns(user_id=judge, action=pl.lit("rating"), rating=5.0)
    told = pl.concat([told, stars.cast(dict(told.schema))])  # type: ignore[arg-type]

    def agent(**more: object) -> PpoAgent:
        made = build("ppo_agent", QUICK["ppo_agent"] | more)
        assert isinstance(made, PpoAgent)
        made.hear(told)
        made.fit(joined, catalogue, seed=5)
        return made

    agent().save(tmp_path / "champion")
    second = agent(start="champion", champion=[str(tmp_path / "champion")])
    assert second.went_on_from is not None
    assert judge in second.users.values, "their own lists know it"
