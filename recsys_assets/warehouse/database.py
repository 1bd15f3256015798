"""Connections to the one DuckDB file: opened briefly, by one process at a time, always closed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from recsys_assets.settings import Settings
from recsys_assets.warehouse.sql import identifier

POLL_SECONDS = 0.2
"""Between two tries to open a file that another process holds."""

_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


class WarehouseError(Exception):
    """The warehouse can't be opened or lacks a table; the message names the file, the fault and the remedy."""


@dataclass(frozen=True)
class Warehouse:
    """One data set's schema in the warehouse file. DuckDB lets one process at a time open the file."""

    path: Path
    dataset: str
    """Name of the DuckDB schema."""
    threads: int = 2
    memory_limit: str = "4GB"
    lock_timeout: float = 60.0
    """Seconds to wait for another process to close the file."""

    @classmethod
    def of(cls, settings: Settings) -> Warehouse:
        return cls(
            path=settings.warehouse_path,
            dataset=settings.dataset,
            threads=settings.duckdb_threads,
            memory_limit=settings.duckdb_memory_limit,
            lock_timeout=settings.warehouse_lock_timeout,
        )

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose unqualified names are this data set's; closed when left, whatever happens."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        con = self._open()
        try:
            schema = identifier(self.dataset)
            con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            con.execute(f"USE {schema}")
            yield con
        finally:
            con.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self.lock_timeout
        while True:
            try:
                return duckdb.connect(str(self.path), config=self._config())
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise WarehouseError(
                        f"{self.path} can't be opened as a DuckDB file: {_first_line(error)}. "
                        "If it is not one, move it away and re-materialize the raw tables."
                    ) from error
                if time.monotonic() >= deadline:
                    raise WarehouseError(self._locked(str(error))) from error
            time.sleep(POLL_SECONDS)

    def _config(self) -> dict[str, str | bool | int | float | list[str]]:
        return {
            "threads": self.threads,
            "memory_limit": self.memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }

    def _locked(self, message: str) -> str:
        holder = _HOLDER.search(message)
        who = f"process {holder['pid']} ({holder['program']})" if holder else "another process"
        return (
            f"{self.path} is held by {who}, and still was after {self.lock_timeout:g} s. Wait for its run to end or "
            "stop it, then repeat; or raise RECSYS_WAREHOUSE_LOCK_TIMEOUT (seconds)."
        )


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block's changes, or, after an error, none."""
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


@contextmanager
def in_any_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let this connection give rows in any order, for the length of a block.

    To keep an order no one asks for, DuckDB reads the parts of a UNION ALL one after another, each by one thread.
    """
    con.execute("SET SESSION preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("RESET SESSION preserve_insertion_order")


def require_tables(con: duckdb.DuckDBPyConnection, names: tuple[str, ...]) -> None:
    """Raise WarehouseError where a table has not been built yet."""
    existing = {name for (name,) in con.execute(_TABLES_AND_VIEWS).fetchall()}
    missing = [name for name in names if name not in existing]
    if missing:
        raise WarehouseError(
            f"the warehouse has no table {', '.join(missing)}. Re-materialize `{'`, `'.join(missing)}`."
        )


def stored_bytes(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """What a table takes in the warehouse file, in whole blocks; 0 while it is only in the write-ahead log."""
    found = con.execute(
        "SELECT count(DISTINCT block_id) * (SELECT block_size FROM pragma_database_size() LIMIT 1) "
        "FROM pragma_storage_info(?) WHERE block_id >= 0",
        [table],
    ).fetchone()
    return int(found[0] or 0) if found else 0


_TABLES_AND_VIEWS = """
SELECT table_name FROM duckdb_tables() WHERE schema_name = current_schema()
UNION SELECT view_name FROM duckdb_views() WHERE schema_name = current_schema()
"""


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")
