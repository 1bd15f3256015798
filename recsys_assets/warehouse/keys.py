"""Do two rows share a key? Asked of tens of millions of rows."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from recsys_assets.warehouse.sql import identifier, identifiers

HALF = 2**31
"""Two whole numbers below this are one 64-bit number."""


def has_repeats(con: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> bool:
    """Whether two rows of `table` have the same, not missing, key.

    Two ids as one number, in the order in which they are stored: published ratings are mostly sorted, so one
    comparison of neighbours tells, and else one sort. For 26 million ratings 0.8 s, where grouping takes 4 to 6.
    """
    source, columns = identifier(table), identifiers(key)
    if len(key) == 2 and _packs(con, table, key):
        first, second = map(identifier, key)
        packed = con.sql(f"SELECT ({first} << 32) | {second} AS k FROM {source}").fetchnumpy()["k"]
        if bool((packed[1:] > packed[:-1]).all()):
            return False
        packed.sort()
        return bool((packed[1:] == packed[:-1]).any())
    found = con.execute(f"SELECT 1 FROM {source} GROUP BY {columns} HAVING count(*) > 1 LIMIT 1").fetchall()
    return bool(found)


def _packs(con: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> bool:
    """Both columns are whole numbers from 0 to below `HALF`, none missing."""
    types = dict(
        con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE schema_name = current_schema() AND table_name = ?",
            [table],
        ).fetchall()
    )
    if any(types[k] != "BIGINT" for k in key):
        return False
    limits = ", ".join(
        f"min({identifier(k)}) >= 0 AND max({identifier(k)}) < {HALF} AND count(*) = count({identifier(k)})"
        for k in key
    )
    found = con.execute(f"SELECT {limits} FROM {identifier(table)}").fetchall()[0]
    return all(found)
