"""The leaderboard as markdown that needs no other file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recsys_assets.evaluation.canvas import markdown_image
from recsys_assets.evaluation.plots import history_figure, quality_figure
from recsys_assets.evaluation.report import Report
from recsys_assets.evaluation.report_sections import OVERVIEW, SECTIONS, Section
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.evaluation.tradeoff import tradeoff_figure


def to_markdown(report: Report) -> str:
    """Tables with their protocols, then the plots."""
    parts = [
        f"# Leaderboard: {escaped(report.dataset)}",
        f"**{escaped(report.verdict())}**",
        f"Built {report.built_at:%Y-%m-%d %H:%M} UTC from {escaped(report.data)}.",
        *(part for section in (OVERVIEW, *SECTIONS) for part in _section(report, section)),
        "## Plots",
        figures_markdown(report.evaluations, best=report.best),
    ]
    return "\n\n".join(parts) + "\n"


def figures_markdown(evaluations: Sequence[Evaluation], *, best: str = "") -> str:
    """The leaderboard's plots as markdown images."""
    shown = {
        "NDCG@10 of each model with 95 % intervals": quality_figure(evaluations, best=best),
        "NDCG@10 against coverage": tradeoff_figure(evaluations),
        "NDCG@10 against milliseconds per user": tradeoff_figure(evaluations, against="speed"),
        "NDCG@10 against seconds to fit": tradeoff_figure(evaluations, against="fit"),
        "NDCG@10 by length of history": history_figure(evaluations),
    }
    return "\n\n".join(markdown_image(figure, alt=alt) for alt, figure in shown.items())


def escaped(text: str) -> str:
    """Text that no markdown reader takes for markup, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|#~&])", r"\\\1", " ".join(text.split()))


def _section(report: Report, section: Section) -> Iterator[str]:
    measures, rows = report.measured(section), report.cells(section)
    if not rows:
        return
    yield f"## {section.title}"
    lines = [["model", *(m.label for m in measures)], ["---", *("---:" for _ in measures)]]
    lines += [
        [escaped(model), *(f"**{cell.text}**" if cell.best else cell.text for cell in cells)] for model, cells in rows
    ]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines)
    yield " ".join(filter(None, (section.protocol, report.population(section), f"Data: {escaped(report.data)}.")))
