"""The row rules of a declaration: which rows of a published table do not enter the validated one, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from recsys_assets.warehouse.ddl import limits
from recsys_assets.warehouse.declaration import Column, Reference, Table
from recsys_assets.warehouse.sql import identifier, literal
from recsys_assets.warehouse.tables import EARLIEST_EVENT

DUPLICATE = "duplicate"

_UNREADABLE = {
    "BIGINT": ("not_a_number", "is not a whole number"),
    "INTEGER": ("not_a_number", "is not a whole number"),
    "FLOAT": ("not_a_number", "is not a number"),
    "TIMESTAMP": ("not_a_time", "is not a time in seconds since 1970"),
}
_EARLIEST = f"TIMESTAMP '{EARLIEST_EVENT:%Y-%m-%d}'"
_MALFORMED = ("malformed", "is not of the form expected")


@dataclass(frozen=True)
class Rule:
    """SQL over a typed row `t`, whose column `c` has its published text in `c:published`."""

    name: str
    broken: str
    """Condition that a bad row meets."""
    reason: str
    """Text expression: the value and the limit it broke."""


def published_name(column: str) -> str:
    return identifier(f"{column}:published")


def reference_alias(reference: Reference) -> str:
    """Alias of the join to the referenced table; its target is NULL where the row points nowhere."""
    return identifier(f"{reference.column}:target")


def row_rules(table: Table, *, latest: datetime) -> tuple[Rule, ...]:
    """Rules in the order in which they are tried; the first broken one names the row. `latest`: of an event."""
    rules = [rule for column in table.columns for rule in _column_rules(column, latest)]
    return (*rules, *(_reference_rule(reference) for reference in table.references))


def sound_sql(table: Table, *, latest: datetime) -> str:
    """Condition that a typed row `t` meets when, and only when, it breaks no rule but that of a reference.

    The rules the other way round. It asks what was published only where nothing need be: writing numbers out as
    text again takes longer than all else.
    """
    return " AND ".join(c for column in table.columns for c in _sound_column(column, latest)) or "true"


def _sound_column(column: Column, latest: datetime) -> Iterator[str]:
    value = f"t.{identifier(column.name)}"
    limits_ = []
    if column.type == "TIMESTAMP":
        limits_.append(f"{value} BETWEEN {_EARLIEST} AND TIMESTAMP '{latest:%Y-%m-%d %H:%M:%S}'")
    if column.minimum is not None:
        limits_.append(f"{value} >= {column.minimum!r}")
    if column.maximum is not None:
        limits_.append(f"{value} <= {column.maximum!r}")
    if column.allowed is not None:
        limits_.append(f"{value} IN ({', '.join(literal(v) for v in column.allowed)})")
    if column.required:
        yield f"{value} IS NOT NULL"
        yield from limits_
    else:
        yield f"({value} IS NOT NULL OR t.{published_name(column.name)} IS NULL)"
        yield from (f"({value} IS NULL OR {limit})" for limit in limits_)


def _column_rules(column: Column, latest: datetime) -> Iterator[Rule]:
    name, value, published = column.name, f"t.{identifier(column.name)}", f"t.{published_name(column.name)}"
    if column.required:
        yield Rule(f"{name}_missing", f"{value} IS NULL AND {published} IS NULL", literal(f"{name} is missing"))
    suffix, words = _UNREADABLE.get(column.type, _MALFORMED)
    yield Rule(f"{name}_{suffix}", f"{value} IS NULL AND {published} IS NOT NULL", _says(name, published, words))
    if column.type == "TIMESTAMP":
        yield Rule(
            f"{name}_{suffix}",
            f"{value} < {_EARLIEST} OR {value} > TIMESTAMP '{latest:%Y-%m-%d %H:%M:%S}'",
            f"{literal(f'{name} ')} || {published} || ' (' || {value} || ') "
            f"is not between {EARLIEST_EVENT:%Y-%m-%d} and tomorrow'",
        )
    beyond = [
        f"{value} {sign} {bound!r}"
        for sign, bound in (("<", column.minimum), (">", column.maximum))
        if bound is not None
    ]
    if beyond:
        below = limits(column)
        words = f"is outside {below}" if len(beyond) == 2 else f"is not {below}"
        yield Rule(f"{name}_range", " OR ".join(beyond), _says(name, published, words))
    if column.allowed is not None:
        values = ", ".join(literal(v) for v in column.allowed)
        yield Rule(
            f"{name}_not_allowed", f"{value} NOT IN ({values})", _says(name, published, f"is not {limits(column)}")
        )


def _reference_rule(reference: Reference) -> Rule:
    target = f"{reference_alias(reference)}.{identifier(reference.target)}"
    return Rule(
        f"{reference.column}_unknown",
        f"{target} IS NULL",
        _says(reference.column, f"t.{published_name(reference.column)}", f"is not in {reference.table}"),
    )


def _says(name: str, published: str, words: str) -> str:
    return f"{literal(f'{name} ')} || coalesce({published}, 'NULL') || {literal(f' {words}')}"
