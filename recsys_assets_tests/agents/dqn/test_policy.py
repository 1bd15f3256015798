"""The trained agent without torch: the same values, the same choices, and never what may not be shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch as th

from recsys_assets.agents.dqn.algorithm import DoubleDQN
from recsys_assets.agents.dqn.curves import Look, curves, training_figures
from recsys_assets.agents.dqn.items import bad_streak, item_inputs
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.dqn.training import build_agent
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.setting import AgentSetting
from recsys_assets_tests.agents.dqn.worlds import small_config

WEIGHTS = Weights(popularity=0.5, doubt=0.3, variety=1.0)


@pytest.fixture(scope="module", params=["product", "plain"])
def trained(request: pytest.FixtureRequest, setting: AgentSetting) -> DoubleDQN:
    config = small_config(head=request.param)
    model = build_agent(setting, config, item_inputs(setting.world, setting.model, WEIGHTS), seed=0)
    model.learn(1_000)
    return model


@pytest.fixture
def seen(trained: DoubleDQN) -> np.ndarray:
    """Observations in the middle of sessions."""
    assert trained.env is not None
    observations = trained.env.reset()
    for _ in range(3):
        observations = trained.env.step(trained.predict(observations)[0])[0]
    assert isinstance(observations, np.ndarray)
    return observations


def test_numpy_and_torch_give_the_same_values(trained: DoubleDQN, seen: np.ndarray) -> None:
    policy, observations = QPolicy.of(trained.q_net), th.from_numpy(seen)
    shortlist = trained.q_net.shortlist(observations)
    with th.no_grad():
        q = trained.q_net.among(observations, shortlist).numpy()
        everywhere = trained.q_net(observations).numpy()
    np.testing.assert_allclose(policy.among(seen, shortlist.numpy()), q, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        policy.start_scores(seen), trained.q_net.start_scores(observations).numpy(), rtol=1e-4, atol=1e-5
    )
    assert np.isfinite(everywhere).sum() == (shortlist.numpy() >= 0).sum()
    assert np.abs(q[np.isfinite(q)]).max() > 0.5  # it has learned something


def test_numpy_and_torch_choose_the_same_movies(trained: DoubleDQN, seen: np.ndarray) -> None:
    policy = QPolicy.of(trained.q_net)
    policy.begin(trained.q_net.known, trained.q_net.layout)
    chosen = policy.act(seen, np.random.default_rng(0))
    np.testing.assert_array_equal(chosen, trained.predict(seen, deterministic=True)[0])
    np.testing.assert_array_equal(chosen, policy.ranking(seen).argmax(axis=1))


def test_a_saved_agent_is_the_same(trained: DoubleDQN, seen: np.ndarray, tmp_path: Path) -> None:
    policy = QPolicy.of(trained.q_net, name="kept")
    policy.save(tmp_path / "agent.npz")
    again = QPolicy.load(tmp_path / "agent.npz")
    for one in (policy, again):
        one.begin(trained.q_net.known, trained.q_net.layout)
    np.testing.assert_array_equal(again.ranking(seen), policy.ranking(seen))
    assert (again.name, again.layers, again.layout) == (policy.name, policy.layers, policy.layout)


def test_no_shortlist_holds_what_is_known_or_was_shown(trained: DoubleDQN) -> None:
    """Acting and targets choose among the replay's shortlists, and nothing else; stepping raises on a repeat."""
    replay, known, layout = trained.replay, trained.q_net.known, trained.q_net.layout
    rows = replay.filled
    observations = replay.observations[:rows].reshape(rows * replay.envs, -1)
    shortlists = replay.shortlists[:rows].reshape(len(observations), -1)
    shown = layout.shown_of(observations)
    assert (shown >= 0).any()
    assert not ((shortlists[:, :, None] == shown[:, None, :]) & (shown[:, None, :] >= 0)).any()
    users = layout.users_of(observations)
    has = known.matrix(len(trained.q_net.items)).toarray() != 0
    assert not (has[users[:, None], np.maximum(shortlists, 0)] & (shortlists >= 0)).any()


def test_exploration_tosses_a_coin_for_each_session(trained: DoubleDQN, seen: np.ndarray) -> None:
    trained.exploration_rate = 0.5
    greedy = trained.predict(seen, deterministic=True)[0]
    explored = np.stack([trained.predict(seen)[0] != greedy for _ in range(100)])
    assert 0.3 < explored.mean() < 0.6
    assert explored.any(axis=0).mean() > 0
    assert explored.all(axis=1).mean() < 0.2


def test_where_few_movies_are_left_only_these_are_valued(trained: DoubleDQN, seen: np.ndarray) -> None:
    shortlist = np.full((len(seen), 5), -1)
    shortlist[:, 0] = 7
    q = QPolicy.of(trained.q_net).among(seen, shortlist)
    assert np.isfinite(q[:, 0]).all()
    assert np.isneginf(q[:, 1:]).all()


def test_an_agent_refuses_observations_of_another_layout(trained: DoubleDQN) -> None:
    from recsys_assets.agents.observation import ObservationLayout

    with pytest.raises(ValueError, match="train it for these"):
        QPolicy.of(trained.q_net).begin(trained.q_net.known, ObservationLayout(1, 1, 1))


def test_bad_steps_in_a_row_are_counted() -> None:
    acts = np.array([[-1, -1, -1, -1], [3, -1, -1, -1], [0, 4, 3, -1], [4, 4, 4, 4], [4, 4, 4, 2]])
    np.testing.assert_allclose(bad_streak(acts), [0, 1 / 3, 2 / 3, 1, 0])


def test_curves_have_the_names_of_stable_baselines_and_draw() -> None:
    looks = [Look(step, 1.0 + step, 0.1, 0.5, 2.0, 0.2, 3e-4, 1.0, 0.1) for step in (0, 100)]
    drawn = curves(looks)
    assert {"rollout/ep_rew_mean", "rollout/exploration_rate", "train/loss"} <= set(drawn)
    assert drawn["eval/mean_reward"].tolist() == [1.0, 101.0]
    figures = training_figures(looks, bound=30)
    assert set(figures) == {"return", "loss", "q_scale", "epsilon"}
    assert len(figures["return"].axes[0].lines) == 2


def test_values_at_some_places_are_those_of_the_whole_shortlist(trained: DoubleDQN, seen: np.ndarray) -> None:
    observations = th.from_numpy(seen)
    shortlist = trained.q_net.shortlist(observations)
    k = shortlist.shape[1]
    columns = th.tensor([k - 1, *range(k)]).expand(len(seen), -1)
    with th.no_grad():
        whole, some = (
            trained.q_net.among(observations, shortlist),
            trained.q_net.among(observations, shortlist, columns),
        )
    np.testing.assert_allclose(some[:, 1:].numpy(), whole.numpy(), rtol=1e-5, atol=1e-5)


def test_what_is_taken_for_the_person_is_nothing_on_average(trained: DoubleDQN) -> None:
    rows = trained.q_net.layout.empty(len(trained.q_net.known))
    rows[:, trained.q_net.layout.user] = np.arange(len(rows))
    with th.no_grad():
        own = trained.q_net.person(th.from_numpy(rows)).numpy()
    assert own.mean() == pytest.approx(0, abs=1e-5)
    assert own.std() > 0.01
