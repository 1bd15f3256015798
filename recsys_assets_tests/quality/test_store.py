from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from recsys_assets.quality import validate
from recsys_assets.quality.store import append_history, history
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.tables import MOVIES


def test_every_validation_is_kept_in_order(settings) -> None:
    assert len(history(settings, "movies")) == 0
    with duckdb.connect() as con:
        con.execute(create_table_sql(MOVIES))
        for day, run in enumerate(("a", "b"), start=1):
            report = validate(con, MOVIES, only={"has_rows"})
            append_history(settings, report, run_id=run, now=datetime(2026, 1, day, tzinfo=UTC))
            con.execute("INSERT INTO movies (movie_id, title, genres) VALUES (1, 'A', [])")
    kept = history(settings, "movies")
    assert kept["run_id"].to_list() == ["a", "b"]
    assert kept["passed"].to_list() == [False, True]
