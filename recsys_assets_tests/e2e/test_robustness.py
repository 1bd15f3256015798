"""Two runs at once, a run that is killed, data that must not pass."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import duckdb
import pytest

from recsys_assets_tests.e2e.conftest import RUN_SECONDS, Deployment, deploy

pytestmark = pytest.mark.e2e


def test_two_materializations_at_once_neither_corrupt_nor_deadlock(tmp_path: Path) -> None:
    deployment = deploy(tmp_path)
    both = [deployment.start("materialize", "*splits") for _ in range(2)]
    results = [(p.communicate(timeout=RUN_SECONDS), p.returncode) for p in both]
    assert [code for _, code in results] == [0, 0], results
    _ratings_are_whole(deployment)


def test_a_killed_run_can_be_repeated(tmp_path: Path) -> None:
    deployment = deploy(tmp_path)
    first = deployment.start("materialize", "*splits")
    warehouse = tmp_path / "data" / "recsys.duckdb"
    deadline = time.monotonic() + 120
    while not warehouse.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert warehouse.exists()
    os.killpg(first.pid, signal.SIGKILL)  # in the middle of a step that holds the pool's only slot
    first.communicate(timeout=30)
    deployment.recsys("materialize", "*splits")
    _ratings_are_whole(deployment)


def _ratings_are_whole(deployment: Deployment) -> None:
    with duckdb.connect(str(deployment.root / "data" / "recsys.duckdb"), read_only=True) as con:
        raw, valid, quarantined = con.sql(
            "SELECT (SELECT count(*) FROM synthetic.raw_ratings), (SELECT count(*) FROM synthetic.ratings), "
            "(SELECT count(*) FROM synthetic.quarantine WHERE table_name = 'ratings')"
        ).fetchall()[0]
    assert raw == valid + quarantined > 10_000
