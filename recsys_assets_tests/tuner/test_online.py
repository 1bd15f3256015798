"""A policy tuned to the pipeline it runs: what it imagines, what it learns of that, and what keeps it from harm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.learned.dyna import OnlineConfig, Update
from recsys_assets.tuner.learned.guarded import PATIENCE, tuned_online
from recsys_assets.tuner.learned.imagined import Now
from recsys_assets.tuner.learned.leashed import Batch, Layers, Leash, divergence, gradients, improved, log_chances
from recsys_assets.tuner.learned.online import OnlineTuner
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.learned.stage_view import STEPS, StageView
from recsys_assets.tuner.learned.views import GlobalView
from recsys_assets.tuner.simulator.families import FAMILIAR
from recsys_assets.tuner.simulator.running import RunningPipelines, scenario

CHOICES, STAY, FOURFOLD = len(STEPS), STEPS.index((1, 0)), STEPS.index((4, 0))
SMALL = OnlineConfig(worth=0.0, draws=12, copies=8, held_out=16, horizon=6, rounds=2)
HASTY = replace(SMALL, leash=Leash(learning_rate=0.05, length=20.0))


def prone_to(choice: int, *, by: float = 1.0) -> LearnedTuner:
    """Takes one choice for everything, whatever it sees; others have a chance."""
    view = StageView()
    bias = np.zeros((5, CHOICES), dtype=np.float32)
    bias[:, choice] = by
    return LearnedTuner(((np.zeros((bias.size, view.observations.shape[0]), np.float32), bias.reshape(-1)),), view)


def updates(tuner: OnlineTuner) -> list[Update]:
    return [replace(update, cpu_seconds=0.0) for learner in tuner.learners for update in learner.updates]


def some_batch(n: int = 40) -> tuple[Layers, Layers, Batch]:
    rng = np.random.default_rng(0)

    def network() -> Layers:
        shapes = ((7, 6), (5 * CHOICES, 7))
        return tuple((rng.normal(size=s).astype(np.float32), rng.normal(size=s[0]).astype(np.float32)) for s in shapes)

    start, now = network(), network()
    actions = rng.integers(0, CHOICES, (n, 5))
    seen = rng.normal(size=(n, 6)).astype(np.float32)
    old = np.take_along_axis(log_chances(now, seen, CHOICES), actions[:, :, None], axis=2).sum(axis=(1, 2))
    return now, start, Batch(seen, actions, old + rng.normal(0, 0.3, n), rng.normal(size=n))


def loss(layers: Layers, start: Layers, batch: Batch, leash: Leash) -> float:
    """As the module's docstring has it."""
    log, before = log_chances(layers, batch.seen, CHOICES), log_chances(start, batch.seen, CHOICES)
    ratio = np.exp(np.take_along_axis(log, batch.actions[:, :, None], axis=2).sum(axis=(1, 2)) - batch.old)
    clipped = np.clip(ratio, 1 - leash.clip, 1 + leash.clip)
    gain = np.minimum(ratio * batch.advantages, clipped * batch.advantages).mean()
    return float(-gain + leash.pull * (np.exp(log) * (log - before)).sum(axis=(1, 2)).mean())


def test_the_gradient_is_that_of_the_loss() -> None:
    now, start, batch = some_batch()
    exact: Layers = tuple((w.astype(np.float64), b.astype(np.float64)) for w, b in now)  # type: ignore[misc]
    leash = Leash(pull=0.3)
    found = gradients(exact, batch, log_chances(start, batch.seen, CHOICES), leash)
    weights = [a for layer in exact for a in layer]

    for weight, gradient in zip(weights, found, strict=True):
        for place in ((0,) * weight.ndim, tuple(n - 1 for n in weight.shape)):
            around = []
            for by in (-1e-5, 1e-5):
                weight[place] += by
                around.append(loss(exact, start, batch, leash))
                weight[place] -= by
            assert gradient[place] == pytest.approx((around[1] - around[0]) / 2e-5, rel=1e-3, abs=1e-7)


def test_the_leash_holds_however_fast_it_learns() -> None:
    now, _, batch = some_batch()
    rng = np.random.default_rng(1)
    wild = improved(now, now, batch, CHOICES, Leash(learning_rate=1.0, pull=0, length=1e9), rng)
    leashed = improved(now, now, batch, CHOICES, Leash(learning_rate=1.0, pull=0, length=0.3), rng)

    assert divergence(wild, now, batch.seen, CHOICES) > 3
    assert 0 < divergence(leashed, now, batch.seen, CHOICES) <= 0.3


def test_a_policy_that_never_moves_learns_to_within_a_few_intervals() -> None:
    drawn = scenario(FAMILIAR, 3, seed=5)
    zero_shot = play(prone_to(STAY), drawn, seed=0, steps=12)
    tuner = OnlineTuner(prone_to(STAY), HASTY)
    tuned = play(tuner, drawn, seed=0, steps=12)

    assert zero_shot.per_pipeline.max() < 0.2
    assert (tuned.per_pipeline > 3 * zero_shot.per_pipeline).all()
    assert any(update.taken for update in updates(tuner))


