from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from recsys_assets.defs.failures import record_failure
from recsys_assets.defs.sensors import run_failures


def test_a_failed_run_is_written_where_a_person_reads_it(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    for run in ("r1", "r2"):
        log = record_failure(tmp_path, run_id=run, job="everything", reasons=[("svd", "out of\nmemory")], now=now)
    text = log.read_text()
    assert "2026-01-02T03:04:05+00:00  everything failed  (run r1)" in text
    assert "    svd: out of memory" in text
    assert text.count("everything failed") == 2


def test_the_sensor_writes_the_step_and_its_error(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))

    @dg.op
    def breaks() -> None:
        raise ValueError("no such column")

    @dg.job
    def doomed() -> None:
        breaks()

    with dg.DagsterInstance.ephemeral() as instance:
        result = doomed.execute_in_process(instance=instance, raise_on_error=False)
        with dg.build_run_status_sensor_context(
            sensor_name="run_failures",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure() as context:
            run_failures(context)
    text = (tmp_path / "logs" / "run_failures.log").read_text()
    assert "doomed failed" in text
    assert "breaks" in text
    assert "no such column" in text
