"""`recsys feedback`: events by hand and by file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys_assets.cli import app
from recsys_assets.feedback.store import Folders
from recsys_assets.settings import load_settings


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECSYS_DATASET", "synthetic")
    monkeypatch.setenv("COLUMNS", "200")
    return Folders.of(load_settings()).inbox


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["feedback", *arguments])
    return result.exit_code, result.output


def test_one_event_is_a_sealed_batch_when_the_command_ends(inbox: Path) -> None:
    code, said = run("add", "--user", "3", "--movie", "7", "--action", "rating", "--rating", "4.5", "--text", "fine")
    assert (code, "Added" in said) == (0, True)
    event = json.loads(next(inbox.glob("*.ndjson")).read_text())
    assert (event["user_id"], event["movie_id"], event["rating"], event["text"]) == (3, 7, 4.5, "fine")
    assert event["received_at"]


def test_a_wrong_event_is_refused_with_what_is_wanted(inbox: Path) -> None:
    code, said = run("add", "--user", "3", "--movie", "7", "--action", "rating", "--rating", "11")
    assert code == 2
    assert "less than or equal to 5" in said
    assert not list(inbox.glob("*"))


def test_a_file_brings_its_good_events_and_names_its_bad_lines(inbox: Path, tmp_path: Path) -> None:
    good = {"event_id": "a", "user_id": 1, "movie_id": 2, "action": "like", "timestamp": "2026-11-25T10:00:00Z"}
    lines = [
        json.dumps(good),
        json.dumps(good | {"event_id": "b", "action": "adore"}),
        json.dumps(good | {"event_id": "c"}),
    ]
    (tmp_path / "events.ndjson").write_text("\n".join(lines) + "\n")
    code, said = run("import", str(tmp_path / "events.ndjson"))
    assert code == 1
    assert "line 2: action" in said
    assert "2 events are in the inbox, 1 were refused" in said
    assert [json.loads(x)["event_id"] for x in next(inbox.glob("*.ndjson")).read_text().splitlines()] == ["a", "c"]


def test_status_says_what_waits_and_what_was_rejected(inbox: Path) -> None:
    run("add", "--user", "3", "--movie", "7", "--action", "like")
    rejected = Folders.of(load_settings()).rejected
    rejected.mkdir()
    (rejected / "b9.reason.txt").write_text("b9.ndjson: the file is empty\n")
    code, said = run("status")
    assert code == 0
    assert "the file is empty" in said
    found = json.loads(run("status", "--json")[1])
    assert (len(found["waiting"]), found["events"], list(found["rejected"])) == (1, 0, ["b9"])


def test_a_file_that_is_not_there_is_said_so(inbox: Path, tmp_path: Path) -> None:
    code, said = run("import", str(tmp_path / "none.ndjson"))
    assert code == 2
    assert "No such file" in said
