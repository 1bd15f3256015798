"""Searches keep the best they measured and begin anew with the machine; the report pairs tuners by pipeline."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.search import BUDGET, GridSearch, OptunaSearch, RandomSearch, Search
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.evaluation.known import BOUND, Known
from recsys_assets.tuner.evaluation.plays import HELD_OUT_SEED, Entrant, entrants, play_all
from recsys_assets.tuner.evaluation.report import Contest, hold, played, steps_figure, to_markdown
from recsys_assets.tuner.evaluation.rivals import RIVAL, rivals
from recsys_assets.tuner.evaluation.simulated import Run, play
from recsys_assets.tuner.learned.scratch import train_all
from recsys_assets.tuner.learned.training import TunerConfig
from recsys_assets.tuner.simulator.families import FAMILIAR
from recsys_assets.tuner.simulator.running import RunningPipelines, scenario

SEARCHES = [RandomSearch(), GridSearch(), OptunaSearch("tpe"), OptunaSearch("cmaes")]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda s: s.name)
def test_a_search_keeps_the_best_it_measured_once_its_budget_is_spent(search: Search) -> None:
    drawn = scenario(FAMILIAR, 4, seed=3)
    drawn = type(drawn)(**{**vars(drawn), "resized": np.full(4, 1000)})
    running, seen = RunningPipelines(drawn, seed=0), []
    search.begin(4)
    wanted = running.allocation
    for _ in range(BUDGET + 4):
        readings, _, _ = running.step(wanted)
        seen.append(np.where(readings.down, -np.inf, readings.throughput))
        wanted = search.decide(readings)
    kept, last = search.best, search.decide(running.step(wanted)[0])

    np.testing.assert_array_equal(wanted.workers, kept.workers)
    np.testing.assert_array_equal(last.workers, search.best.workers)
    np.testing.assert_allclose(search.value, np.max(seen, axis=0), rtol=0.2)  # the last reading may be better by noise


def test_another_machine_begins_the_search_anew() -> None:
    search, running = RandomSearch(), RunningPipelines(scenario(FAMILIAR, 8, seed=3), seed=0)
    search.begin(8)
    wanted = running.allocation
    for _ in range(45):
        readings, _, _ = running.step(wanted)
        wanted = search.decide(readings)

    np.testing.assert_array_equal(search.measured, np.minimum(BUDGET, 45 - running.scenario.resized))


def test_the_report_pairs_tuners_by_pipeline_and_the_rival_differs_from_itself_by_nothing() -> None:
    tuners = [Shielded(ModelBased()), Shielded(ModelBased())]
    (contest,) = hold(tuners, [Shielded(ProportionalControl())], families=[FAMILIAR], pipelines=24)
    rows = {row["tuner"]: row for row in contest.rows()}

    assert (rows[RIVAL]["difference"], rows[RIVAL]["low"]) == (0, 0)
    better = contest.quality("fitted model") - contest.quality(RIVAL)
    assert rows["fitted model"]["difference"] == pytest.approx(better.mean())
    assert contest.quality(RIVAL).shape == (2, 24)
    assert f"| {RIVAL} |" in to_markdown([contest])
    assert steps_figure(contest, [RIVAL, "fitted model"]).axes


def test_every_rival_has_a_name_of_its_own() -> None:
    names = [rival.name for rival in rivals()]

    assert len(set(names)) == len(names) == 11
    assert RIVAL in names


def test_who_knows_the_pipelines_is_beaten_by_nobody_and_pays_for_the_first_interval_and_for_moving() -> None:
    drawn = scenario(FAMILIAR, 24, seed=3)
    bound = play(Known(drawn), drawn, seed=0)
    model = play(Shielded(ModelBased()), drawn, seed=0)

    assert bound.quality[:, 2:20] == pytest.approx(1.0)
    assert (bound.quality[:, 0] < 1).all()
    assert (bound.quality[:, 1] < 1).all()
    assert (bound.per_pipeline >= model.per_pipeline).all()
    assert bound.died == 0


def test_plays_are_kept_and_not_played_again(tmp_path: Path) -> None:
    entered = [Entrant(RIVAL, 0), Entrant(RIVAL, 1), Entrant(BOUND, 0)]
    lines: list[str] = []
    play_all(tmp_path, entered, pipelines=6, families=[FAMILIAR], progress=lines.append)
    play_all(tmp_path, entered, pipelines=6, families=[FAMILIAR], progress=lines.append)
    (contest,) = played(tmp_path)
    drawn = scenario(FAMILIAR, 6, seed=HELD_OUT_SEED)

    assert len(lines) == 3
    for seed in (0, 1):
        again = play(Shielded(ProportionalControl()), drawn, seed=seed)
        np.testing.assert_allclose(contest.runs[RIVAL][seed].quality, again.quality, atol=1e-6)
    assert contest.runs[RIVAL][0].decision_ms > 0
    rows = {row["tuner"]: row for row in contest.rows()}
    assert (rows[RIVAL]["seeds"], rows[BOUND]["seeds"]) == (2, 1)
    paired = contest.quality(BOUND)[:1] - contest.quality(RIVAL)[:1]
    assert rows[BOUND]["difference"] == pytest.approx(paired.mean())


def test_the_report_says_what_tuning_online_was_worth() -> None:
    def run(name: str, q: float) -> Run:
        return Run(name, np.full((3, 60), q), np.zeros(3, dtype=np.int64), np.full(3, 30))

    runs = {name: (run(name, q),) for name, q in ((RIVAL, 0.7), ("PPO", 0.8), ("PPO, tuned online", 0.85))}
    contest = Contest(FAMILIAR, runs)

    assert "PPO, tuned online against PPO: +0.050 (+0.050 to +0.050)" in to_markdown([contest])
    assert "tuned online" not in to_markdown([replace(contest, runs={RIVAL: runs[RIVAL]})])


def test_all_rivals_and_all_trainings_enter(tmp_path: Path) -> None:
    config = TunerConfig(steps=1, envs=5, batch_size=59, epochs=1, look_every=1, validation=5)
    train_all(tmp_path, {"stages": 2}, config=config)
    entered = entrants(seeds=3, scratch=tmp_path)
    names = [e.name for e in entered]

    assert all(names.count(rival.name) == 3 for rival in rivals())
    assert [(e.seed, e.training) for e in entered if e.training] == [(i, (tmp_path, "stages", i + 1)) for i in (0, 1)]
    tuned = [e for e in entrants(seeds=3, scratch=tmp_path, online=True) if e.online]
    assert [(e.name, e.seed) for e in tuned] == [("PPO from scratch, tuned online", i) for i in (0, 1)]
    play_all(tmp_path / "plays", tuned[:1], pipelines=1, families=[FAMILIAR])
    assert list(played(tmp_path / "plays")[0].runs) == ["PPO from scratch, tuned online"]
