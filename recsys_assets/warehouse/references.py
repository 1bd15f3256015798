"""Which rows refer to something that is there, asked without losing the order of the rows.

A join gives rows as its threads find them. A table out of order is dear afterwards: 26 million ratings take 1.6 CPU s
more to publish sorted, and their keys can't be compared as they come. So where ids are whole numbers below
`MOST_IDS`, there is a bit for each of them; to look at one takes as long as the join. Other keys are joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import duckdb

from recsys_assets.warehouse.declaration import Reference, Table
from recsys_assets.warehouse.rules import reference_alias
from recsys_assets.warehouse.sql import identifier, literal

MOST_IDS = 1 << 24
"""2 MB of bits. MovieLens has ids below 300,000."""
WHOLE_NUMBERS = ("BIGINT", "INTEGER")


@dataclass(frozen=True)
class Bits:
    """The ids that a reference may name, as a variable of the connection: bit i says whether there is an id i."""

    variable: str
    last: int

    def has_sql(self, value: str) -> str:
        """Condition, never NULL, that the id is there. CASE, for to ask for a bit beyond the last is an error."""
        bit = f"get_bit(getvariable({literal(self.variable)}), {value}::INTEGER) = 1"
        return f"CASE WHEN {value} BETWEEN 0 AND {self.last} THEN {bit} ELSE false END"


@dataclass(frozen=True)
class Target:
    """A reference of a typed row `t`, and the bits of what it points at; without bits it is joined."""

    reference: Reference
    bits: Bits | None = None

    @property
    def there(self) -> str:
        """Condition that the row points at something, where `join` is a LEFT JOIN or all rows have a match."""
        if self.bits:
            return self.bits.has_sql(f"t.{identifier(self.reference.column)}")
        return f"{reference_alias(self.reference)}.{identifier(self.reference.target)} IS NOT NULL"

    def join(self, kind: str) -> str:
        """What is referred to is a key, so that joining it repeats no row."""
        if self.bits:
            return ""
        alias, target = reference_alias(self.reference), identifier(self.reference.target)
        column = identifier(self.reference.column)
        return f"{kind} {identifier(self.reference.table)} {alias} ON {alias}.{target} = t.{column}"


def joined(table: Table) -> tuple[Target, ...]:
    """The table's references, none by bits."""
    return tuple(map(Target, table.references))


@contextmanager
def targets(con: duckdb.DuckDBPyConnection, table: Table) -> Iterator[tuple[Target, ...]]:
    """The table's references, by bits where ids allow it, for the length of a block."""
    with ExitStack() as stack:
        yield tuple(Target(r, stack.enter_context(_bits(con, table, r))) for r in table.references)


@contextmanager
def _bits(con: duckdb.DuckDBPyConnection, table: Table, reference: Reference) -> Iterator[Bits | None]:
    last = _last_id(con, reference) if table.column(reference.column).type in WHOLE_NUMBERS else None
    if last is None:
        yield None
        return
    bits = Bits(f"ids of {reference.table}", last)
    ids = f"SELECT bitstring_agg({identifier(reference.target)}::BIGINT, 0::BIGINT, {last}::BIGINT)"
    con.execute(f"SET VARIABLE {identifier(bits.variable)} = ({ids} FROM {identifier(reference.table)})")
    try:
        yield bits
    finally:
        con.execute(f"RESET VARIABLE {identifier(bits.variable)}")


def _last_id(con: duckdb.DuckDBPyConnection, reference: Reference) -> int | None:
    """The largest id, if all are whole numbers from 0 to below `MOST_IDS`, and there are any."""
    target = identifier(reference.target)
    found: Sequence[tuple] = con.execute(
        f"SELECT min({target}), max({target}), any_value(typeof({target})) FROM {identifier(reference.table)}"
    ).fetchall()
    low, high, kind = found[0]
    return int(high) if kind in WHOLE_NUMBERS and low >= 0 and high < MOST_IDS else None
