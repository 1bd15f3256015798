"""What training must do: find a known optimum, start as its start, repeat itself, go on, and stop when it diverges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys_assets.agents.dqn.checkpoints import BEST, STATE, CheckpointError
from recsys_assets.agents.dqn.items import item_inputs
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.dqn.training import build_agent, build_in, train_dqn
from recsys_assets.agents.environments.expected import PatientSessions, expected_returns
from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets_tests.agents.dqn.worlds import Bait, env_of, small_config

WEIGHTS = Weights(popularity=0.5, doubt=0.3, variety=1.0)


@pytest.mark.parametrize(
    "changes", [{"n_steps": 1}, {"n_steps": 4}, {"head": "plain"}, {"head": "quantile"}, {"conservative": 0.01}]
)
def test_the_optimum_of_three_states_is_found(changes: dict[str, object]) -> None:
    env, items = env_of(Bait.make(), seed=0)
    model = build_in(env, small_config(epsilon=(1.0, 0.2), gamma=1.0, **changes), items, seed=0, device="cpu")
    model.learn(2_400)
    policy, users = QPolicy.of(model.q_net), np.arange(8)
    sessions = PatientSessions(env.sessions.simulator, env.sessions.model)
    assert expected_returns(policy, sessions, users, seeds=users) == pytest.approx(0.4 + 3 * 1.5)
    if changes == {"n_steps": 1}:  # longer returns hold what exploration cost
        q = policy.among(sessions.reset(users, users), np.tile(np.arange(6), (8, 1)))
        assert q[:, 2:].max(axis=1) == pytest.approx(4.9, abs=0.3)
        assert q[:, :2].max(axis=1) == pytest.approx(1.5, abs=0.3)


def test_the_untrained_agent_acts_as_its_start(setting: AgentSetting) -> None:
    model = build_agent(setting, small_config(), item_inputs(setting.world, setting.model, WEIGHTS), seed=0)
    sessions = setting.sessions(setting.simulator_a("validation"))
    users, seeds = np.arange(len(sessions.known)), np.arange(3)
    ours = rollout(QPolicy.of(model.q_net), sessions, users, seeds=seeds)
    start = rollout(belief_policy(setting, WEIGHTS), sessions, users, seeds=seeds)
    np.testing.assert_array_equal(ours.movies, start.movies)


def test_the_start_is_looked_at_first_and_the_best_look_is_kept(setting: AgentSetting) -> None:
    told: list[str] = []
    result = train_dqn(setting, small_config(steps=1_200), seed=1, weights=WEIGHTS, progress=told.append)
    assert [look.steps for look in result.looks] == [0, 400, 800, 1_200]
    assert (result.looks[0].epsilon, result.looks[-1].epsilon) == pytest.approx(small_config().epsilon)
    assert result.best_return == max(look.mean_return for look in result.looks) >= result.start_return
    sessions = PatientSessions(setting.simulator_a("validation"), setting.model)
    users = np.arange(len(sessions.known))
    again = expected_returns(result.policy, sessions, users, seeds=np.arange(10_000, 10_002)).mean()
    assert again == pytest.approx(result.best_return, rel=1e-5)
    assert result.stopped == "all steps done"
    assert result.steps_per_second > 0
    assert "steps per CPU second" in told[-1]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(setting: AgentSetting) -> None:
    first, second, third = (_final_weights(setting, seed) for seed in (1, 1, 2))
    assert all((first[name] == second[name]).all() for name in first)
    assert any((first[name] != third[name]).any() for name in first)


def test_a_killed_run_goes_on_as_if_it_had_not_been(setting: AgentSetting, tmp_path: Path) -> None:
    config = small_config(steps=1_600)
    whole = train_dqn(setting, config, seed=1, weights=WEIGHTS, checkpoints=tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(message: str) -> None:
        if "step 800/" in message:
            raise Killed

    with pytest.raises(Killed):
        train_dqn(setting, config, seed=1, weights=WEIGHTS, checkpoints=tmp_path / "killed", progress=kill)
    told: list[str] = []
    resumed = train_dqn(setting, config, seed=1, weights=WEIGHTS, checkpoints=tmp_path / "killed", progress=told.append)
    assert "goes on from step 400" in told[0]  # the look at 800 had not been written
    assert [look.mean_return for look in resumed.looks] == [look.mean_return for look in whole.looks]
    assert [look.loss for look in resumed.looks[1:]] == [look.loss for look in whole.looks[1:]]
    assert resumed.best_step == whole.best_step
    with np.load(tmp_path / "whole" / STATE) as a, np.load(tmp_path / "killed" / STATE) as b:
        assert set(a.files) == set(b.files)
        assert all(np.array_equal(a[name], b[name]) for name in a.files)


def test_a_finished_run_is_read_and_not_repeated(setting: AgentSetting, tmp_path: Path) -> None:
    config = small_config(steps=800)
    first = train_dqn(setting, config, seed=1, weights=WEIGHTS, checkpoints=tmp_path)
    told: list[str] = []
    again = train_dqn(setting, config, seed=1, weights=WEIGHTS, checkpoints=tmp_path, progress=told.append)
    assert not any("validation users" in line for line in told[:-1])
    assert again.best_return == first.best_return


def test_a_checkpoint_of_other_settings_is_refused_by_name(setting: AgentSetting, tmp_path: Path) -> None:
    train_dqn(setting, small_config(steps=400), seed=1, weights=WEIGHTS, checkpoints=tmp_path)
    with pytest.raises(CheckpointError, match=r"gamma was 0\.99, is 0\.5"):
        train_dqn(setting, small_config(steps=400, gamma=0.5), seed=1, weights=WEIGHTS, checkpoints=tmp_path)
    assert (tmp_path / BEST).exists()


def test_a_diverging_run_stops_itself_and_says_so(setting: AgentSetting) -> None:
    config = small_config(steps=4_000, learning_rate=5.0, max_grad_norm=1e6)
    result = train_dqn(setting, config, seed=1, weights=WEIGHTS)
    assert "no session returns more than" in result.stopped
    assert "learning_rate" in result.stopped
    assert result.looks[-1].steps < 4_000
    assert result.best_return >= result.start_return


def _final_weights(setting: AgentSetting, seed: int) -> dict[str, np.ndarray]:
    model = build_agent(setting, small_config(), item_inputs(setting.world, setting.model, WEIGHTS), seed=seed)
    model.learn(800)
    return {name: value.numpy() for name, value in model.q_net.state_dict().items()}
