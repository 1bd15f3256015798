"""The learned tuner: starts as the model's follower, is never worse, is stored whole; its environments are clean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.learned.actions import FOLLOW, allocation_for
from recsys_assets.tuner.learned.environment import PipelineEnv
from recsys_assets.tuner.learned.intune import train_intune
from recsys_assets.tuner.learned.policy import LearnedTuner, PolicyError
from recsys_assets.tuner.learned.stage_view import StageView
from recsys_assets.tuner.learned.training import TunerConfig, train_tuner, validation_pipelines
from recsys_assets.tuner.learned.views import GlobalView, ProposalView, View
from recsys_assets.tuner.simulator.families import FAMILIAR
from recsys_assets.tuner.simulator.running import RunningPipelines, scenario

SHORT = TunerConfig(steps=900, envs=10, batch_size=295, epochs=1, look_every=1, validation=10)


@pytest.mark.parametrize(
    "view", [ProposalView(), GlobalView(), StageView(), StageView(observes="whole")], ids=lambda v: v.name
)
def test_the_environment_is_clean(view: View) -> None:
    check_env(PipelineEnv(view=view, steps=5), skip_render_check=True)


def test_an_episode_is_repeated_by_its_seed() -> None:
    env, action = PipelineEnv(steps=6), np.array(FOLLOW)
    runs = []
    for _ in range(2):
        env.reset(seed=3)
        runs.append([env.step(action)[1] for _ in range(5)])

    assert runs[0] == runs[1]


def test_training_is_repeated_and_never_worse_than_its_start() -> None:
    one, two = train_tuner(SHORT, seed=1), train_tuner(SHORT, seed=1)

    assert [look.quality for look in one.looks] == [look.quality for look in two.looks]
    best = play(one.tuner, validation_pipelines(SHORT), seed=0).per_pipeline.mean()
    assert best == max(look.quality for look in one.looks) >= one.looks[0].quality


def test_it_starts_as_the_model_s_follower() -> None:
    start = train_tuner(SHORT.model_copy(update={"steps": 1}), seed=1).looks[0]
    follower = play(Shielded(ModelBased()), validation_pipelines(SHORT), seed=0)

    assert start.quality == pytest.approx(follower.per_pipeline.mean(), abs=0.02)


def test_a_tuner_is_stored_and_read_again(tmp_path: Path) -> None:
    tuner, drawn = train_tuner(SHORT, seed=1).tuner, scenario(FAMILIAR, 8, seed=2)
    tuner.save(tmp_path / "tuner.npz")

    again = LearnedTuner.load(tmp_path / "tuner.npz")
    np.testing.assert_array_equal(play(again, drawn, seed=0).quality, play(tuner, drawn, seed=0).quality)


def test_a_tuner_of_another_version_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "tuner.npz").open("wb") as handle:
        np.savez(handle, format=np.array([1, 3, 2]))

    with pytest.raises(PolicyError, match="recsys tuner train"):
        LearnedTuner.load(tmp_path / "tuner.npz")


def test_an_action_is_a_step_from_the_proposal_or_none_at_all() -> None:
    now, proposal = (
        Allocation.bounded(np.array([[4, 4, 4, 4]]), np.array([3])),
        Allocation.bounded(np.array([[8, 8, 1, 40]]), np.array([10])),
    )

    followed = allocation_for(np.array([FOLLOW]), now, proposal)
    assert followed.workers.tolist() == proposal.workers.tolist()
    assert followed.prefetch.tolist() == proposal.prefetch.tolist()
    moved = allocation_for(np.array([[0, 2, 3, 4, 1]]), now, proposal)
    assert moved.workers.tolist() == [[4, 7, 2, 50]]
    assert moved.prefetch.tolist() == [5]


def test_intune_s_agent_changes_one_knob_at_a_time() -> None:
    view, running = GlobalView(), RunningPipelines(scenario(FAMILIAR, 21, seed=2), seed=0)
    view.begin(21)
    roomy = Allocation.bounded(np.full((21, 4), 2), np.full(21, 2))
    readings, _, _ = running.step(roomy)
    view.see(readings)
    wanted = view.allocation(np.arange(21), readings)
    changed = (wanted.workers != roomy.workers).sum(axis=1) + (wanted.prefetch != roomy.prefetch)

    assert changed[0] == 0
    assert (changed <= 1).all()
    assert len({tuple(row) for row in np.column_stack([wanted.workers, wanted.prefetch]).tolist()}) > 10


def test_intune_s_agent_is_trained_and_plays() -> None:
    tuner, drawn = train_intune(SHORT, seed=1).tuner, scenario(FAMILIAR, 8, seed=2)
    again = train_intune(SHORT, seed=1).tuner

    np.testing.assert_array_equal(play(tuner, drawn, seed=0).quality, play(again, drawn, seed=0).quality)
