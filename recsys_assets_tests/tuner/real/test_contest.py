"""Tuners live in turns: kept as they go, gone on with, paired by repeat, and those that others disturbed left out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_assets.loading.streaming.engine import Knobs
from recsys_assets.tuner.allocation import Allocation
from recsys_assets.tuner.controllers.rules import OneEach
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.figures import contest_figure
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.learned.stage_view import StageView
from recsys_assets.tuner.live import Decision
from recsys_assets.tuner.real.affinity import resizable
from recsys_assets.tuner.real.contest import Contest, LiveRun, turns
from recsys_assets.tuner.real.entrants import KNOWN, REFERENCE, SHORT, Known, entrants
from recsys_assets.tuner.real.grid import Grid
from recsys_assets.tuner.real.kept import ContestError, append, kept_runs
from recsys_assets.tuner.real.standing import standings
from recsys_assets.tuner.real.tabular import replay_all, rows
from recsys_assets.tuner.real.workload import LOCAL_DISK, Workload
from recsys_assets.tuner.written import live_markdown
from recsys_assets_tests.tuner.test_controllers import WAITS

QUICK = Contest((1, 1), (100.0, 50.0), interval=0.1, decisions=4, resized=2, others=99.0)


def run(tuner: str, made: list[float], *, repeat: int = 0, foreign: float = 0.0) -> LiveRun:
    knobs = Knobs.lean((1, 1, 1, 1), 1)
    decisions = tuple(Decision(0.0, "fetch", knobs, knobs, rate, 0.5, 0.1, 0.001) for rate in made)
    return LiveRun(tuner, decisions, (100.0, 50.0), 40, 4.0, 1.0, foreign, 2.0, repeat, resized=2, interval=0.1)


def test_a_contest_that_was_cut_short_goes_on_and_turns_its_order_round(small: Workload, tmp_path: Path) -> None:
    path, tuners = tmp_path / "runs.jsonl", {"one worker a stage": OneEach, "even split": SHORT["even"]}
    first = QUICK.hold(small, LOCAL_DISK, tuners, path, repeats=1)
    both = QUICK.hold(small, LOCAL_DISK, tuners, path, repeats=2)
    nothing = QUICK.hold(small, LOCAL_DISK, tuners, path, repeats=3, seconds=0)

    assert [(r.repeat, r.tuner) for r in both] == [
        (0, "one worker a stage"),
        (0, "even split"),
        (1, "even split"),
        (1, "one worker a stage"),
    ]
    assert [r.quality.tolist() for r in both[:2]] == [r.quality.tolist() for r in first]
    assert len(nothing) == 4
    assert all(len(r.decisions) == 4 and r.batches > 0 for r in both)


def test_everybody_has_every_place_in_turn() -> None:
    orders = [turns("abcd", repeat) for repeat in range(8)]

    assert orders[:3] == [["a", "b", "c", "d"], ["d", "c", "b", "a"], ["c", "d", "a", "b"]]
    for name in "abcd":
        assert sum(order.index(name) for order in orders) == 12  # 1.5 on average


def test_what_is_kept_is_what_was_run(tmp_path: Path) -> None:
    path, made = tmp_path / "runs.jsonl", run("a", [10.0, 20.0, 30.0, 40.0], repeat=3, foreign=0.125)
    append(made, path)
    append(made, path)
    (back, _) = kept_runs(path)

    assert replace(back, decisions=()) == replace(made, decisions=())
    assert back.decisions[1].after == made.decisions[1].after
    assert np.isnan(back.decisions[0].expected)
    assert "NaN" not in path.read_text()
    path.write_text(path.read_text() + "{}\n")
    with pytest.raises(ContestError, match="line 3 is no run"):
        kept_runs(path)


def test_runs_made_in_another_way_are_not_mixed(small: Workload, tmp_path: Path) -> None:
    append(run("one worker a stage", [1.0, 2.0]), tmp_path / "runs.jsonl")
    with pytest.raises(ContestError, match="runs of 2 decisions"):
        QUICK.hold(small, LOCAL_DISK, {"one worker a stage": OneEach}, tmp_path / "runs.jsonl")


def test_q_is_held_against_the_machine_as_it_was() -> None:
    made = run("a", [50.0, 100.0, 50.0, 25.0])

    assert made.quality.tolist() == [0.5, 1.0, 1.0, 0.5]
    assert (made.before_resize, made.after_resize, made.mean) == (0.75, 0.75, 0.75)
    assert (made.throughput, made.stall, made.cpu_ms) == (10.0, 0.25, 50.0)


def test_differences_are_paired_by_repeat_and_disturbed_runs_count_for_nothing() -> None:
    hard, easy = [40.0] * 4, [80.0] * 4
    better = [[rate + 10 for rate in level] for level in (hard, easy, hard)]
    runs = [run(REFERENCE, level, repeat=i) for i, level in enumerate((hard, easy, hard))]
    runs += [run("a", level, repeat=i) for i, level in enumerate(better)]
    runs.append(run("a", [0.0] * 4, repeat=3, foreign=1.0))
    first, second = standings(runs, others=0.25)

    assert (first.tuner, first.runs, first.left_out, first.pairs) == ("a", 3, 1, 3)
    assert first.low == pytest.approx(first.high) == pytest.approx(first.difference) == pytest.approx(0.15)
    assert (second.tuner, second.difference) == (REFERENCE, 0)
    assert np.isnan(first.times_untuned)
    assert live_markdown([first, second]).count("\n") == 3
    assert contest_figure(runs).axes


def test_a_machine_that_is_slower_today_is_not_held_against_a_grid_of_yesterday() -> None:
    slow = [10.0, 10.0, 80.0, 80.0, 40.0, 40.0, 40.0]
    known = replace(run(KNOWN, slow), resized=4)
    runs = [known, replace(known, tuner="a"), replace(known, repeat=1, tuner="a")]
    of = {place.tuner: place for place in standings(runs, others=0.25)}

    assert of[KNOWN].q == pytest.approx((2 * 10 / 80 + 2 + 3) / 7)
    assert of[KNOWN].q_of_grid == pytest.approx((2 * 0.1 + 2 * 0.8 + 3 * 0.8) / 7)
    assert of["a"].q == pytest.approx((of[KNOWN].q + of[KNOWN].q_of_grid) / 2)  # nobody knew in the second repeat
    assert np.isnan(of["a"].difference)


def test_who_knows_the_best_takes_it_for_the_cores_there_are(planted: Grid) -> None:
    best = {2: Allocation(np.array([[9, 1, 2, 1]]), np.array([4])), 1: Allocation.least(1)}

    assert Known(best).decide(WAITS).workers.tolist() == [[9, 1, 2, 1]]
    made = entrants(["known", "one"], grids=[planted], policy=Path("nowhere"))
    assert list(made) == [KNOWN, "one worker a stage"]
    assert isinstance(made[KNOWN](), Shielded)
    asked = made[KNOWN]().inner.decide(WAITS)  # type: ignore[attr-defined]
    assert asked.workers.tolist() == planted.allocation.workers[[planted.best]].tolist()


def test_everybody_is_asked_for_by_a_short_name_and_shown_by_another(planted: Grid) -> None:
    everybody = entrants([], grids=[planted], policy=Path("nowhere"))

    assert len(everybody) == len(SHORT) + 1
    assert all(make().name == name for name, make in everybody.items())
    with pytest.raises(ValueError, match="no tuner 'wizard'; there are one, even"):
        entrants(["wizard"], grids=[planted], policy=Path("nowhere"))


def test_who_learned_from_nothing_on_simulated_pipelines_takes_part_as_it_is(planted: Grid, tmp_path: Path) -> None:
    view = StageView()
    choices = [int(n) for n in view.actions.nvec]
    head = np.zeros((sum(choices), view.observations.shape[0]), np.float32)
    (tmp_path / "scratch").mkdir()
    LearnedTuner(((head, np.zeros(len(head), np.float32)),), view).save(tmp_path / "scratch" / "stages-1.npz")

    made = entrants(["ppo"], grids=[planted], policy=tmp_path / "policy.npz")

    assert list(made) == ["PPO from scratch"]
    assert isinstance(made["PPO from scratch"](), Shielded)
    with pytest.raises(ValueError, match="intune"):
        entrants(["intune"], grids=[planted], policy=tmp_path / "policy.npz")


def test_it_is_tuned_on_live_and_every_update_is_in_the_log(planted: Grid, small: Workload, tmp_path: Path) -> None:
    view = StageView()
    head = np.zeros((view.actions.nvec.sum(), view.observations.shape[0]), np.float32)  # type: ignore[attr-defined]
    (tmp_path / "scratch").mkdir()
    LearnedTuner(((head, np.zeros(len(head), np.float32)),), view).save(tmp_path / "scratch" / "stages-1.npz")
    made = entrants(["ppo-online"], grids=[planted], policy=tmp_path / "policy.npz")
    [run] = QUICK.hold(small, LOCAL_DISK, made, tmp_path / "runs.jsonl")

    assert run.tuner == "PPO from scratch, tuned online"
    assert "imagined decisions" in " ".join(d.learned for d in run.decisions)
    assert kept_runs(tmp_path / "runs.jsonl")[0].decisions[-1].learned == run.decisions[-1].learned


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity here")
def test_a_machine_that_shrank_is_itself_again_afterwards() -> None:
    allowed = os.sched_getaffinity(0)
    with resizable(1) as use_cores:
        use_cores(1)
        assert len(os.sched_getaffinity(0)) == 1

    assert os.sched_getaffinity(0) == allowed
    with pytest.raises(ValueError, match="999 cores were asked for"), resizable(999):
        pass


def test_a_replay_tells_tuners_apart_and_pairs_them_by_seed(planted: Grid) -> None:
    makers = entrants(["known", "one", "ds2"], grids=[planted], policy=Path("nowhere"))
    found = replay_all(makers, [planted], seeds=3, decisions=12, resized=6)
    first, second, last = rows(found)

    assert [first["tuner"], second["tuner"], last["tuner"]] == [KNOWN, REFERENCE, "one worker a stage"]
    assert last["q"] == pytest.approx(0.1)
    assert second["difference"] == 0
    assert float(last["high"]) < -0.5
    assert first["before_resize"] == pytest.approx((0.1 + 5) / 6, rel=0.02)
