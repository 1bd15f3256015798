from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import duckdb
import pytest

from recsys_assets.settings import Settings
from recsys_assets.warehouse.database import Warehouse, WarehouseError, require_tables, transaction

HOLD = """
import duckdb, sys, time
con = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(float(sys.argv[2]))
"""


def holder(warehouse: Warehouse, seconds: float) -> subprocess.Popen[str]:
    """Another process that keeps the file open for so long."""
    warehouse.path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", HOLD, str(warehouse.path), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_file_held_by_another_process_is_refused_with_its_pid_and_a_remedy(settings: Settings) -> None:
    warehouse = replace(Warehouse.of(settings), lock_timeout=0.3)
    process = holder(warehouse, 60)
    try:
        with pytest.raises(WarehouseError) as error, warehouse.connect():
            pass
    finally:
        process.kill()
        process.communicate()
    assert str(warehouse.path) in str(error.value)
    assert f"process {process.pid}" in str(error.value)
    assert "RECSYS_WAREHOUSE_LOCK_TIMEOUT" in str(error.value)


def test_a_file_that_is_let_go_in_time_is_opened(settings: Settings) -> None:
    warehouse = replace(Warehouse.of(settings), lock_timeout=30)
    process = holder(warehouse, 0.6)
    try:
        with warehouse.connect() as con:
            assert con.execute("SELECT 1").fetchone() == (1,)
    finally:
        process.communicate()


def test_an_error_inside_closes_the_file_for_other_processes(settings: Settings) -> None:
    warehouse = Warehouse.of(settings)
    with pytest.raises(RuntimeError), warehouse.connect() as con:
        raise RuntimeError
    with pytest.raises(duckdb.ConnectionException):
        con.execute("SELECT 1")
    command = [sys.executable, "-c", HOLD, str(warehouse.path), "0"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "open\n"


def test_data_sets_share_the_file_but_no_tables(settings: Settings) -> None:
    ours, theirs = Warehouse.of(settings), replace(Warehouse.of(settings), dataset='odd "name"')
    with ours.connect() as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a")
    with theirs.connect() as con:
        con.execute("CREATE TABLE t AS SELECT 2 AS a")
    with ours.connect() as con:
        assert con.execute("FROM t").fetchall() == [(1,)]


def test_threads_memory_and_no_downloaded_extensions_are_set(settings: Settings) -> None:
    with replace(Warehouse.of(settings), threads=1, memory_limit="512MiB").connect() as con:
        shown = con.execute(
            "SELECT current_setting('threads'), current_setting('memory_limit'), "
            "current_setting('autoinstall_known_extensions'), current_setting('autoload_known_extensions')"
        ).fetchone()
    assert shown == (1, "512.0 MiB", False, False)


def test_a_file_that_is_no_database_is_named(settings: Settings) -> None:
    settings.warehouse_path.parent.mkdir(parents=True)
    settings.warehouse_path.write_text("not a database" * 1000)
    with pytest.raises(WarehouseError, match="move it away"), Warehouse.of(settings).connect():
        pass


def test_a_failed_transaction_leaves_nothing(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE TABLE t AS SELECT 1 AS a")
    with pytest.raises(duckdb.ConversionException), transaction(con):
        con.execute("INSERT INTO t VALUES (2); INSERT INTO t VALUES ('x')")
    assert con.execute("FROM t").fetchall() == [(1,)]


def test_a_table_not_built_yet_is_named_with_its_asset(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(WarehouseError, match="Re-materialize `raw_ratings`"):
        require_tables(con, ("raw_ratings",))
