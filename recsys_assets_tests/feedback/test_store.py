"""Batches in the warehouse: every accepted event once, whatever comes twice, late, broken or is run again."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from recsys_assets.feedback.store import BatchReport, Folders, ingest_batches, waiting_batches


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE movies AS SELECT unnest(range(1, 50)) AS movie_id")
        yield connection


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "inbox", tmp_path / "accepted", tmp_path / "rejected")


def drop(folders: Folders, name: str, *ids: int, **other: Any) -> None:
    given = {"user_id": 1, "movie_id": 7, "action": "like", "timestamp": "2026-11-25T10:00:00Z"} | other
    folders.inbox.mkdir(exist_ok=True)
    lines = [json.dumps({"event_id": f"e{n}"} | given) + "\n" for n in ids]
    (folders.inbox / f"{name}.ndjson").write_text("".join(lines))


def stored(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [row[0] for row in con.execute("SELECT event_id FROM feedback ORDER BY event_id").fetchall()]


def test_a_batch_is_taken_and_its_file_is_kept(con: duckdb.DuckDBPyConnection, folders: Folders) -> None:
    drop(folders, "b1", 1, 2)
    assert waiting_batches(folders) == ["b1"]
    report = ingest_batches(con, folders, ["b1"])[0]
    assert (report.accepted, report.repeated, report.refused) == (2, 0, 0)
    assert stored(con) == ["e1", "e2"]
    assert (folders.accepted / "b1.ndjson").exists()
    assert waiting_batches(folders) == []


def test_the_same_batch_again_changes_nothing(con: duckdb.DuckDBPyConnection, folders: Folders) -> None:
    drop(folders, "b1", 1, 2)
    ingest_batches(con, folders, ["b1"])
    assert ingest_batches(con, folders, ["b1"])[0].accepted == 2  # as it stands
    drop(folders, "b1", 1, 2)  # a run was killed before the file was moved
    report = ingest_batches(con, folders, ["b1"])[0]
    assert (report.accepted, report.repeated) == (2, 0)
    assert stored(con) == ["e1", "e2"]


def test_a_name_that_was_taken_with_other_content_is_another_batch_and_replaces_nothing(
    con: duckdb.DuckDBPyConnection, folders: Folders
) -> None:
    drop(folders, "b1", 1)
    ingest_batches(con, folders, waiting_batches(folders))
    drop(folders, "b1", 2)
    (name,) = waiting_batches(folders)
    assert name.startswith("b1-")
    ingest_batches(con, folders, [name])
    assert stored(con) == ["e1", "e2"]
    assert {p.stem for p in folders.accepted.iterdir()} == {"b1", name}


def test_an_event_of_two_batches_is_one_event(con: duckdb.DuckDBPyConnection, folders: Folders) -> None:
    drop(folders, "b1", 1, 2)
    drop(folders, "b2", 2, 3)
    reports = ingest_batches(con, folders, ["b1", "b2"])
    assert [(r.accepted, r.repeated) for r in reports] == [(2, 0), (1, 1)]
    assert stored(con) == ["e1", "e2", "e3"]


def test_a_bad_batch_is_put_aside_with_its_reason_and_blocks_no_other(
    con: duckdb.DuckDBPyConnection, folders: Folders
) -> None:
    drop(folders, "b1", 1)
    folders.inbox.joinpath("b2.ndjson").write_text("not at all\n")
    drop(folders, "b3", 3)
    reports = ingest_batches(con, folders, waiting_batches(folders))
    assert [r.rejected for r in reports] == [False, True, False]
    assert stored(con) == ["e1", "e3"]
    assert "not JSON" in (folders.rejected / "b2.reason.txt").read_text()
    assert (folders.rejected / "b2.ndjson").exists()
    assert ingest_batches(con, folders, ["b2"])[0].rejected


def test_refused_events_are_in_quarantine_and_nothing_is_lost(con: duckdb.DuckDBPyConnection, folders: Folders) -> None:
    drop(folders, "b1", 1, 2)
    with (folders.inbox / "b1.ndjson").open("a") as more:
        more.write('{"event_id": "x", "user_id": 1, "movie_id": 999, "action": "skip", "timestamp": "2026-11-25"}\n')
        more.write("{\n")
    report = ingest_batches(con, folders, ["b1"])[0]
    assert (report.accepted, report.refused) == (2, 2)
    rules = con.execute("SELECT rule, source_file FROM quarantine ORDER BY rule").fetchall()
    assert rules == [("event_refused", "b1.ndjson"), ("movie_id_unknown", "b1.ndjson")]
    drop(folders, "b1", 1, 2)  # mended and dropped again
    ingest_batches(con, folders, ["b1"])
    assert con.execute("SELECT count(*) FROM quarantine").fetchall() == [(0,)]


def test_hostile_text_is_stored_as_it_is(con: duckdb.DuckDBPyConnection, folders: Folders) -> None:
    text = "'); DROP TABLE feedback; -- <script>alert(1)</script> \u202e\x07"
    drop(folders, "b1", 1, text=text)
    ingest_batches(con, folders, ["b1"])
    assert con.execute("SELECT text FROM feedback").fetchall() == [(text,)]


def test_a_kill_between_table_and_file_loses_and_doubles_nothing(
    con: duckdb.DuckDBPyConnection, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred batches in random order, some ids sent twice, two bad files, a kill at each tenth move."""
    rng = random.Random(5)
    sent: set[str] = set()
    for n in range(200):
        ids = [10 * n + k for k in range(5)] + [10 * rng.randrange(n + 1)]
        drop(folders, f"b{rng.randrange(10**9):09d}-{n}", *ids)
        sent |= {f"e{i}" for i in ids}
    for bad in ("bad1", "bad2"):
        folders.inbox.joinpath(f"{bad}.ndjson").write_text("{\n")
    import os

    replace, moves = os.replace, [0]

    def killed_now_and_then(*paths: Any) -> None:
        moves[0] += 1
        if moves[0] % 20 == 0:
            raise KeyboardInterrupt
        replace(*paths)

    monkeypatch.setattr(os, "replace", killed_now_and_then)
    kills = 0
    while waiting := waiting_batches(folders):
        rng.shuffle(waiting)
        try:
            ingest_batches(con, folders, waiting[:30])
        except KeyboardInterrupt:
            kills += 1
    assert kills >= 10
    assert stored(con) == sorted(sent)
    assert len(list(folders.rejected.glob("*.reason.txt"))) == 2


def test_a_batch_that_is_nowhere_is_said_to_be_missing(con: duckdb.DuckDBPyConnection, folders: Folders) -> None:
    folders.inbox.mkdir()
    report: BatchReport = ingest_batches(con, folders, ["gone"])[0]
    assert "no file of batch gone" in report.reason