def test_an_update_that_makes_it_worse_is_not_taken() -> None:
    """It learns the opposite of what its trials say."""
    tuner = OnlineTuner(prone_to(FOURFOLD), replace(HASTY, leash=Leash(learning_rate=-0.05, length=20.0)))
    drawn = scenario(FAMILIAR, 2, seed=5)
    same = play(tuner, drawn, seed=0, steps=6).quality

    tried = [update for update in updates(tuner) if update.after < update.before]
    assert tried
    assert not any(update.taken for update in tried)
    np.testing.assert_array_equal(same, play(prone_to(FOURFOLD), drawn, seed=0, steps=6).quality)


def test_nothing_is_tried_where_it_is_good_enough() -> None:
    tuner = OnlineTuner(prone_to(FOURFOLD), replace(SMALL, good_enough=0.0))
    play(tuner, scenario(FAMILIAR, 2, seed=5), seed=0, steps=6)

    assert all(u.imagined == SMALL.held_out * SMALL.horizon and not u.taken for u in updates(tuner))


def test_the_same_seed_learns_the_same_in_a_thread_aside_too() -> None:
    drawn = scenario(FAMILIAR, 2, seed=6)
    tuners = [OnlineTuner(prone_to(STAY), HASTY, aside=aside) for aside in (False, False, True)]
    tuners.append(OnlineTuner(prone_to(STAY), replace(HASTY, seed=1)))
    runs = [play(tuner, drawn, seed=0, steps=7).quality for tuner in tuners]

    assert updates(tuners[0]) == updates(tuners[1]) == updates(tuners[2]) != updates(tuners[3])
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def test_updates_that_gain_nothing_grow_rare_until_the_cores_change() -> None:
    drawn = replace(scenario(FAMILIAR, 1, seed=5), resized=np.array([10]))
    tuner = OnlineTuner(prone_to(STAY), replace(SMALL, good_enough=0.0))
    tuner.begin(1)
    running, updated = RunningPipelines(drawn, seed=0), []
    for _ in range(19):
        readings, _, _ = running.step(running.allocation)
        tuner.decide(readings)
        updated.append(bool(tuner.pending))

    assert [i for i, begun in enumerate(updated, start=1) if begun] == [1, 3, 7, 11, 13, 17]


def test_memory_is_shielded_whatever_it_learns() -> None:
    drawn = scenario(FAMILIAR, 6, seed=8)
    tuner = OnlineTuner(prone_to(FOURFOLD), replace(HASTY, rounds=1))
    running = RunningPipelines(drawn, seed=0)
    most = Allocation(np.full((6, 4), 128), np.full(6, 32))

    assert (running.now.memory(most) > 1).all()
    assert not play(tuner, drawn, seed=0, steps=10).deaths.any()


def test_what_is_imagined_comes_to_be_what_runs() -> None:
    drawn = replace(scenario(FAMILIAR, 4, seed=9), noise=np.full(4, 0.01))
    running, view, model = RunningPipelines(drawn, seed=0), StageView(), ModelBased()
    view.begin(4)
    model.begin(4)
    off = []
    for _ in range(20):
        readings, _, _ = running.step(model.propose(running.readings) if model.promised.any() else running.allocation)
        seen = view.see(readings)
        model.decide(readings)
        now = Now.of(model, view, readings, seen, row=2)
        draws = now.draw(200, np.random.default_rng(0))
        here = readings.allocation.take(np.full(200, 2))
        truth = running.now.take(np.array([2]))
        off.append(abs(np.log(draws.stage_rates(here.workers).mean(axis=0) / truth.stage_rates(here.workers)[0])).max())

    assert off[-1] < 0.03
    assert (draws.memory(here) <= 1).all()
    assert len(now.readings) == 1
    assert (draws.cores == readings.cores[2]).all()
    branch = now.branch(now.scenario(3, np.random.default_rng(0), copies=2), seed=0)
    assert len(branch.seen) == 6
    np.testing.assert_array_equal(branch.running.best[::2], branch.running.best[1::2])
    np.testing.assert_array_equal(branch.running.allocation.workers, np.repeat(readings.allocation.workers[2:3], 6, 0))


def test_what_was_imagined_is_a_promise_and_where_it_fails_feedback_control_decides() -> None:
    running = RunningPipelines(scenario(FAMILIAR, 1, seed=5), seed=0)
    tuner = tuned_online(prone_to(STAY))
    tuner.begin(1)
    wanted, said = running.allocation, []
    for step in range(4 + PATIENCE):
        readings, _, _ = running.step(wanted)
        if step >= 4:
            readings = replace(readings, throughput=readings.throughput / 10)
            tuner.promised = np.array([10 * readings.throughput[0]])
        wanted = tuner.decide(readings)
        said.append(tuner.learned_lately())

    assert tuner.explain()[0] == ProportionalControl.name
    assert said[0] == ""
    assert "imagined decisions, q " in said[1]


def test_only_who_sees_stages_is_tuned_online() -> None:
    with pytest.raises(ValueError, match="can't be tuned online"):
        OnlineTuner(LearnedTuner((), GlobalView()))
