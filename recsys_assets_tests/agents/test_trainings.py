"""Trainings of a report that was interrupted are not done again, and those of other settings are not taken for them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.evaluation.trainings import ALTERNATIVES, Stages, alternative, train_all
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.setting import AgentSetting

WEIGHTS = Weights(popularity=0.5, doubt=0.3, variety=1.0)
DQN = DqnConfig(steps=256, evaluate_every=128, evaluation_seeds=1, learning_starts=1, batch_size=32)


def trained(setting: AgentSetting, folder: Path, dqn: DqnConfig = DQN) -> tuple[list[str], list[float]]:
    told: list[str] = []
    found = train_all(
        setting,
        dqn,
        WEIGHTS,
        agent="dqn",
        seeds=2,
        alternatives=("dqn, plain head",),
        alternative_steps=128,
        seed=4,
        folder=folder,
        progress=told.append,
    )
    assert [(t.name, t.seed) for t in found] == [("dqn", 4), ("dqn", 5), ("dqn, plain head", 4)]
    arrays = [t.result.policy.arrays["value.weight"].sum() for t in found]
    return told, [float(x) for x in (*arrays, *(t.result.best_return for t in found))]


def test_what_was_finished_is_not_trained_again(setting: AgentSetting, tmp_path: Path) -> None:
    said, first = trained(setting, tmp_path)
    assert any("training 3 of 3 (dqn, plain head, seed 4): dqn: step 128" in line for line in said)
    said, second = trained(setting, tmp_path)
    assert [line.rsplit(": ", 1)[1] for line in said] == ["was trained before this report was interrupted"] * 3
    np.testing.assert_array_equal(first, second)


def test_trainings_of_other_settings_are_done_anew(setting: AgentSetting, tmp_path: Path) -> None:
    trained(setting, tmp_path)
    said, _ = trained(setting, tmp_path, DQN.model_copy(update={"learning_rate": 1e-3}))
    assert not any("was trained before" in line for line in said)


def test_trainings_with_other_vectors_of_movies_are_done_anew(setting: AgentSetting, tmp_path: Path) -> None:
    trained(setting, tmp_path)
    vectors = np.random.default_rng(0).normal(size=(len(setting.world), 2)).astype(np.float32)
    said, _ = trained(replace(setting, world=replace(setting.world, sequence=vectors)), tmp_path)
    assert not any("was trained before" in line for line in said)


def test_alternatives_differ_from_the_agent_in_what_they_are_named_for() -> None:
    for name, changes in ALTERNATIVES.items():
        other = alternative(DQN, name, most_steps=500).model_dump()
        assert {key for key, value in DQN.model_dump().items() if other[key] != value} == set(changes)


def test_parts_are_timed_in_their_order() -> None:
    stages = Stages()
    assert stages.run("one", lambda: 1) + stages.run("two", lambda: 2) == 3
    assert [name for name, _, _ in stages.spent] == ["one", "two"]
    assert all(cpu >= 0 and wall >= 0 for _, cpu, wall in stages.spent)
