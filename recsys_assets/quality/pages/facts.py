"""What the pages show, gathered from the store of runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from recsys_assets.quality.history import history
from recsys_assets.quality.pages.svg import Point
from recsys_assets.quality.store import Run, runs
from recsys_assets.quality.stored import StoredReport, StoredResult
from recsys_assets.settings import Settings
from recsys_assets.warehouse.ddl import every_table
from recsys_assets.warehouse.declaration import Table

SPARK_RUNS = 30
LAYERS = ("raw", "validated", "feature")


@dataclass(frozen=True)
class Verdict:
    """`kept`, `warning` or `critical`, in words a reader needs no colour for."""

    state: str
    words: str


def verdict_of(results: Sequence[StoredResult]) -> Verdict:
    """Of some rules together."""
    broken = [r for r in results if not r.passed]
    critical = sum(r.severity == "critical" for r in broken)
    if critical:
        return Verdict("critical", f"{critical} critical broken")
    if broken:
        return Verdict("warning", f"{len(broken)} warning{'s' if len(broken) > 1 else ''}")
    return Verdict("kept", f"all {len(results)} kept" if results else "nothing judged")


@dataclass(frozen=True)
class TableFacts:
    """A table in the newest run that judged it."""

    table: Table
    report: StoredReport
    history: Mapping[str, Sequence[Point]]
    """Rule -> its figures, oldest first, at most `SPARK_RUNS`."""
    rows: Sequence[Point]

    @property
    def verdict(self) -> Verdict:
        return verdict_of(self.report.results)

    @property
    def quarantined(self) -> int:
        return sum(self.report.quarantined.values())

    @property
    def broken(self) -> list[StoredResult]:
        """Critical ones first."""
        return sorted((r for r in self.report.results if not r.passed), key=lambda r: r.severity)


@dataclass(frozen=True)
class DatasetFacts:
    """Everything kept of one data set."""

    settings: Settings
    runs: Sequence[Run]
    """Newest first."""

    @classmethod
    def of(cls, settings: Settings) -> DatasetFacts:
        return cls(settings, runs(settings))

    @cached_property
    def tables(self) -> list[TableFacts]:
        """By layer, then as declared; what nothing is published in comes last."""
        newest: dict[str, StoredReport] = {}
        for run in reversed(self.runs):
            newest |= run.reports
        declared = [t for t in every_table() if t.name in newest]
        found = [self._table(t, newest[t.name]) for t in declared]
        return sorted(found, key=lambda f: (f.report.rows == 0, LAYERS.index(f.table.layer)))

    @property
    def verdict(self) -> Verdict:
        return verdict_of([r for facts in self.tables for r in facts.report.results])

    @property
    def damaged(self) -> list[str]:
        return [f"run {run.run_id}, {table}: {why}" for run in self.runs for table, why in run.damaged.items()]

    def _table(self, table: Table, report: StoredReport) -> TableFacts:
        kept = history(self.settings, table.name)
        by_rule: dict[str, list[Point]] = defaultdict(list)
        rows: dict[str, Point] = {}
        for line in _last_runs(kept).iter_rows(named=True):
            when = line["checked_at"][:16].replace("T", " ")
            by_rule[line["rule"]].append(Point(when, line["observed"], line["passed"]))
            rows[line["run_id"]] = Point(when, line["rows"])
        return TableFacts(table, report, by_rule, list(rows.values())[-SPARK_RUNS:])


def _last_runs(kept: pl.DataFrame) -> pl.DataFrame:
    """The last verdict of each run on each rule, oldest first."""
    last = kept.unique(["run_id", "rule"], keep="last", maintain_order=True)
    from_last = pl.int_range(pl.len()).reverse().over("rule")
    return last.filter(from_last < SPARK_RUNS)
