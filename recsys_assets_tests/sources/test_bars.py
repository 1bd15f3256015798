from __future__ import annotations

import sys

import pytest

from recsys_assets.sources import bars


def test_lines_come_at_most_every_interval_and_say_percent_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 2.0, 3.0, 4.5])
    monkeypatch.setattr(bars.time, "monotonic", lambda: next(clock))
    said: list[str] = []
    with bars.progress_bar("ml.zip", 4_000_000, progress=said.append, done=0) as advance:
        for _ in range(4):
            advance(1_000_000)
    assert said == ["ml.zip: 50 %, 2.0 of 4.0 MB", "ml.zip: 100 %, 4.0 of 4.0 MB"]


def test_work_that_counts_says_how_many_of_what(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    said: list[str] = []
    with bars.counted("drawing", 4_000, "users", progress=said.append, every_seconds=0) as advance:
        advance(1_000)
    assert said == ["drawing: 1,000 of 4,000 users, 25 %"]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with bars.counted("drawing", 4_000, "users", progress=said.append, every_seconds=0) as advance:
        advance(4_000)
    assert len(said) == 1
    assert "4,000 of 4,000 users" in capsys.readouterr().err


def test_an_unknown_total_gives_only_the_size() -> None:
    assert bars.describe(1_500_000, None) == "1.5 MB"


def test_a_terminal_gets_a_bar_and_no_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    said: list[str] = []
    with bars.progress_bar("ml.zip", 2_000_000, progress=said.append, every_seconds=0) as advance:
        advance(2_000_000)
    assert said == []
    assert "ml.zip" in capsys.readouterr().err
