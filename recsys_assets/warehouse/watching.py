"""How far a long query is: DuckDB knows, and a thread asks it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from recsys_assets.progress import Progress, silent

EVERY_SECONDS = 5.0


@contextmanager
def watched(
    con: duckdb.DuckDBPyConnection, what: str, progress: Progress, *, every_seconds: float = EVERY_SECONDS
) -> Iterator[None]:
    """Tell `progress` every few seconds how much of the block's query is done; quick queries stay silent."""
    if progress is silent:
        yield
        return
    con.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    ended, started = threading.Event(), time.monotonic()

    def tell() -> None:
        while not ended.wait(every_seconds):
            done = con.query_progress()
            share = f"{done:.0f} %, " if done >= 0 else ""
            progress(f"{what}: {share}{time.monotonic() - started:.0f} s")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
