"""Work on one warehouse, two pieces at a time, results in order.

DuckDB gives a table of 45,000 rows to one thread, and judging, hashing and looking at bytes are one thread's work too:
one piece after the other they leave half of two cores idle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition
from typing import TypeVar

import duckdb

from recsys_assets.warehouse.sql import identifier

AT_A_TIME = 2

T = TypeVar("T")


def side_by_side(
    con: duckdb.DuckDBPyConnection,
    work: Sequence[Callable[[duckdb.DuckDBPyConnection], T]],
    *,
    after: Mapping[int, Set[int]] | None = None,
) -> Iterator[T]:
    """What each piece of `work` returns, in the order given; each has a connection of its own.

    A piece begins when those `after` names for it, which stand before it, are done; the first such piece begins first.
    Temporary tables and transactions are a connection's own, and what two pieces write must not clash. Where one
    fails, those before it give their results, those under way are waited for, and none behind it is begun.
    """
    schema = con.execute("SELECT current_schema()").fetchall()[0][0]
    results: list[Future[T]] = [Future() for _ in work]
    waiting = _Waiting(len(work), after or {})

    def work_on() -> None:
        while (place := waiting.take()) is not None:
            try:
                with con.cursor() as own:
                    own.execute(f"USE {identifier(schema)}")
                    result = work[place](own)
            except BaseException as error:
                waiting.drop(behind=place)
                results[place].set_exception(error)
            else:
                results[place].set_result(result)
                waiting.done(place)

    pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="warehouse-worker")
    try:
        for _ in range(AT_A_TIME):
            pool.submit(work_on)
        for result in results:
            yield result.result()
    finally:
        waiting.drop(behind=-1)
        pool.shutdown(wait=True)


class _Waiting:
    """Pieces that are not begun."""

    def __init__(self, pieces: int, after: Mapping[int, Set[int]]) -> None:
        self._places = list(range(pieces))
        self._after = after
        self._done: set[int] = set()
        self._changed = Condition()

    def take(self) -> int | None:
        """The first piece that may begin, as soon as there is one; None where none is left."""
        with self._changed:
            while self._places:
                for place in self._places:
                    if self._after.get(place, set()) <= self._done:
                        self._places.remove(place)
                        return place
                self._changed.wait()
        return None

    def done(self, place: int) -> None:
        with self._changed:
            self._done.add(place)
            self._changed.notify_all()

    def drop(self, *, behind: int) -> None:
        with self._changed:
            self._places = [place for place in self._places if place < behind]
            self._changed.notify_all()
