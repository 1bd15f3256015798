"""One validation of one table as it is kept: `data/quality/<dataset>/runs/<run_id>/<table>.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from recsys_assets.quality.drift import Comparison, Spread
from recsys_assets.quality.earlier import EarlierRun
from recsys_assets.quality.measures import RowsGained
from recsys_assets.quality.rules import rules_of
from recsys_assets.quality.units import told
from recsys_assets.quality.validate import RuleResult, TableReport
from recsys_assets.warehouse.tables import TABLES

CELL_CHARACTERS = 1000
"""Of a sample's cell: a whole plot or published row tells no more than its beginning."""


@dataclass(frozen=True)
class StoredResult:
    """One rule's verdict."""

    rule: str
    description: str
    severity: str
    passed: bool
    observed: float | None
    """None where the figure was not a number."""
    minimum: float | None
    maximum: float | None
    expected: str
    sample: tuple[Mapping[str, str | None], ...]
    note: str = ""
    unit: str = "number"

    @property
    def found(self) -> str:
        """The figure with its unit."""
        return told(self.observed, self.unit)

    @classmethod
    def of(cls, result: RuleResult) -> StoredResult:
        rule = result.rule
        return cls(
            rule.name,
            rule.description,
            rule.severity,
            result.passed,
            result.observed if math.isfinite(result.observed) else None,
            rule.minimum,
            rule.maximum,
            rule.expected,
            tuple({name: _cut(value) for name, value in row.items()} for row in result.sample.iter_rows(named=True)),
            result.note,
            rule.unit,
        )


@dataclass(frozen=True)
class StoredDistribution:
    """A distribution and, where there was an earlier run, that run's over the same labels."""

    name: str
    title: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    reference: tuple[int, ...] | None
    reference_run: str | None
    psi: float | None

    @classmethod
    def of(cls, found: Comparison) -> StoredDistribution:
        named = found.distribution
        return cls(named.name, named.title, found.labels, found.counts, found.reference, found.reference_run, found.psi)


@dataclass(frozen=True)
class StoredReport:
    """All that one run found of one table."""

    table: str
    dataset: str
    layer: str
    run_id: str
    checked_at: str
    """ISO 8601, UTC."""
    rows: int
    quarantined: Mapping[str, int]
    complete: bool
    """Every rule declared at the time was judged."""
    results: tuple[StoredResult, ...]
    distributions: tuple[StoredDistribution, ...]

    @classmethod
    def of(cls, report: TableReport, *, dataset: str, run_id: str, checked_at: str) -> StoredReport:
        return cls(
            report.table,
            dataset,
            report.layer,
            run_id,
            checked_at,
            report.rows,
            dict(report.quarantined),
            report.complete,
            tuple(map(StoredResult.of, report.results)),
            tuple(map(StoredDistribution.of, report.comparisons)),
        )

    @property
    def broken(self) -> tuple[str, ...]:
        """Critical rules that were broken."""
        return tuple(r.rule for r in self.results if r.severity == "critical" and not r.passed)

    def over(self, before: StoredReport) -> StoredReport:
        """This validation on top of an earlier one of the same run: rules that were not judged again stay as found."""
        results = {r.rule: r for r in (*before.results, *self.results)}
        spreads = {d.name: d for d in (*before.distributions, *self.distributions)}
        declared = {rule.name for rule in rules_of(TABLES[self.table])} if self.table in TABLES else set(results)
        return replace(
            self,
            complete=self.complete or declared <= set(results),
            results=tuple(results.values()),
            distributions=tuple(spreads.values()),
        )

    def as_earlier_run(self) -> EarlierRun:
        spreads = {d.name: Spread(d.labels, d.counts) for d in self.distributions}
        return EarlierRun(self.run_id, self.checked_at, self.rows, spreads)

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> StoredReport:
        """Raises KeyError, TypeError or ValueError where it is not what `to_json` gives."""
        return cls(
            **{k: stored[k] for k in ("table", "dataset", "layer", "run_id", "checked_at", "rows", "quarantined")},
            complete=bool(stored.get("complete", False)),
            results=tuple(StoredResult(**{**r, "sample": tuple(r["sample"])}) for r in stored["results"]),
            distributions=tuple(_distribution(d) for d in stored["distributions"]),
        )


def volume_rules(table: str) -> frozenset[str]:
    """Critical rules of the change in rows: the only ones that an engineer may accept as broken."""
    declared = rules_of(TABLES[table]) if table in TABLES else ()
    return frozenset(r.name for r in declared if isinstance(r.measure, RowsGained) and r.severity == "critical")


def _distribution(stored: Mapping[str, Any]) -> StoredDistribution:
    found = StoredDistribution(
        **{
            **stored,
            "labels": tuple(stored["labels"]),
            "counts": tuple(int(n) for n in stored["counts"]),
            "reference": None if stored["reference"] is None else tuple(int(n) for n in stored["reference"]),
        }
    )
    lengths: Sequence[int] = [len(found.counts), *([len(found.reference)] if found.reference is not None else [])]
    if any(length != len(found.labels) for length in lengths):
        raise ValueError(f"distribution {found.name} has {len(found.labels)} labels and {lengths} counts")
    return found


def _cut(value: str | None) -> str | None:
    return value if value is None or len(value) <= CELL_CHARACTERS else value[: CELL_CHARACTERS - 1] + "…"
