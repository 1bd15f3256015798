from __future__ import annotations

from threading import Barrier

import duckdb
import pytest

from recsys_assets.warehouse.side_by_side import side_by_side


def test_two_pieces_run_at_once_on_connections_of_their_own_and_answer_in_order(con: duckdb.DuckDBPyConnection) -> None:
    both_are_here = Barrier(2, timeout=20)

    def piece(own: duckdb.DuckDBPyConnection, number: int) -> tuple[int, str]:
        own.execute(f"CREATE TEMP TABLE mine AS SELECT {number} AS n")
        both_are_here.wait()  # one piece after the other would never get past this
        schema, n = own.execute("SELECT current_schema(), n FROM mine").fetchall()[0]
        return n, schema

    schema = con.execute("SELECT current_schema()").fetchall()[0][0]
    found = list(side_by_side(con, [lambda own, n=n: piece(own, n) for n in range(4)]))
    assert found == [(n, schema) for n in range(4)]


def test_where_a_piece_fails_those_before_it_have_answered(con: duckdb.DuckDBPyConnection) -> None:
    def fail(own: duckdb.DuckDBPyConnection) -> int:
        raise ValueError("spoiled")

    found = side_by_side(con, [lambda own: 1, fail, lambda own: 3])
    assert next(found) == 1
    with pytest.raises(ValueError, match="spoiled"):
        next(found)
    assert con.execute("SELECT 1").fetchall() == [(1,)]
