"""Where the learned tuner is off what it knows, or its promises fail, feedback control decides, and the log says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.learned.actions import CHOICES, FOLLOW
from recsys_assets.tuner.learned.guarded import PATIENCE, Guarded
from recsys_assets.tuner.learned.observation import WIDTH
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.simulator.families import FAMILIAR
from recsys_assets.tuner.simulator.running import RunningPipelines, scenario


def follower(seen: tuple[float, float]) -> LearnedTuner:
    """Follows the model, and has seen figures between these two alone."""
    bias = np.zeros(sum(CHOICES), dtype=np.float32)
    bias[np.cumsum([0, *CHOICES[:-1]]) + FOLLOW] = 1
    low, high = (np.full(WIDTH, bound, dtype=np.float32) for bound in seen)
    return LearnedTuner(((np.zeros((sum(CHOICES), WIDTH), dtype=np.float32), bias),), seen=(low, high))


def test_on_pipelines_like_those_known_it_is_the_learned_tuner_that_decides() -> None:
    drawn = scenario(FAMILIAR, 16, seed=5)
    tuner = Guarded(follower((-10, 10)))

    np.testing.assert_array_equal(play(tuner, drawn, seed=0).quality, play(tuner.learned, drawn, seed=0).quality)
    assert play(tuner, drawn, seed=0).per_pipeline.mean() == pytest.approx(
        play(Shielded(ModelBased()), drawn, seed=0).per_pipeline.mean(), abs=0.02
    )


def test_off_what_it_knows_feedback_control_decides() -> None:
    drawn = scenario(FAMILIAR, 16, seed=5)
    tuner = Guarded(follower((8, 9)))
    rival = Shielded(ProportionalControl())

    np.testing.assert_array_equal(play(tuner, drawn, seed=0).quality, play(rival, drawn, seed=0).quality)
    assert tuner.explain()[0] == ProportionalControl.name


def test_a_promise_that_fails_for_long_hands_over_to_feedback_control() -> None:
    running, tuner = RunningPipelines(scenario(FAMILIAR, 4, seed=5), seed=0), Guarded(follower((-10, 10)))
    tuner.begin(4)
    wanted, fell = running.allocation, []
    for step in range(4 + PATIENCE):
        readings, _, _ = running.step(wanted)
        if step >= 3:  # the machine has become ten times as slow, and nothing the model knows says why
            tuner.promised = np.full(4, 10 * readings.throughput.max())
            readings = replace(readings, down=np.zeros(4, dtype=np.bool_))
        wanted = tuner.decide(readings)
        fell.append(bool(tuner.fell_back.any()))

    assert not any(fell[: 2 + PATIENCE])
    assert tuner.fell_back.all()
