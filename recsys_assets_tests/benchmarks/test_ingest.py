"""Ingest against DuckDB alone, in one process: `RECSYS_BENCHMARK_RATINGS=26024289 make bench`.

DuckDB alone reads the same ratings file into a table of types it guesses. Ingest lands a whole drop of The Movies
Dataset losslessly, cleans it, judges it, builds the catalogue and publishes it; then the same files again, and then a
drop of 10,000 newer ratings. `RECSYS_BENCHMARK_DROP` names a folder that `recsys generate` wrote; without it one is
generated.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest
from rich.console import Console
from rich.table import Table as RichTable

from recsys_assets.defs.features import PUBLISHED
from recsys_assets.defs.ingest import RAW_TABLES, VALIDATED_FROM
from recsys_assets.features.catalogue import build_catalogue
from recsys_assets.features.splits import publish_splits
from recsys_assets.quality import validate, validate_tables
from recsys_assets.settings import PROJECT_ROOT, load_settings
from recsys_assets.sources import fetch, prepare
from recsys_assets.sources.drops import drops_dir
from recsys_assets.sources.synthetic.layouts import LAYOUTS, sized, write_drop
from recsys_assets.warehouse.clean import clean_tables
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.load import load_raw, load_tables
from recsys_assets.warehouse.snapshot import publish_snapshot
from recsys_assets.warehouse.tables import CATALOGUE
from recsys_assets_tests.benchmarks.peak import peak_mb
from recsys_assets_tests.benchmarks.tables import show

pytestmark = pytest.mark.benchmark

ALONE, SPLITS = "DuckDB alone: ratings.csv -> table", "splits"
NEWER = 10_000


@pytest.mark.timeout(7200)
def test_ingest_of_many_ratings(tmp_path: Path) -> None:
    raw = tmp_path / "data" / "raw" / "movies-dataset"
    named = os.environ.get("RECSYS_BENCHMARK_DROP")
    if named:
        raw.mkdir(parents=True)
        for path in Path(named).glob("*.csv"):
            os.symlink(path, raw / path.name)
    else:
        asked = int(os.environ.get("RECSYS_BENCHMARK_RATINGS", "5000000"))
        layout = LAYOUTS["movies-dataset"]
        Console().print(f"[dim]ingest: generating {asked:,} ratings ...[/]")
        write_drop(layout, sized(layout, ratings=asked), raw)
    Console().print("[dim]ingest: DuckDB alone, ingest, the same again, a newer drop, splits ...[/]")
    process = subprocess.run(  # a process of its own: its peak is that of ingest alone
        [sys.executable, __file__, str(tmp_path)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
    )
    measured = json.loads(process.stdout.splitlines()[-1])
    seconds, facts = measured["seconds"], measured["facts"]
    alone = seconds.pop(ALONE)
    first = [s for s in seconds if not s.startswith(("again", "newer", SPLITS))]
    seconds["ingest, all of it"] = sum(seconds[s] for s in first)
    table = RichTable(
        title=f"{facts['ratings']:,} ratings, {facts['bytes'] / 1e6:,.0f} MB, {os.cpu_count()} cores",
        title_justify="left",
    )
    for column in ("step", "seconds", "times DuckDB alone"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for what, spent in {ALONE: alone, **seconds}.items():
        table.add_row(what, f"{spent:.1f}", f"{spent / alone:.2f}")
    peak, with_splits = facts["peak_mb"], facts["peak_with_splits"]
    table.caption = f"peak memory of ingest {peak:,.0f} MB, splits included {with_splits:,.0f} MB"
    show(table, "ingest")
    assert facts["rows_in"] == facts["accounted"]
    assert 0.9 * NEWER < facts["added"] <= NEWER  # a few rate movies that are not known
    assert facts["change"] == ["rebuilt", "unchanged", "appended"]


def run(folder: Path) -> dict[str, object]:
    """Ingest what is in `folder`, and tell how long each step took (s)."""
    settings = load_settings(data_dir=folder / "data", models_dir=folder / "models", dataset="movies-dataset")
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[what] = seconds.get(what, 0.0) + time.perf_counter() - started
        sys.stdout.write(f"{what}: {seconds[what]:.1f} s\n")

    lake = Lake(settings.lake_dir)
    published = settings.raw_dir / settings.dataset / "ratings.csv"
    _warm_up(folder)
    with timed(ALONE), duckdb.connect(str(folder / "alone.duckdb")) as con:
        con.execute(f"SET threads = {settings.duckdb_threads}")
        con.execute("CREATE TABLE r AS FROM read_csv(?)", [str(published)])
    reports = []
    for again in ("", "again: ", f"newer drop of {NEWER:,}: "):
        if again.startswith("newer"):
            _write_newer(published, drops_dir(settings) / "newer" / "ratings.csv")
        fetch._DIGESTS.clear()  # each time is a run of its own, in processes that have hashed nothing yet
        with timed(f"{again}find and check the files"):
            files = prepare(settings)
        with ExitStack() as opened:
            con = opened.enter_context(Warehouse.of(settings).connect())
            with timed(f"{again}land"):
                list(load_tables(con, RAW_TABLES, files))
            with timed(f"{again}judge"):
                list(validate_tables(con, RAW_TABLES))
            with timed(f"{again}clean"):
                reports.append({r.table: r for r in clean_tables(con, list(VALIDATED_FROM))}["ratings"])
            with timed(f"{again}judge"):
                list(validate_tables(con, list(VALIDATED_FROM)))
            with timed(f"{again}catalogue"):
                build_catalogue(con)
                validate(con, CATALOGUE)
            with timed(f"{again}publish"):
                publish_snapshot(con, lake, PUBLISHED)
            with timed(f"{again}close the warehouse"):  # what was not stored yet is stored now
                opened.close()
        if not again:
            peak = peak_mb()
    with timed(SPLITS):
        publish_splits(lake, seed=settings.seed)
    facts = {
        "ratings": reports[0].rows_out,
        "bytes": published.stat().st_size,
        "peak_mb": peak,
        "peak_with_splits": peak_mb(),
        "rows_in": [r.rows_in for r in reports],
        "accounted": [r.rows_out + sum(r.quarantined.values()) for r in reports],
        "change": [r.change for r in reports],
        "added": reports[2].added,
    }
    return {"seconds": seconds, "facts": facts}


def _warm_up(folder: Path) -> None:
    """Great Expectations takes 3-5 s to import, whatever the size; in a run it is loaded before the first step."""
    with Warehouse(folder / "warm.duckdb", "warm").connect() as con:
        load_raw(con, RAW_TABLES[1], [])
        validate(con, RAW_TABLES[1])


def _write_newer(published: Path, target: Path) -> None:
    """New users rate movies that are known, a day after the last rating."""
    target.parent.mkdir(parents=True)
    known = pl.scan_csv(published).head(NEWER).collect()
    last = pl.scan_csv(published).select(pl.col("userId").max(), pl.col("timestamp").max()).collect().row(0)
    row = pl.int_range(pl.len())
    known.with_columns(userId=last[0] + 1 + row, timestamp=last[1] + row).write_csv(target)


if __name__ == "__main__":
    try:
        sys.stdout.write(json.dumps(run(Path(sys.argv[1]))) + "\n")
    finally:
        shutil.rmtree(Path(sys.argv[1]) / "data" / "lake", ignore_errors=True)
