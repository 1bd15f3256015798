from __future__ import annotations

import re
import time

import duckdb

from recsys_assets.progress import silent
from recsys_assets.warehouse.watching import watched


def test_a_long_query_tells_how_far_it_is_and_a_quick_one_nothing() -> None:
    told: list[str] = []
    with duckdb.connect() as con:
        with watched(con, "counting", told.append, every_seconds=0.05):
            started = time.monotonic()
            while time.monotonic() - started < 0.4:
                con.execute("SELECT count(*) FROM range(3000000) a(x) WHERE hash(x) % 7 = 1").fetchall()
        long = list(told)
        with watched(con, "quick", told.append):
            con.execute("SELECT 1").fetchall()
        with watched(con, "silent", silent):
            assert con.execute("SELECT 1").fetchall() == [(1,)]
    assert long
    assert all(re.fullmatch(r"counting: (\d+ %, )?\d+ s", line) for line in long)
    assert told == long
