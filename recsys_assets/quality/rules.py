"""What a declaration demands of the whole table: one rule, one expectation, one Dagster check.

Each rule is a measure (one number of the table) and the range it must lie in. Names depend on the declaration alone,
so they are known without opening anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recsys_assets.quality.measures import (
    Aggregate,
    BreakingRows,
    Drift,
    FilledShare,
    HoursSinceConfirmed,
    Measure,
    RepeatedKeys,
    RowsGained,
    UnknownReferences,
)
from recsys_assets.quality.origins import raw_table_of
from recsys_assets.quality.units import Unit, told
from recsys_assets.warehouse.ddl import limits
from recsys_assets.warehouse.declaration import Column, Distribution, Reference, Severity, Table, Volume
from recsys_assets.warehouse.sql import identifier, identifiers, literal, repeats_sql

FILLED_SHARE = 0.99
"""Of a required column of a raw table; rows without it go to quarantine, so less is a warning, not an end."""
QUARANTINED_SHARE = 0.05
"""Of the rows meant for a table; more, and the file is not what we think it is."""


@dataclass(frozen=True)
class Rule:
    """What `measure` gives must lie in [`minimum`, `maximum`]."""

    name: str
    description: str
    measure: Measure
    severity: Severity
    minimum: float | None = None
    maximum: float | None = None
    sample_sql: str | None = None
    """Query of the rows that break it, unlimited; None where no row can be blamed."""
    unit: Unit = "number"

    @property
    def expected(self) -> str:
        """The range in words."""
        if self.minimum is not None and self.maximum is not None and self.minimum == self.maximum:
            return told(self.minimum, self.unit)
        low = f"at least {told(self.minimum, self.unit)}" if self.minimum is not None else ""
        high = f"at most {told(self.maximum, self.unit)}" if self.maximum is not None else ""
        return " and ".join(bound for bound in (low, high) if bound)


def rules_of(table: Table) -> tuple[Rule, ...]:
    """The rules of a declared table, in the order of its columns."""
    return tuple(_rules(table))


def _rules(table: Table) -> Iterator[Rule]:
    if table.min_rows:
        yield Rule(
            "has_rows",
            f"{table.name} has at least {table.min_rows} row{'s' if table.min_rows > 1 else ''}",
            Aggregate("count(*)"),
            "critical",
            minimum=table.min_rows,
        )
    if table.layer == "raw":
        yield from (_filled_share(table, column) for column in table.columns if column.required)
        return
    if table.layer == "validated":
        yield _quarantined_share(table)
    for column in table.columns:
        yield from _column_rules(table, column)
    if table.key:
        yield _unique(table)
    yield from (_known(table, reference) for reference in table.references)
    if table.freshness:
        yield _fresh(table, table.freshness.hours)
    if table.volume:
        yield from _volume(table, table.volume)
    yield from (_steady(table, distribution) for distribution in table.distributions)


def _filled_share(table: Table, column: Column) -> Rule:
    return Rule(
        f"{column.name}_is_filled",
        f"at least {FILLED_SHARE:.0%} of the published rows have a {column.name}",
        FilledShare(column),
        "warning",
        minimum=FILLED_SHARE,
        sample_sql=_rows_where(table, f"t.{identifier(column.name)} IS NULL"),
        unit="share",
    )


def _quarantined_share(table: Table) -> Rule:
    """Duplicates do not count: the row they repeat is there."""
    names = ", ".join(literal(name) for name in (table.name, raw_table_of(table.name)) if name)
    rows = f"FROM quarantine q WHERE q.table_name IN ({names}) AND q.rule <> 'duplicate'"
    aside = f"(SELECT count(*) {rows})"
    return Rule(
        "quarantined_share",
        f"at most {QUARANTINED_SHARE:.0%} of the rows meant for {table.name} are in quarantine, duplicates aside",
        Aggregate(f"coalesce({aside} / nullif({aside} + count(*), 0), 0)"),
        "critical",
        maximum=QUARANTINED_SHARE,
        sample_sql=f"SELECT reason, row_json AS published_row {rows}",
        unit="share",
    )


def _column_rules(table: Table, column: Column) -> Iterator[Rule]:
    name = f"t.{identifier(column.name)}"
    low, high = f"min({name})", f"max({name})"
    if column.required:
        yield _none(
            table,
            f"{column.name}_is_set",
            f"{column.name} is never missing",
            BreakingRows(f"{name} IS NULL", f"count({name}) = count(*)"),
            "critical",
        )
    if column.type in ("FLOAT", "DOUBLE"):
        # NaN is larger than every number, for DuckDB
        yield _none(
            table,
            f"{column.name}_is_finite",
            f"{column.name} is a number, never NaN or infinite",
            BreakingRows(f"{name} IS NOT NULL AND NOT isfinite({name})", f"isfinite({low}) AND isfinite({high})"),
            "critical",
        )
    bounds = [
        (f"{name} {sign} {bound}", f"NOT {extreme} {sign} {bound}")
        for sign, bound, extreme in (("<", column.minimum, low), (">", column.maximum, high))
        if bound is not None
    ]
    if bounds:
        yield _none(
            table,
            f"{column.name}_in_range",
            f"{column.name} is {limits(column).replace('-', ' to ')}",
            BreakingRows(" OR ".join(beyond for beyond, _ in bounds), " AND ".join(within for _, within in bounds)),
            column.severity,
        )
    if column.allowed is not None:
        allowed, elements = ", ".join(map(literal, column.allowed)), column.type.endswith("[]")
        yield _none(
            table,
            f"{column.name}_is_allowed",
            f"{'each of ' if elements else ''}{column.name} is {limits(column)}",
            BreakingRows(f"NOT list_has_all([{allowed}], {name})" if elements else f"{name} NOT IN ({allowed})"),
            column.severity,
        )


def _unique(table: Table) -> Rule:
    key = identifiers(table.key)
    name = identifier(table.name)
    repeated = f"(SELECT {key} FROM {name} WHERE {repeats_sql(name, table.key)} GROUP BY ALL HAVING count(*) > 1)"
    return Rule(
        f"{'_and_'.join(table.key)}_is_unique",
        f"no two rows have the same {' and '.join(table.key)}",
        RepeatedKeys(table.key),
        "critical",
        maximum=0,
        sample_sql=f"{_rows_where(table, f'({key}) IN {repeated}')} ORDER BY {key}",
    )


def _known(table: Table, reference: Reference) -> Rule:
    """A NULL among the targets is left out: with it `NOT IN` is unknown for every row, and no row breaks the rule."""
    column, target = identifier(reference.column), identifier(reference.target)
    known = f"SELECT {target} FROM {identifier(reference.table)} WHERE {target} IS NOT NULL"
    return Rule(
        f"{reference.column}_is_known",
        f"every {reference.column} occurs in {reference.table}",
        UnknownReferences(reference),
        "critical",
        maximum=0,
        sample_sql=_rows_where(table, f"t.{column} NOT IN ({known})"),
    )


def _fresh(table: Table, hours: float) -> Rule:
    return Rule(
        "is_fresh",
        f"the published files of {table.name} were seen, new or unchanged, in the last {hours:g} hours",
        HoursSinceConfirmed(),
        "warning",
        maximum=hours,
        unit="hours",
    )


def _volume(table: Table, volume: Volume) -> Iterator[Rule]:
    if volume.collapse is not None:
        yield Rule(
            "rows_have_not_collapsed",
            f"{table.name} has not lost more than {volume.collapse:.0%} of the rows of the last sound run",
            RowsGained(),
            "critical",
            minimum=-volume.collapse,
            unit="share",
        )
    yield Rule(
        "rows_are_as_many",
        f"{table.name} has not lost more than {volume.shrink:.0%} nor gained more than {volume.growth:.0%} of the rows "
        "of the last sound run",
        RowsGained(),
        "warning",
        minimum=-volume.shrink,
        maximum=volume.growth,
        unit="share",
    )


def _steady(table: Table, distribution: Distribution) -> Rule:
    return Rule(
        f"{distribution.name}_has_not_drifted",
        f"{distribution.title[0].lower()}{distribution.title[1:]} are spread as in the last sound run (population "
        "stability index)",
        Drift(distribution),
        "warning",
        maximum=distribution.limit,
    )


def _none(table: Table, name: str, description: str, breaking: BreakingRows, severity: Severity) -> Rule:
    """No row may break it."""
    return Rule(
        name, description, breaking, severity, maximum=0, sample_sql=_rows_where(table, f"({breaking.condition})")
    )


def _rows_where(table: Table, condition: str) -> str:
    return f"SELECT t.* FROM {identifier(table.name)} t WHERE {condition}"
