"""Ingest against DuckDB alone, in one run: `RECSYS_BENCHMARK_RATINGS=5000000 make benchmark`.

DuckDB alone reads the ratings file into a typed table. Ingest lands it as text, cleans it, judges it and publishes it.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from rich.table import Table as RichTable

from recsys_assets.quality import validate
from recsys_assets.settings import Settings
from recsys_assets.sources import SyntheticConfig, prepare
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import MOVIES, RATINGS, RAW_LINKS, RAW_MOVIES, RAW_RATINGS

pytestmark = pytest.mark.benchmark


@pytest.mark.timeout(3600)
def test_ingest_of_many_ratings(settings: Settings, tmp_path: Path) -> None:
    asked = int(os.environ.get("RECSYS_BENCHMARK_RATINGS", "5000000"))
    users, movies = max(600, asked // 96), max(1200, min(45_115, asked // 100))
    size = SyntheticConfig(n_users=users, n_movies=movies, n_ratings=asked)
    files = prepare(settings, synthetic_config=size)
    (published,) = files.of_table("raw_ratings")
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[what] = time.perf_counter() - started

    with timed("DuckDB alone: csv -> table"), duckdb.connect(str(tmp_path / "alone.duckdb")) as con:
        con.execute(f"SET threads = {settings.duckdb_threads}")
        con.execute("CREATE TABLE r AS FROM read_csv(?)", [str(published.path)])
        rows = con.execute("SELECT count(*) FROM r").fetchall()[0][0]
    with Warehouse.of(settings).connect() as con:
        for raw in (RAW_MOVIES, RAW_LINKS):
            load_raw(con, raw, files.of_table(raw.name))
        clean_table(con, MOVIES)
        with timed("land as text"):
            load_raw(con, RAW_RATINGS, files.of_table("raw_ratings"))
        with timed("clean"):
            report = clean_table(con, RATINGS)
        validate(con, MOVIES)  # loads Great Expectations: 3-5 s whatever the size, once a run
        with timed("judge"):
            judged = validate(con, RATINGS)
        with timed("publish"):
            snapshot = Lake(settings.lake_dir).publish(con, RATINGS, upstream={})
    assert report.rows_in == rows
    assert snapshot.rows == report.rows_out
    assert judged.passed
    alone = seconds.pop("DuckDB alone: csv -> table")
    whole = sum(seconds.values())
    table = RichTable(title=f"{rows:,} ratings, {published.path.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores")
    for column in ("step", "seconds", "times DuckDB alone"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for what, spent in {"DuckDB alone": alone, **seconds, "ingest, all of it": whole}.items():
        table.add_row(what, f"{spent:.1f}", f"{spent / alone:.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table.caption = f"peak memory of the process {peak:,.0f} MB, generating included"
    Console(width=100).print(table)
