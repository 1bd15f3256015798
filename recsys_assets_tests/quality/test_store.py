"""What is kept of each run, which of them later runs are compared with, and what damaged files do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from recsys_assets.quality import store, validate
from recsys_assets.quality.store import (
    StoreError,
    accept_volume,
    history,
    last_reference,
    record,
    runs,
    stored_report,
)
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.tables import MOVIES, RATINGS

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(create_table_sql(MOVIES))
        connection.execute(create_table_sql(RATINGS))
        connection.execute("INSERT INTO movies (movie_id, title, genres) VALUES (10, 'A', []), (20, 'B', ['Drama'])")
        yield connection


def _ratings(con: duckdb.DuckDBPyConnection, rows: int, *, movie: int = 10) -> None:
    con.execute("DELETE FROM ratings")
    con.execute(f"INSERT INTO ratings SELECT i + 1, {movie}, 4, '2020-01-01' FROM range({rows}) r(i)")


def _run(settings, con: duckdb.DuckDBPyConnection, run_id: str, *, day: int, only: set[str] | None = None):
    reference = last_reference(settings, "ratings", before_run=run_id)
    report = validate(con, RATINGS, only=only, reference=reference)
    return record(settings, report, run_id=run_id, now=START + timedelta(days=day))


def test_the_file_of_a_run_is_as_agreed(settings, con) -> None:
    con.execute(
        "CREATE TABLE IF NOT EXISTS quarantine (table_name VARCHAR, rule VARCHAR, reason VARCHAR, "
        "source_file VARCHAR, source_line BIGINT, row_json VARCHAR)"
    )
    con.execute("INSERT INTO quarantine VALUES ('ratings', 'duplicate', '', 'r.csv', 2, '{}')")
    _ratings(con, 3, movie=99)
    _run(settings, con, "run-1", day=0)
    path = settings.quality_dir / "synthetic" / "runs" / "run-1" / "ratings.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert {k: kept[k] for k in ("table", "dataset", "layer", "run_id", "checked_at", "rows", "quarantined")} == {
        "table": "ratings",
        "dataset": "synthetic",
        "layer": "validated",
        "run_id": "run-1",
        "checked_at": "2026-01-01T00:00:00+00:00",
        "rows": 3,
        "quarantined": {"duplicate": 1},
    }
    known = next(r for r in kept["results"] if r["rule"] == "movie_id_is_known")
    assert known["sample"][0] == {"user_id": "1", "movie_id": "99", "rating": "4.0", "timestamp": "2020-01-01 00:00:00"}
    assert (known["severity"], known["passed"], known["observed"]) == ("critical", False, 3)
    assert (known["minimum"], known["maximum"], known["expected"]) == (None, 0, "at most 0")
    stars = kept["distributions"][0]
    assert stars == {
        "name": "stars",
        "title": "Ratings by stars",
        "labels": ["4"],
        "counts": [3],
        "reference": None,
        "reference_run": None,
        "psi": None,
    }
    assert stored_report(settings, "run-1", "ratings").to_json() == kept | {
        "results": tuple({**r, "sample": tuple(r["sample"])} for r in kept["results"]),
        "distributions": tuple(
            {**d, "labels": tuple(d["labels"]), "counts": tuple(d["counts"])} for d in kept["distributions"]
        ),
    }


def test_a_run_is_compared_with_the_last_sound_one_and_never_with_itself(settings, con) -> None:
    assert last_reference(settings, "ratings") is None
    _ratings(con, 100)
    _run(settings, con, "sound", day=0)
    _ratings(con, 80, movie=99)  # unknown movie: critical
    _run(settings, con, "broken", day=1)
    _ratings(con, 120)
    first = _run(settings, con, "now", day=2)
    again = _run(settings, con, "now", day=3)
    gained = {r.rule: r.observed for r in again.results}["rows_are_as_many"]
    assert gained == pytest.approx(0.2)
    assert {d.reference_run for d in first.distributions} == {d.reference_run for d in again.distributions} == {"sound"}
    assert first.distributions[0].reference == (100,)
    found = last_reference(settings, "ratings")
    assert found is not None
    assert (found.run_id, found.rows) == ("now", 120)


def test_checks_that_ran_in_part_are_laid_over_the_run_and_are_no_reference_alone(settings, con) -> None:
    _ratings(con, 100, movie=99)
    whole = _run(settings, con, "a", day=0)
    con.execute("UPDATE ratings SET movie_id = 10")
    part = _run(settings, con, "a", day=1, only={"movie_id_is_known"})
    assert whole.broken == ("movie_id_is_known",)
    assert part.broken == ()
    assert [r.rule for r in part.results] == [r.rule for r in whole.results]
    assert part.complete
    assert part.distributions == whole.distributions
    _run(settings, con, "b", day=2, only={"has_rows"})
    found = last_reference(settings, "ratings")
    assert found is not None
    assert found.run_id == "a"


def test_runs_come_newest_first_and_the_oldest_are_dropped(settings, con, monkeypatch) -> None:
    monkeypatch.setattr(store, "KEPT_RUNS", 4)
    _ratings(con, 10)
    for day in range(6):
        _run(settings, con, f"run-{day}", day=day)
    assert [run.run_id for run in runs(settings)] == ["run-5", "run-4", "run-3", "run-2"]
    assert set(history(settings, "ratings")["run_id"]) == {f"run-{day}" for day in range(6)}


def test_the_last_sound_run_outlives_any_number_of_broken_ones(settings, con, monkeypatch) -> None:
    monkeypatch.setattr(store, "KEPT_RUNS", 3)
    _ratings(con, 10)
    _run(settings, con, "older", day=0)
    _run(settings, con, "sound", day=1)
    _ratings(con, 10, movie=99)
    for day in range(2, 8):
        _run(settings, con, f"broken-{day}", day=day)
    assert [run.run_id for run in runs(settings)] == ["broken-7", "broken-6", "broken-5", "sound"]


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "{}", '{"table": "ratings"}', "\x00", "null", '{"results": 3}'], ids=repr
)
def test_a_damaged_report_is_named_and_does_not_stop_later_runs(settings, con, damage: str) -> None:
    _ratings(con, 10)
    _run(settings, con, "good", day=0)
    _run(settings, con, "bad", day=1)
    path = settings.quality_dir / "synthetic" / "runs" / "bad" / "ratings.json"
    path.write_text(damage)
    with pytest.raises(StoreError, match="is not a stored report") as error:
        stored_report(settings, "bad", "ratings")
    assert str(path) in str(error.value)
    assert "Delete it" in str(error.value)
    newest, oldest = runs(settings)
    assert (newest.run_id, list(newest.reports)) == ("good", ["ratings"])
    assert "is not a stored report" in oldest.damaged["ratings"]
    reference = last_reference(settings, "ratings")
    assert reference is not None
    assert reference.run_id == "good"
    assert _run(settings, con, "bad", day=2).complete


def test_a_report_that_is_not_kept_says_where_it_would_be(settings) -> None:
    with pytest.raises(StoreError, match=r"runs/nothing/ratings\.json is not there: run nothing did not validate"):
        stored_report(settings, "nothing", "ratings")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a\x00b"])
def test_names_stay_in_their_folder(settings, name: str) -> None:
    with pytest.raises(StoreError, match="is not the name of a run or table"):
        stored_report(settings, name, "ratings")


def test_long_cells_are_cut(settings, con) -> None:
    con.execute("INSERT INTO movies (movie_id, title, genres, year) VALUES (30, repeat('x', 5000), [], 3000)")
    record(settings, validate(con, MOVIES, only={"year_in_range"}), run_id="a")
    row = stored_report(settings, "a", "movies").results[0].sample[0]
    assert row["title"] == "x" * 999 + "…"
    assert row["imdb_id"] is None


def test_a_loss_of_rows_is_accepted_by_name_and_nothing_else_is(settings, con) -> None:
    with pytest.raises(StoreError, match="no run of synthetic has validated `ratings`"):
        accept_volume(settings, "ratings")
    _ratings(con, 100)
    _run(settings, con, "full", day=0)
    with pytest.raises(StoreError, match="did not lose too many rows"):
        accept_volume(settings, "ratings")
    _ratings(con, 20, movie=99)
    _run(settings, con, "worse", day=1)
    with pytest.raises(StoreError, match="broke movie_id_is_known in run worse"):
        accept_volume(settings, "ratings")
    _ratings(con, 20)
    assert _run(settings, con, "small", day=2).broken == ("rows_have_not_collapsed",)
    assert accept_volume(settings, "ratings").run_id == "small"
    assert _run(settings, con, "next", day=4).broken == ()
    reference = last_reference(settings, "ratings")
    assert reference is not None
    assert (reference.run_id, reference.rows) == ("next", 20)
