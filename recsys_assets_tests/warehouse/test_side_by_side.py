from __future__ import annotations

from threading import Barrier, Event

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


def test_a_piece_waits_for_what_it_builds_on_and_lets_others_pass(con: duckdb.DuckDBPyConnection) -> None:
    begun: list[int] = []
    passed = Event()

    def piece(own: duckdb.DuckDBPyConnection, number: int) -> int:
        begun.append(number)
        if number == 0:
            assert passed.wait(20)  # by 2, which stands behind 1
        if number == 2:
            passed.set()
        return number

    work = [lambda own, n=n: piece(own, n) for n in range(4)]
    assert list(side_by_side(con, work, after={1: {0}, 3: {0, 1}})) == [0, 1, 2, 3]
    assert begun.index(1) > begun.index(2)
    assert begun[-1] == 3


def test_what_builds_on_a_piece_that_failed_is_not_begun(con: duckdb.DuckDBPyConnection) -> None:
    begun: list[int] = []

    def piece(own: duckdb.DuckDBPyConnection, number: int) -> int:
        begun.append(number)
        if number == 1:
            raise ValueError("spoiled")
        return number

    found = side_by_side(con, [lambda own, n=n: piece(own, n) for n in range(4)], after={2: {1}, 3: {2}})
    assert next(found) == 0
    with pytest.raises(ValueError, match="spoiled"):
        next(found)
    assert sorted(begun) == [0, 1]


def test_whoever_stops_asking_stops_the_work(con: duckdb.DuckDBPyConnection) -> None:
    begun: list[int] = []
    stopped = Event()

    def piece(own: duckdb.DuckDBPyConnection, number: int) -> int:
        begun.append(number)
        return number if number == 0 else int(stopped.wait(0.2))

    found = side_by_side(con, [lambda own, n=n: piece(own, n) for n in range(50)])
    next(found)
    found.close()
    assert len(begun) < 10
