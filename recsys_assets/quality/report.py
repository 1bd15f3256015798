"""What a data engineer reads in the web UI: markdown of a rule, and of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from recsys_assets.quality.profile import SAMPLE_ROWS
from recsys_assets.quality.units import told
from recsys_assets.shown import shown

if TYPE_CHECKING:
    from recsys_assets.quality.validate import RuleResult, TableReport

CELL_CHARACTERS = 60


def rule_markdown(result: RuleResult) -> str:
    """The rule, what was found, and the rows that break it."""
    rule = result.rule
    lines = [
        f"**{'kept' if result.passed else 'broken'}**: {rule.description} ({rule.severity})",
        "",
        f"Found {told(result.observed, rule.unit)}, expected {rule.expected}."
        + (f" {result.note}." if result.note else ""),
    ]
    if len(result.sample):
        lines += ["", f"Rows that break it (up to {SAMPLE_ROWS} shown):", "", *_rows(result.sample)]
    return "\n".join(lines)


def table_markdown(report: TableReport) -> str:
    """All rules of one validation, broken ones first, then their rows."""
    broken = [r for r in report.results if not r.passed]
    ordered = [*broken, *(r for r in report.results if r.passed)]
    kept = len(report.results) - len(broken)
    lines = [
        f"### {report.table}: {kept} of {len(report.results)} rules kept, {report.rows:,} rows",
        "",
        "| | rule | severity | found | expected |",
        "|---|---|---|---|---|",
        *(
            f"| {'ok' if r.passed else '**broken**'} | {r.rule.description} | {r.rule.severity} | "
            f"{told(r.observed, r.rule.unit)} | {r.rule.expected} |"
            for r in ordered
        ),
    ]
    for result in (r for r in broken if len(r.sample)):
        lines += ["", f"#### {result.rule.name}", "", *_rows(result.sample)]
    return "\n".join(lines)


def _rows(frame: pl.DataFrame) -> list[str]:
    head = [f"| {' | '.join(frame.columns)} |", f"|{'---|' * frame.width}"]
    return head + [f"| {' | '.join(_cell(v) for v in row)} |" for row in frame.iter_rows()]


def _cell(value: str | None) -> str:
    """A value that can't break out of its cell or its page: text is data."""
    text = "(missing)" if value is None else " ".join(str(value).split())
    cell = shown(text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…")
    for character in "\\`*_[]<>|~#!&:@":
        cell = cell.replace(character, f"\\{character}")
    return cell.replace("www.", "www\\.")
