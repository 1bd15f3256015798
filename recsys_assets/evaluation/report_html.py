"""The leaderboard as one page: no other file, no network, readable on a phone, by day, by night and aloud."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from importlib.resources import files

from recsys_assets.evaluation.canvas import data_uri
from recsys_assets.evaluation.report import Cell, Report
from recsys_assets.evaluation.report_figures import Picture, pictures
from recsys_assets.evaluation.report_sections import OVERVIEW, SECTIONS, Measure, Section

_POLICY = "default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'"


def to_html(report: Report) -> str:
    """The whole page. Sorting is added by its script; without one the tables are plain."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = _POLICY.format(style=_digest(style), script=_digest(script))
    body = "\n".join(
        [
            "<header>",
            f"<h1>Leaderboard <span>{escape(report.dataset)}</span></h1>",
            f'<p class="verdict">{escape(report.verdict())}</p>',
            f'<p class="built">Built <time datetime="{report.built_at.isoformat(timespec="seconds")}">'
            f"{report.built_at:%Y-%m-%d %H:%M} UTC</time> from {escape(report.data)}.</p>",
            "</header>",
            "<main>",
            *_section(report, OVERVIEW),
            '<section aria-labelledby="plots"><h2 id="plots">Plots</h2><div class="pictures">',
            *(_picture(p) for p in pictures(report)),
            "</div></section>",
            *(part for section in SECTIONS for part in _section(report, section)),
            "</main>",
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Leaderboard: {escape(report.dataset)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{body}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _section(report: Report, section: Section) -> Iterator[str]:
    measures, rows = report.measured(section), report.cells(section)
    if not rows:
        return
    yield f'<section aria-labelledby="{section.anchor}"><h2 id="{section.anchor}">{escape(section.title)}</h2>'
    yield f'<div class="scroll" role="region" aria-labelledby="{section.anchor}" tabindex="0"><table>'
    yield f'<caption class="aside">{escape(section.title)}: one row a model, best on validation first</caption>'
    yield f'<thead><tr><th scope="col">Model</th>{"".join(_heading(m) for m in measures)}</tr></thead><tbody>'
    for model, cells in rows:
        row_class = ' class="leader"' if model == report.best else ""
        yield f'<tr{row_class}><th scope="row">{escape(model)}</th>{"".join(_cell(c) for c in cells)}</tr>'
    yield "</tbody></table></div>"
    told = " ".join(filter(None, (section.protocol, report.population(section))))
    yield f'<p class="protocol">{escape(told)} <span class="data">Data: {escape(report.data)}.</span></p></section>'


def _heading(measure: Measure) -> str:
    told = {"higher": "higher is better", "lower": "lower is better", "neither": ""}[measure.better]
    title = f' title="{told}"' if told else ""
    return f'<th scope="col" data-better="{measure.better}"{title}>{escape(measure.label)}</th>'


def _cell(cell: Cell) -> str:
    if cell.value is None:
        return '<td data-value=""><span aria-hidden="true">–</span><span class="aside">not measured</span></td>'
    text = escape(cell.text)
    shown = f'<strong>{text}</strong><span class="aside"> best</span>' if cell.best else text
    return f'<td data-value="{cell.value!r}">{shown}</td>'


def _picture(picture: Picture) -> str:
    day, night = data_uri(picture.draw("light")), data_uri(picture.draw("dark"))
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{night}">'
        f'<img src="{day}" alt="{escape(picture.alt)}"></picture>'
    )


def _asset(name: str) -> str:
    return files("recsys_assets.evaluation").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What the page's policy knows an inline style or script by, so that no other one runs."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
