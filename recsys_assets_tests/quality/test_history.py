from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import pytest

from recsys_assets.quality import history as history_module
from recsys_assets.quality import validate
from recsys_assets.quality.history import append_history, history, history_path
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.tables import MOVIES


@pytest.fixture
def report():
    with duckdb.connect() as con:
        con.execute(create_table_sql(MOVIES))
        yield validate(con, MOVIES, only={"has_rows"})


def test_every_validation_is_kept_in_order(settings, report) -> None:
    assert len(history(settings, "movies")) == 0
    assert "passed" in history(settings, "movies").columns
    for day, run in enumerate(("a", "b"), start=1):
        append_history(settings, report, run_id=run, now=datetime(2026, 1, day, tzinfo=UTC))
    kept = history(settings, "movies")
    assert kept["run_id"].to_list() == ["a", "b"]
    assert kept["checked_at"].to_list() == ["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"]
    assert kept["passed"].to_list() == [False, False]


def test_the_oldest_lines_are_dropped_once_there_are_too_many(settings, report, monkeypatch) -> None:
    monkeypatch.setattr(history_module, "KEPT_LINES", 20)
    for n in range(23):
        append_history(settings, report, run_id=str(n))
        assert len(history(settings, "movies")) <= 22
    assert history(settings, "movies")["run_id"].to_list() == [str(n) for n in range(3, 23)]


@pytest.mark.parametrize(
    "damage", ['{"run_id": "cut', "123\n", "{}\n", "\x00\n", '["a"]\n', '{"run_id": "x", "passed": 1}\n']
)
def test_a_damaged_line_is_left_out_and_named(settings, report, caplog, damage: str) -> None:
    append_history(settings, report, run_id="a")
    path = history_path(settings, "movies")
    with path.open("a") as handle:
        handle.write(damage)
    append_history(settings, report, run_id="b")
    assert history(settings, "movies")["run_id"].to_list() == ["a", "b"]
    assert f"{path}: line 2 is no verdict" in caplog.text


def test_a_figure_that_is_no_number_is_kept_as_none(settings, report) -> None:
    broken = type(report)(
        **{
            **report.__dict__,
            "results": tuple(type(r)(**{**r.__dict__, "observed": float("nan")}) for r in report.results),
        }
    )
    append_history(settings, broken, run_id="a")
    assert history(settings, "movies")["observed"].to_list() == [None]
    json.loads(history_path(settings, "movies").read_text(), parse_constant=pytest.fail)
