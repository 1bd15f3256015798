"""PPO of several seeds is compared with what it started as, in the same sessions; what is said is what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys_assets.agents.evaluation.ppo_seeds import AGENT, PpoSeeds, ppo_seeds, write_ppo_seeds
from recsys_assets.agents.evaluation.rivals import RIVAL
from recsys_assets.agents.ppo.config import PpoConfig
from recsys_assets.agents.preferences.training import RewardConfig
from recsys_assets.agents.setting import AgentSetting
from recsys_assets_tests.recommenders.conftest import QUICK


@pytest.fixture(scope="module")
def found(setting: AgentSetting) -> PpoSeeds:
    ppo = PpoConfig.model_validate(QUICK["ppo_agent"]["ppo"] | {"steps": 160})
    reward = RewardConfig.model_validate(QUICK["ppo_agent"]["reward"])
    return ppo_seeds(setting, ppo, reward, seeds=2, sessions_a_seed=1, seed=3)


def test_an_agent_that_is_still_its_start_differs_by_nothing(found: PpoSeeds) -> None:
    for number, (training, kept) in enumerate(zip(found.trainings, found.kept, strict=True)):
        assert kept.truth == max(look.truth for look in training.looks)
        if training.best_step == 0:
            assert found.held_out[AGENT].difference_by_seed[number] == pytest.approx(0, abs=1e-6)
    assert found.held_out[RIVAL].difference.mean == 0


def test_the_report_holds_every_look_of_every_training(found: PpoSeeds, tmp_path: Path) -> None:
    text = write_ppo_seeds(found, tmp_path).read_text()
    assert all(sentence in text for sentence in found.sentences)
    assert text.count("\n| 0 | ") == len(found.trainings[0].looks)
    assert (tmp_path / "ppo.png").read_bytes().startswith(b"\x89PNG")
