"""Independent work on one warehouse, two pieces at a time, results in order.

DuckDB gives a table of 45,000 rows to one thread, and judging, hashing and looking at bytes are one thread's work too:
one piece after the other they leave half of two cores idle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import duckdb

from recsys_assets.warehouse.sql import identifier

AT_A_TIME = 2

T = TypeVar("T")


def side_by_side(
    con: duckdb.DuckDBPyConnection, work: Sequence[Callable[[duckdb.DuckDBPyConnection], T]]
) -> Iterator[T]:
    """What each piece of `work` returns, in the order given; each has a connection of its own.

    Temporary tables and transactions are a connection's own, so pieces may not build on each other, and what two of
    them write must not clash. Where one fails, those before it have given their results, those under way are waited
    for, and no other is begun.
    """
    schema = con.execute("SELECT current_schema()").fetchall()[0][0]

    def alone(piece: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        with con.cursor() as own:
            own.execute(f"USE {identifier(schema)}")
            return piece(own)

    pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="warehouse-worker")
    try:
        for done in [pool.submit(alone, piece) for piece in work]:
            yield done.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
