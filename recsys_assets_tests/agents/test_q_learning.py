"""A table learns what value iteration says of a small world, and of sessions more than chance."""

from __future__ import annotations

import numpy as np

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.policies.simple import RandomPolicy
from recsys_assets.agents.q_learning import QLearningConfig, QTable, fit_q_learning
from recsys_assets.agents.setting import AgentSetting

STATES, ACTIONS, GAMMA = 5, 3, 0.9


def test_the_table_becomes_what_value_iteration_finds() -> None:
    """Random chances of where an action leads, some of them to the end; rewards with noise."""
    rng = np.random.default_rng(1)
    chances = rng.dirichlet(np.ones(STATES + 1), size=(STATES, ACTIONS))  # the last: it ends
    rewards = rng.normal(size=(STATES, ACTIONS))
    exact = np.zeros((STATES, ACTIONS))
    for _ in range(500):
        exact = rewards + GAMMA * chances[:, :, :STATES] @ exact.max(axis=1)

    table = QTable.empty(STATES, ACTIONS, gamma=GAMMA, power=0.7)
    for _ in range(4000):
        states, actions = rng.integers(0, STATES, 64), rng.integers(0, ACTIONS, 64)
        draws = rng.random((64, 1))
        after = (draws > chances[states, actions].cumsum(axis=1)).sum(axis=1)
        ended = after >= STATES
        earned = rewards[states, actions] + rng.normal(scale=0.5, size=64)
        table.learn(states, actions, earned, np.where(ended, 0, after), ended)

    np.testing.assert_allclose(table.values, exact, atol=0.05)
    np.testing.assert_array_equal(table.values.argmax(axis=1), exact.argmax(axis=1))


def test_several_updates_of_one_cell_are_one_by_their_mean() -> None:
    table = QTable.empty(2, 2, gamma=0.5, power=1.0)
    table.values[1] = [4.0, 2.0]
    states, actions = np.array([0, 0]), np.array([1, 1])
    table.learn(states, actions, np.array([1.0, 3.0]), np.array([1, 1]), np.array([False, True]))

    assert table.values[0].tolist() == [0.0, ((1 + 0.5 * 4) + 3) / 2]
    assert table.visits.tolist() == [[0, 1], [0, 0]]


def test_it_learns_to_show_people_more_of_what_they_like_than_chance_does(setting: AgentSetting) -> None:
    config = QLearningConfig(people=4, movies=3, sessions=1500, at_once=100)
    policy = fit_q_learning(setting, config, seed=1)
    sessions = setting.sessions(setting.simulator_a("held_out"))
    people, seeds = np.arange(len(sessions.known)), np.arange(4)

    learned = rollout(policy, sessions, people, seeds=seeds).returns.mean()
    chance = rollout(RandomPolicy(setting.world), sessions, people, seeds=seeds).returns.mean()
    again = fit_q_learning(setting, config, seed=1)

    assert learned > chance + 1.5
    assert policy.table is not None
    assert again.table is not None
    np.testing.assert_array_equal(policy.table.values, again.table.values)
