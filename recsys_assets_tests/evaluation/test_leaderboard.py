"""The leaderboard: order, what may be compared, and the three files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.leaderboard import (
    Report,
    best_model,
    build_leaderboard,
    terminal_table,
    to_html,
    to_json,
    to_markdown,
    write_report,
)
from recsys_assets.evaluation.report_sections import OVERVIEW
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.settings import Settings
from recsys_assets_tests.pictures import leave_undrawn

BUILT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NASTY = "<img src=x onerror=alert(1)>|*`&\"'"
VOID = {"meta", "img", "source", "br"}


class Page(HTMLParser):
    """Tags, whether they close in order, and the rows of tables."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:  # type: ignore[no-untyped-def]
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(scope="module")
def report(evaluations: dict[str, Evaluation]) -> Report:
    return Report.of(list(evaluations.values()), built_at=BUILT)


@pytest.fixture(scope="module")
def html(report: Report) -> str:
    return to_html(report)


@pytest.fixture(scope="module")
def markdown(report: Report) -> str:
    return to_markdown(report)


def with_validation(evaluation: Evaluation, model: str, ndcg: float, test_ndcg: float) -> Evaluation:
    """The evaluation with other means at 10."""
    changed = {"temporal_validation": ndcg, "temporal_test": test_ndcg}
    rankings = tuple(
        replace(r, at=(replace(r.at[0], ndcg=changed.get(r.protocol, r.at[0].ndcg)), *r.at[1:]))
        for r in evaluation.rankings
    )
    return replace(evaluation, model=model, rankings=rankings)


def test_models_are_ranked_by_validation_whatever_test_says(evaluations: dict[str, Evaluation]) -> None:
    base = evaluations["mean"]
    given = [
        with_validation(base, "lucky on test", 0.1, 0.9),
        with_validation(base, "best", 0.5, 0.1),
        with_validation(base, "also best", 0.5, 0.0),
        replace(base, model="never validated", rankings=()),
    ]
    board = build_leaderboard(given)
    assert board["model"].to_list() == ["also best", "best", "lucky on test", "never validated"]
    assert board["rank"].to_list() == [1, 2, 3, 4]
    assert board["temporal_test_ndcg_at_10"].to_list() == [0.0, 0.1, 0.9, None]
    assert best_model(given) == "also best"


def test_figures_measured_on_different_data_are_not_compared(evaluations: dict[str, Evaluation]) -> None:
    one, other = evaluations["mean"], evaluations["chance"]
    with pytest.raises(EvaluationError, match="different split_versions \\(mean on s1, chance on s2\\)"):
        build_leaderboard([one, replace(other, split_version="s2")])
    with pytest.raises(EvaluationError, match="different datasets"):
        build_leaderboard([one, replace(other, dataset="huge")])
    with pytest.raises(EvaluationError, match="mean, mean"):
        build_leaderboard([one, one])
    with pytest.raises(EvaluationError, match="no model has been evaluated"):
        build_leaderboard([])


def test_the_verdict_says_whether_the_lead_may_be_chance(evaluations: dict[str, Evaluation]) -> None:
    sure = Report.of([evaluations["oracle"], evaluations["chance"]]).verdict()
    assert sure.startswith("oracle leads with NDCG@10")
    assert "beyond chance" in sure
    twin = Report.of([evaluations["mean"], replace(evaluations["mean"], model="twin")]).verdict()
    assert "may be chance" in twin
    assert Report.of([evaluations["mean"]]).verdict().endswith(".")


def test_json_holds_every_model_with_all_its_figures(report: Report, evaluations: dict[str, Evaluation]) -> None:
    document = json.loads(to_json(report))
    assert [m["rank"] for m in document["models"]] == [1, 2, 3]
    assert document["best"] == document["models"][0]["model"] == "oracle"
    for model in document["models"]:
        assert model["metrics"] == evaluations[model["model"]].metrics()
        for name, (low, high) in model["intervals"].items():
            assert low <= model["metrics"][name] <= high
    assert document["dataset"] == "tiny"
    assert document["built_at"] == "2026-11-23T02:00:00+00:00"


