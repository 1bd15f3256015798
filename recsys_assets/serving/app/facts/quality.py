"""What the data-quality store holds, as tables and lines: verdicts, broken rules, quarantine, history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_assets.quality.pages.facts import DatasetFacts, TableFacts
from recsys_assets.quality.pages.site import site_index, table_page
from recsys_assets.quality.stored import StoredDistribution
from recsys_assets.serving.app.markup import Cell, Tone
from recsys_assets.settings import Settings

TONES: dict[str, Tone] = {"kept": "good", "warning": "warn", "critical": "bad"}
LONG = 15
"""More labels than this are read along a line."""
COLUMNS = ("table", "layer", "rows", "quarantined", "rules", "verdict")


@dataclass(frozen=True)
class Quality:
    """Of one data set, newest run first."""

    verdict: str
    tone: Tone
    checked_at: str
    runs: int
    rules: int
    tables: tuple[TableFacts, ...]
    """Those that hold rows."""
    damaged: tuple[str, ...]
    site: Path | None
    """The first page of the site, where it was written."""

    def table(self, name: str) -> TableFacts:
        return next(t for t in self.tables if t.table.name == name)

    @property
    def quarantined(self) -> int:
        return sum(t.quarantined for t in self.tables)


def quality(settings: Settings) -> Quality | None:
    """None where nothing was validated yet."""
    facts = DatasetFacts.of(settings)
    if not facts.runs:
        return None
    site = site_index(settings)
    return Quality(
        verdict=facts.verdict.words,
        tone=TONES[facts.verdict.state],
        checked_at=facts.runs[0].checked_at[:16].replace("T", " "),
        runs=len(facts.runs),
        rules=sum(len(t.report.results) for t in facts.tables),
        tables=tuple(t for t in facts.tables if t.report.rows),
        damaged=tuple(facts.damaged),
        site=site if site.exists() else None,
    )


def overview(tables: Sequence[TableFacts]) -> list[list[object]]:
    """A row a table, under `COLUMNS`."""
    return [
        [
            t.table.name,
            t.table.layer,
            f"{t.report.rows:,}",
            f"{t.quarantined:,}",
            str(len(t.report.results)),
            Cell(t.verdict.words, TONES[t.verdict.state]),
        ]
        for t in tables
    ]


def rules(table: TableFacts) -> list[list[object]]:
    """A row a rule: what it demands, what was found; broken ones first."""
    ordered = sorted(table.report.results, key=lambda r: (r.passed, r.severity))
    return [
        [
            result.rule,
            result.description,
            result.expected,
            result.found + (f" ({result.note})" if result.note else ""),
            Cell("kept", "good")
            if result.passed
            else Cell(f"broken, {result.severity}", TONES[_state(result.severity)]),
        ]
        for result in ordered
    ]


def rows_of_pictures(spreads: Sequence[StoredDistribution]) -> list[list[StoredDistribution]]:
    """Two beside one another, the short ones first; one that runs over many months has a row of its own."""
    short = [s for s in spreads if not is_long(s)]
    pairs = [short[i : i + 2] for i in range(0, len(short), 2)]
    return [*pairs, *([s] for s in spreads if is_long(s))]


def is_long(spread: StoredDistribution) -> bool:
    return len(spread.labels) > LONG


def counted_of(spread: StoredDistribution) -> str:
    """What is counted: `movies` of `Movies by how often they were rated`."""
    return spread.title.partition(" by ")[0].lower()


def told(spread: StoredDistribution) -> str:
    """A distribution in words."""
    counts = zip(spread.labels, spread.counts, strict=True)
    return f"{spread.title}: {', '.join(f'{label} {n:,}' for label, n in counts)}"


def page_of(settings: Settings, table: str) -> Path:
    """The table's page of the site."""
    return table_page(settings, table)


def _state(severity: str) -> str:
    return "critical" if severity == "critical" else "warning"
