"""A tuner from nothing: what it sees, how it moves, what it is paid for, and many trainings of it at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.learned.policy import LearnedTuner, PolicyError
from recsys_assets.tuner.learned.scratch import train_all, trained_in
from recsys_assets.tuner.learned.stage_view import RECIPE, STEPS, StageView
from recsys_assets.tuner.learned.training import TunerConfig
from recsys_assets.tuner.learned.views import GlobalView
from recsys_assets.tuner.simulator.families import FAMILIAR
from recsys_assets.tuner.simulator.running import RunningPipelines, scenario

TINY = TunerConfig(steps=900, envs=10, batch_size=295, epochs=1, look_every=1, validation=10)


def started(view: StageView | GlobalView, wanted: Allocation) -> RunningPipelines:
    running = RunningPipelines(scenario(FAMILIAR, len(wanted), seed=2), seed=0)
    view.begin(len(wanted))
    view.see(running.step(wanted)[0])
    return running


def test_without_the_stages_nothing_of_what_they_do_is_seen() -> None:
    drawn, seen = scenario(FAMILIAR, 30, seed=2), []
    for observes in ("stages", "whole"):
        view = StageView(observes=observes)
        view.begin(30)
        seen.append(view.see(RunningPipelines(drawn, seed=0).readings))
    busy = RunningPipelines(drawn, seed=0).readings.busy.astype(np.float32)

    assert any(np.array_equal(column, busy[:, 1]) for column in seen[0].T)
    assert not any(np.array_equal(column, busy[:, 1]) for column in seen[1].T)


@pytest.mark.parametrize("steps", [STEPS, RECIPE], ids=["relative", "fives"])
def test_each_stage_moves_by_the_step_chosen_for_it(steps: tuple[tuple[float, int], ...]) -> None:
    view, now = StageView(steps=steps), Allocation.bounded(np.full((1, 4), 2), np.array([2]))
    running = started(view, now)
    stay, up, down = steps.index((1, 0)), steps.index((1, 1)), steps.index((1, -1))
    wanted = view.allocation(np.array([[stay, up, down, stay, up]]), running.readings)

    assert wanted.workers.tolist() == [[2, 3, 1, 2]]
    assert wanted.prefetch.tolist() == [3]


def test_intune_is_paid_for_throughput_times_free_memory_and_ours_not_for_running_out_of_it() -> None:
    view, paid = StageView(), StageView(rewarded="intune")
    running = started(view, Allocation.least(4))
    started(paid, Allocation.least(4))
    quality, died = np.array([0.5, 0.5, 0.0, 0.9]), np.array([False, False, True, False])
    free = 1 - running.readings.memory

    np.testing.assert_allclose(paid.reward(quality, running.readings, died), quality * free)
    np.testing.assert_allclose(GlobalView().reward(quality, running.readings, died), quality * free)
    assert view.reward(quality, running.readings, died)[2] <= -1


def test_trainings_side_by_side_are_kept_and_read_again(tmp_path: Path) -> None:
    done = train_all(tmp_path, {"stages": 1, "intune": 1}, config=TINY)
    again = trained_in(tmp_path)
    drawn = scenario(FAMILIAR, 6, seed=2)

    assert [t for t, _ in again] == done
    assert [t.recipe for t in done] == ["stages", "intune"]
    for training, tuner in again:
        assert training.quality == max(look.quality for look in training.looks)
        assert tuner.name == training.name
        assert 0 < play(tuner, drawn, seed=0).per_pipeline.mean() < 1


def test_in_processes_of_their_own_they_learn_the_same(tmp_path: Path) -> None:
    here = train_all(tmp_path / "one", {"whole": 2}, config=TINY)
    aside = train_all(tmp_path / "two", {"whole": 2}, config=TINY, jobs=2)

    assert [t.looks for t in here] == [t.looks for t in aside]


def test_the_clock_stops_a_training_and_its_best_weights_are_kept(tmp_path: Path) -> None:
    endless = TINY.model_copy(update={"steps": 10**9})
    (done,) = train_all(tmp_path, {"whole": 1}, config=endless, minutes=0.001)

    assert done.looks[-1].steps < 10**6
    assert len(trained_in(tmp_path)) == 1


def test_a_policy_of_one_view_is_not_taken_for_another_s(tmp_path: Path) -> None:
    train_all(tmp_path, {"whole": 1}, config=TINY)

    with pytest.raises(PolicyError):
        LearnedTuner.load(tmp_path / "whole-1.npz", StageView())
