"""The whole report in a small world: agents of two seeds, judged everywhere, written as markdown and as a page."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.evaluation.figures import spaced
from recsys_assets.agents.evaluation.judging import report_agents
from recsys_assets.agents.evaluation.report import AGENT, AgentReport, OtherData, ReportConfig, headline
from recsys_assets.agents.evaluation.rivals import HEURISTIC, RIVAL
from recsys_assets.agents.evaluation.tables import tables
from recsys_assets.agents.evaluation.trainings import ALTERNATIVES
from recsys_assets.agents.evaluation.written import sentences, to_html, to_markdown
from recsys_assets.agents.offpolicy.estimators import LEAST
from recsys_assets.agents.policies.tuned import TuningConfig
from recsys_assets.agents.setting import AgentSetting
from recsys_assets_tests.agents.conftest import small_world


@pytest.fixture(scope="module")
def report(setting: AgentSetting) -> AgentReport:
    dqn = DqnConfig(steps=400, evaluate_every=200, tuning=TuningConfig(rounds=1, draws=4, seeds=1))
    config = ReportConfig(seeds=2, sessions_a_seed=1, recommenders=("ease",))
    return report_agents(setting, dqn, config, seed=3, other=OtherData("other", *small_world(seed=11)))


def test_the_agent_is_judged_by_everyone_it_should_be(report: AgentReport) -> None:
    for comparison in (report.held_out, report.other_mechanism, report.training_users, report.other_people):
        assert comparison is not None
        assert comparison.reference == RIVAL
        assert len(comparison[AGENT].by_seed) == 2
        assert comparison[RIVAL].difference.mean == 0
    assert {n.name for n in report.next_movies} == {r.name for r in report.other_mechanism.results}
    assert "boredom and leaving as rating logs have them" in {s.changed for s in report.sensitivity}


def test_the_words_and_the_headline_hold_the_same_figures(report: AgentReport) -> None:
    markdown, found = to_markdown(report, dataset="small"), headline(report)
    assert report.verdict.sentence in markdown
    assert found["difference"] == pytest.approx(found["agent_return"] - found["rival_return"], abs=1e-4)
    assert found["difference_low"] <= found["difference"] <= found["difference_high"]
    hits = next(n for n in report.next_movies if n.name == AGENT).hit_rate.mean
    assert found[f"next_hit_rate_{AGENT}"] == hits
    assert f"| {AGENT} | {hits:.4f} |" in markdown
    assert "Among people of another data set" in markdown


def test_the_sentence_says_both_bars(report: AgentReport) -> None:
    """The rival that counts, and the heuristic of one weight, whose difference is that of the two figures."""
    said, of_heuristic = sentences(report)[0], report.verdict_of_heuristic
    assert said.startswith(report.verdict.sentence)
    assert of_heuristic.figures in said
    assert (report.verdict.rival, of_heuristic.rival) == (RIVAL, HEURISTIC)
    agent, heuristic = report.held_out[AGENT].mean.mean, report.held_out[HEURISTIC].mean.mean
    assert of_heuristic.difference == pytest.approx(agent - heuristic, abs=1e-4)
    assert f"| {HEURISTIC} |" in to_markdown(report, dataset="small")
    asked = [c.asked for c in report.criteria if "more than" in c.asked]
    assert [RIVAL in asked[0], HEURISTIC in asked[1]] == [True, True]


def test_how_long_agents_were_trained_is_said_beside_the_default(report: AgentReport) -> None:
    (said,) = [s for s in sentences(report) if s.startswith("Trained were")]
    assert "2 agents, a seed each, for 512 steps" in said  # 400, rounded up to steps of all sessions
    assert f"while {DqnConfig().steps:,} are the default of `dqn_agent`" in said


def test_all_demands_are_answered_with_what_was_found(report: AgentReport) -> None:
    found = {c.asked.split(",")[0]: c for c in report.criteria}
    assert len(report.criteria) == 8
    q = found["no Q-value above what a session can return"]
    assert q.met == all(look.max_q <= t.result.bound for t in report.trainings for look in t.result.looks)
    assert found["personalization of 0.5 or more"].found == f"{report.held_out[AGENT].personalization:.2f}"
    markdown = to_markdown(report, dataset="small")
    assert "| met |" in markdown
    for criterion in report.criteria:
        assert f"| {criterion.asked} | {criterion.found} | {'yes' if criterion.met else 'no'} |" in markdown


def test_alternatives_and_values_by_logs_are_rows_and_each_part_is_timed(report: AgentReport) -> None:
    assert [t.name for t in report.trainings] == [AGENT, AGENT, *ALTERNATIVES]
    assert set(ALTERNATIVES) <= {r.name for r in report.held_out.results}
    (by_log,) = report.by_logs  # nobody gave feedback
    assert {v.policy for v in by_log.values} == {r.name for r in report.other_mechanism.results}
    for value in by_log.values:
        assert (value.snips is None or value.snips.value is None) == (value.ess < LEAST)
    assert {"held-out people", "off-policy", "people of another data set"} <= {name for name, _, _ in report.spent}


def test_a_bar_in_a_heading_makes_no_column(report: AgentReport) -> None:
    lines = to_markdown(report, dataset="small").splitlines()
    (place,) = [n for n, line in enumerate(lines) if "largest" in line and line.startswith("| agent")]
    assert lines[place].replace(r"\|", "").count("|") == lines[place + 1].count("|") == lines[place + 2].count("|")


def test_names_beside_a_plot_keep_their_distance() -> None:
    placed = spaced([10.0, 9.99, 9.98, 5.0, 0.0])
    assert placed[0] == 10.0
    assert placed[3] == 5.0
    assert all(above - below >= 0.55 - 1e-9 for above, below in pairwise(placed))


def test_every_row_has_a_cell_in_every_column(report: AgentReport) -> None:
    for table in tables(report):
        assert table.rows, table.title
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_the_page_needs_no_other_file_and_pictures_are_named(report: AgentReport) -> None:
    pictures = report.figures()
    html = to_html(report, dataset="<small>", images=dict.fromkeys(pictures, "data:image/png;base64,AAAA"))
    assert "&lt;small&gt;" in html
    assert "<link" not in html
    assert 'src="http' not in html
    for title in pictures:
        assert f'alt="{title}"' in html
    assert {"return of held-out users", "who stays", "how much of the catalogue"} <= set(pictures)
    assert np.isfinite(list(headline(report).values())).all()
