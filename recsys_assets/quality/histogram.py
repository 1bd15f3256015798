"""How a table's rows are spread: one GROUP BY a distribution, exact, and nothing larger than its bins leaves DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

import duckdb

from recsys_assets.quality.drift import MISSING, Spread
from recsys_assets.warehouse.declaration import MONTHS, Distribution, Table
from recsys_assets.warehouse.sql import identifier, literal

Tallies = Mapping[str, str]
"""Column -> temporary table of its values, as `value`, and how many rows have each, as `n`."""


@contextmanager
def tallies(con: duckdb.DuckDBPyConnection, table: Table, columns: list[str]) -> Iterator[Tallies]:
    """Count the rows of each value once, for all that ask: references and `rows` distributions."""
    made = {column: f"tally_of_{column}" for column in dict.fromkeys(columns)}
    try:
        for column, name in made.items():
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {identifier(name)} AS "
                f"SELECT {identifier(column)} AS value, count(*) AS n FROM {identifier(table.name)} GROUP BY ALL"
            )
        yield made
    finally:
        for name in made.values():
            con.execute(f"DROP TABLE IF EXISTS temp.{identifier(name)}")


def spread(con: duckdb.DuckDBPyConnection, table: Table, distribution: Distribution, tallied: Tallies) -> Spread:
    """The distribution of a table as it is now, bins in their order; `tallied` holds the column of a `rows` one."""
    if distribution.bins == "months":
        return _months(con, table, distribution)
    if distribution.bins == "rows":
        return _rows(con, tallied[distribution.column])
    return _steps(con, table, distribution) if distribution.bins == "steps" else _values(con, table, distribution)


def _values(con: duckdb.DuckDBPyConnection, table: Table, distribution: Distribution) -> Spread:
    column = identifier(distribution.column)
    if table.column(distribution.column).type.endswith("[]"):
        value = f"unnest(CASE WHEN len({column}) = 0 THEN [{literal(MISSING)}] ELSE {column}::VARCHAR[] END)"
    else:
        value = f"coalesce({column}::VARCHAR, {literal(MISSING)})"
    found = con.execute(
        f"SELECT value, count(*) FROM (SELECT {value} AS value FROM {identifier(table.name)}) "
        f"GROUP BY value ORDER BY value = {literal(MISSING)}, value"
    ).fetchall()
    return Spread(tuple(str(value) for value, _ in found), tuple(rows for _, rows in found))


def _steps(con: duckdb.DuckDBPyConnection, table: Table, distribution: Distribution) -> Spread:
    column = f"{identifier(distribution.column)}::DOUBLE"
    found = con.execute(
        f"SELECT TRY_CAST(floor({column} / {distribution.step}) AS BIGINT) AS step, count(*) "
        f"FROM {identifier(table.name)} GROUP BY step ORDER BY step NULLS LAST"
    ).fetchall()
    labels = (MISSING if step is None else f"{step * distribution.step:.12g}" for step, _ in found)
    return Spread(tuple(labels), tuple(rows for _, rows in found))


def _rows(con: duckdb.DuckDBPyConnection, tally: str) -> Spread:
    """Bin k holds the values that 2 ** k to 2 ** (k + 1) - 1 rows have; bins in between that hold none are there."""
    found = con.execute(
        f"SELECT length(bin(n)) - 1 AS bin, count(*) FROM {identifier(tally)} WHERE value IS NOT NULL GROUP BY bin"
    ).fetchall()
    values = dict(found)
    bins = range(max(values, default=-1) + 1)
    labels = ("1" if k == 0 else f"{2**k}-{2 ** (k + 1) - 1}" for k in bins)
    return Spread(tuple(labels), tuple(values.get(k, 0) for k in bins))


def _months(con: duckdb.DuckDBPyConnection, table: Table, distribution: Distribution) -> Spread:
    column, name = identifier(distribution.column), identifier(table.name)
    first, last = con.execute(f"SELECT min({column}), max({column}) FROM {name}").fetchall()[0]
    if last is None:
        return Spread((), ())
    start = max(_month(first), _month(last) - MONTHS + 1)
    found = con.execute(
        f"SELECT year({column}) * 12 + month({column}) - 1 AS month, count(*) FROM {name} "
        f"WHERE {column} >= ? GROUP BY month",
        [date(start // 12, start % 12 + 1, 1)],
    ).fetchall()
    rows = dict(found)
    months = range(start, _month(last) + 1)
    return Spread(tuple(f"{m // 12:04}-{m % 12 + 1:02}" for m in months), tuple(rows.get(m, 0) for m in months))


def _month(moment: datetime) -> int:
    """Months since year 0."""
    return moment.year * 12 + moment.month - 1