def test_the_page_is_well_formed_and_needs_nothing_else(html: str) -> None:
    page = Page(html)
    assert "http" not in html.replace("http-equiv", "")
    for tag, attributes in page.tags:
        address = attributes.get("src") or attributes.get("srcset") or attributes.get("href")
        assert address is None or address.startswith("data:image/png;base64,"), tag
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert page.count("img") >= 4
    assert {attributes["scope"] for tag, attributes in page.tags if tag == "th"} == {"col", "row"}
    assert page.count("caption") == page.count("table") >= 6
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.tags
    assert len(html) < 400_000


def test_every_table_states_its_protocol_and_data(html: str, markdown: str) -> None:
    for text in (html, markdown):
        assert text.count("data version d1, splits s1, seed 3") >= 7
        for said in ("masked", "Leave-one-out by time", "random fifths", "60 users, 6 of them new"):
            assert said in text


def test_names_are_escaped(evaluations: dict[str, Evaluation], monkeypatch: pytest.MonkeyPatch) -> None:
    leave_undrawn(monkeypatch)
    nasty = replace(evaluations["mean"], model=NASTY, dataset=NASTY, data_version=NASTY)
    report = Report.of([nasty], built_at=BUILT)
    page = Page(to_html(report))
    assert NASTY in page.text
    assert not [a for tag, a in page.tags if tag == "img" and "onerror" in a]
    lines = to_markdown(report).splitlines()
    header, row = next((a, b) for a, b in zip(lines, lines[2:], strict=False) if a.startswith("| model"))
    assert row.replace("\\|", "").count("|") == header.count("|")
    assert "<img" not in "\n".join(lines).replace("\\<", "")


def test_models_without_a_figure_show_so_and_best_ones_are_marked(markdown: str) -> None:
    overview = markdown.split("## All models")[1].split("## ")[0]
    assert "| oracle | **1.000** |" in overview
    assert "–" in overview
    ratings = markdown.split("## Predicted ratings")[1].split("## ")[0]
    assert "| mean |" in ratings
    assert "oracle" not in ratings


def test_the_report_is_written_for_its_data_set_and_as_the_last_one(
    settings: Settings, evaluations: dict[str, Evaluation], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_undrawn(monkeypatch)
    written = write_report(settings, list(evaluations.values()), built_at=BUILT)
    assert written.best == "oracle"
    for path in (written.markdown, written.html, written.json):
        assert path.parent == settings.reports_dir / "tiny"
        assert path.read_bytes() == (settings.reports_dir / path.name).read_bytes()
    other = write_report(settings, [replace(evaluations["mean"], dataset="other")], built_at=BUILT)
    assert json.loads((settings.reports_dir / "leaderboard.json").read_text())["dataset"] == "other"
    assert json.loads(written.json.read_text())["dataset"] == "tiny"
    left = [p.name for p in settings.reports_dir.rglob("*") if p.is_file()]
    assert sorted(left) == sorted(["leaderboard.html", "leaderboard.json", "leaderboard.md"] * 3)
    assert other.html != written.html


def test_a_terminal_of_80_columns_shows_all_figures(evaluations: dict[str, Evaluation], tmp_path: Path) -> None:
    from rich.console import Console

    report = Report.of([evaluations["oracle"], replace(evaluations["mean"], model="popularity")])

    with (tmp_path / "out.txt").open("w+") as file:
        Console(file=file, width=80).print(terminal_table(json.loads(to_json(report))))
        file.seek(0)
        text = file.read()
    assert "…" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    for place, model in enumerate(report.evaluations, start=1):
        known = model.metrics()
        shown = [measure.text(known.get(measure.key)) for measure in OVERVIEW.measures]
        assert [str(place), model.model, *shown] in [line.split() for line in text.splitlines()]
