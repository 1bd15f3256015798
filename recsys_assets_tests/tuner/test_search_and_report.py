"""Searches keep the best they measured and begin anew with the machine; the report pairs tuners by pipeline."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.tuner.controllers.feedback import ProportionalControl
from recsys_assets.tuner.controllers.model_based import ModelBased
from recsys_assets.tuner.controllers.search import BUDGET, GridSearch, OptunaSearch, RandomSearch, Search
from recsys_assets.tuner.controllers.shield import Shielded
from recsys_assets.tuner.evaluation.report import hold, steps_figure, to_markdown
from recsys_assets.tuner.evaluation.rivals import RIVAL, rivals
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
