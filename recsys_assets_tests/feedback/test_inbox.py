"""The inbox: what was acknowledged is there, once, whatever happened to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from recsys_assets.feedback import FeedbackEvent, Inbox, parse_event, seal_orphans


def event(n: int, **fields: object) -> FeedbackEvent:
    given = {
        "event_id": f"e{n}",
        "user_id": 1 + n,
        "movie_id": 7,
        "action": "like",
        "timestamp": "2026-11-25T10:00:00Z",
    }
    return parse_event(given | fields)


def ids_in(folder: Path, pattern: str = "*.ndjson") -> list[str]:
    lines = [line for path in sorted(folder.glob(pattern)) for line in path.read_bytes().splitlines()]
    return [FeedbackEvent.model_validate_json(line).event_id for line in lines]


def test_an_acknowledged_event_is_in_the_file_before_anything_else_happens(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.append([event(1), event(2)])
    assert ids_in(tmp_path, "*.open") == ["e1", "e2"]
    inbox.close()
    assert ids_in(tmp_path) == ["e1", "e2"]
    assert not list(tmp_path.glob("*.open"))


def test_a_full_segment_is_sealed_and_no_request_is_cut(tmp_path: Path) -> None:
    with Inbox(tmp_path, max_events=3) as inbox:
        inbox.append([event(n) for n in range(2)])
        assert not list(tmp_path.glob("*.ndjson"))
        inbox.append([event(n) for n in range(2, 6)])
        assert [len(p.read_bytes().splitlines()) for p in tmp_path.glob("*.ndjson")] == [6]
        inbox.append([event(9)])
    assert sorted(ids_in(tmp_path)) == ["e0", "e1", "e2", "e3", "e4", "e5", "e9"]


def test_an_old_segment_is_sealed_by_the_next_request_or_the_timer(tmp_path: Path) -> None:
    now = [0.0]
    with Inbox(tmp_path, max_seconds=60, clock=lambda: now[0]) as inbox:
        inbox.append([event(1)])
        now[0] = 59.9
        assert inbox.seal_if_old() is None
        now[0] = 60.0
        assert inbox.seal_if_old() is not None
        assert ids_in(tmp_path) == ["e1"]
        inbox.append([event(2)])
        now[0] = 130.0
        inbox.append([event(3)])
        assert ids_in(tmp_path) == ["e1", "e2"]


def test_what_a_killed_process_acknowledged_is_sealed_at_the_next_start(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from recsys_assets_tests.feedback.test_inbox import event, Inbox\n"
        "inbox = Inbox(Path(sys.argv[1]))\n"
        "for n in range(10_000):\n    inbox.append([event(n)]); print(n, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 50:
                break
        assert not seal_orphans(tmp_path)  # its writer lives
        os.kill(process.pid, signal.SIGKILL)
        said = [int(line) for line in process.stdout]
    acknowledged = max(said, default=50)
    Inbox(tmp_path).close()
    assert ids_in(tmp_path)[: acknowledged + 1] == [f"e{n}" for n in range(acknowledged + 1)]


def test_an_empty_open_segment_of_a_dead_process_leaves_no_batch(tmp_path: Path) -> None:
    (tmp_path / "20261125T000000000000-aa.open").touch()
    assert seal_orphans(tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_threads_share_one_inbox_and_nothing_is_lost_or_mixed(tmp_path: Path) -> None:
    with Inbox(tmp_path, max_events=7) as inbox:
        threads = [
            threading.Thread(target=lambda t=t: [inbox.append([event(100 * t + n)]) for n in range(25)])
            for t in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(ids_in(tmp_path)) == sorted(f"e{100 * t + n}" for t in range(4) for n in range(25))


def test_a_failed_write_is_not_acknowledged_and_the_next_request_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(tmp_path)
    inbox.append([event(1)])
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            inbox.append([event(2)])
    inbox.append([event(2)])
    inbox.close()
    assert len({path.name for path in tmp_path.glob("*.ndjson")} | {p.name for p in tmp_path.glob("*.open")}) == 2
    seal_orphans(tmp_path)
    assert set(ids_in(tmp_path)) == {"e1", "e2"}


def test_an_events_own_time_cannot_be_far_ahead() -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert event(1).received(now).received_at == now
    with pytest.raises(ValueError, match="outside 2020-01-01"):
        event(1, timestamp="2026-11-27T10:00:00Z").received(now)
