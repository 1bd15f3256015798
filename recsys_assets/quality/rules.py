"""What a declaration demands of the whole table: one rule, one expectation, one Dagster check.

Each rule is a figure (a SQL aggregate over the table) and the range it must lie in. Names depend on the declaration
alone, so they are known without opening anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recsys_assets.warehouse.ddl import limits
from recsys_assets.warehouse.declaration import Column, Reference, Severity, Table
from recsys_assets.warehouse.sql import identifier, identifiers, literal, repeats_sql

FILLED_SHARE = 0.99
"""Of a required column of a raw table; rows without it go to quarantine, so less is a warning, not an end."""
QUARANTINED_SHARE = 0.05
"""Of the rows meant for a table; more, and the file is not what we think it is."""


@dataclass(frozen=True)
class Rule:
    """`metric`: a SQL expression of one number over table `t`; it must lie in [`minimum`, `maximum`]."""

    name: str
    description: str
    metric: str
    severity: Severity
    minimum: float | None = None
    maximum: float | None = None
    sample_sql: str | None = None
    """Query of the rows that break it, unlimited; None where no row can be blamed."""

    @property
    def expected(self) -> str:
        """The range in words."""
        if self.minimum is not None and self.maximum is not None and self.minimum == self.maximum:
            return f"{self.minimum:g}"
        low = f"at least {self.minimum:g}" if self.minimum is not None else ""
        high = f"at most {self.maximum:g}" if self.maximum is not None else ""
        return " and ".join(bound for bound in (low, high) if bound)


def rules_of(table: Table) -> tuple[Rule, ...]:
    """The rules of a declared table, in the order of its columns."""
    return tuple(_rules(table))


def _rules(table: Table) -> Iterator[Rule]:
    if table.min_rows:
        yield Rule(
            "has_rows",
            f"{table.name} has at least {table.min_rows} row{'s' if table.min_rows > 1 else ''}",
            "count(*)",
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


def _filled_share(table: Table, column: Column) -> Rule:
    name = identifier(column.name)
    return Rule(
        f"{column.name}_is_filled",
        f"at least {FILLED_SHARE:.0%} of the published rows have a {column.name}",
        f"coalesce(avg((t.{name} IS NOT NULL)::INT), 1)",
        "warning",
        minimum=FILLED_SHARE,
        sample_sql=_rows_where(table, f"t.{name} IS NULL"),
    )


def _quarantined_share(table: Table) -> Rule:
    """Duplicates do not count: the row they repeat is there."""
    meant_for = f"q.table_name IN ({literal(table.name)}, {literal('raw_' + table.name)})"
    rows = f"FROM quarantine q WHERE {meant_for} AND q.rule <> 'duplicate'"
    aside = f"(SELECT count(*) {rows})"
    return Rule(
        "quarantined_share",
        f"at most {QUARANTINED_SHARE:.0%} of the rows meant for {table.name} are in quarantine, duplicates aside",
        f"coalesce({aside} / nullif({aside} + count(*), 0), 0)",
        "critical",
        maximum=QUARANTINED_SHARE,
        sample_sql=f"SELECT rule, reason, source_file, source_line, row_json {rows}",
    )


def _column_rules(table: Table, column: Column) -> Iterator[Rule]:
    name = f"t.{identifier(column.name)}"
    if column.required:
        yield _none(table, f"{column.name}_is_set", f"{column.name} is never missing", f"{name} IS NULL", "critical")
    if column.type in ("FLOAT", "DOUBLE"):
        yield _none(
            table,
            f"{column.name}_is_finite",
            f"{column.name} is a number, never NaN or infinite",
            f"{name} IS NOT NULL AND NOT isfinite({name})",
            "critical",
        )
    if column.minimum is not None or column.maximum is not None:
        bounds = [
            f"{name} {sign} {bound}"
            for sign, bound in (("<", column.minimum), (">", column.maximum))
            if bound is not None
        ]
        yield _none(
            table,
            f"{column.name}_in_range",
            f"{column.name} is {limits(column).replace('-', ' to ')}",
            f"({' OR '.join(bounds)})",
            column.severity,
        )
    if column.allowed is not None:
        allowed, elements = ", ".join(map(literal, column.allowed)), column.type.endswith("[]")
        yield _none(
            table,
            f"{column.name}_is_allowed",
            f"{'each of ' if elements else ''}{column.name} is {limits(column)}",
            f"NOT list_has_all([{allowed}], {name})" if elements else f"{name} NOT IN ({allowed})",
            column.severity,
        )


def _unique(table: Table) -> Rule:
    key = identifiers(table.key)
    name = identifier(table.name)
    repeated = f"(SELECT {key} FROM {name} WHERE {repeats_sql(name, table.key)} GROUP BY ALL HAVING count(*) > 1)"
    return Rule(
        f"{'_and_'.join(table.key)}_is_unique",
        f"no two rows have the same {' and '.join(table.key)}",
        f"(SELECT count(*) FROM {repeated})",
        "critical",
        maximum=0,
        sample_sql=f"{_rows_where(table, f'({key}) IN {repeated}')} ORDER BY {key}",
    )


def _known(table: Table, reference: Reference) -> Rule:
    """A NULL among the targets is left out: with it `NOT IN` is unknown for every row, and no row breaks the rule."""
    column, target = identifier(reference.column), identifier(reference.target)
    known = f"SELECT {target} FROM {identifier(reference.table)} WHERE {target} IS NOT NULL"
    return _none(
        table,
        f"{reference.column}_is_known",
        f"every {reference.column} occurs in {reference.table}",
        f"t.{column} NOT IN ({known})",
        "critical",
    )


def _none(table: Table, name: str, description: str, breaking: str, severity: Severity) -> Rule:
    """No row may meet `breaking`."""
    metric = f"count(*) FILTER (WHERE {breaking})"
    return Rule(name, description, metric, severity, maximum=0, sample_sql=_rows_where(table, breaking))


def _rows_where(table: Table, condition: str) -> str:
    return f"SELECT t.* FROM {identifier(table.name)} t WHERE {condition}"
