"""Batches: accepted + refused = read, whatever was done to the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.feedback.batches import MAX_LINE, Batch, BatchError, read_batch
from recsys_assets.feedback.events import EVENT_SCHEMA


def fields(n: int, **other: Any) -> dict[str, Any]:
    given = {
        "event_id": f"e{n}",
        "user_id": 1,
        "movie_id": n + 1,
        "action": "like",
        "timestamp": "2026-11-25T10:00:00Z",
    }
    return given | other


def line(n: int, **other: Any) -> bytes:
    return json.dumps(fields(n, **other)).encode() + b"\n"


def written(folder: Path, content: bytes, name: str = "20261125T100000-a.ndjson") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_events_keep_their_fields_and_the_batch_its_name(tmp_path: Path) -> None:
    batch = read_batch(written(tmp_path, line(1, propensity=0.25, policy="dqn") + line(2, text="lovely 🎬")))
    assert batch.name == "20261125T100000-a"
    assert dict(batch.events.schema) == EVENT_SCHEMA
    assert batch.events["propensity"].to_list() == [0.25, None]
    assert batch.events["text"].to_list() == [None, "lovely 🎬"]
    assert batch.events["received_at"].null_count() == 0
    assert len(batch.refused) == 0


def test_a_bad_event_is_refused_with_its_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    content = line(1) + line(2, action="adore") + b"{oops}\n" + line(3, event_id="e1") + b"\xff\n" + line(4)
    batch = read_batch(written(tmp_path, content))
    assert batch.events["event_id"].to_list() == ["e1", "e4"]
    assert batch.refused["line"].to_list() == [2, 3, 4, 5]
    said = batch.refused["reason"].to_list()
    assert "action" in said[0]
    assert "not JSON" in said[1]
    assert "in this file already" in said[2]
    assert "not UTF-8" in said[3]


def test_a_torn_last_line_is_refused_and_said_to_be_torn(tmp_path: Path) -> None:
    batch = read_batch(written(tmp_path, line(1) + line(2)[:-20]))
    assert batch.events["event_id"].to_list() == ["e1"]
    assert "cut off" in batch.refused["reason"][0]


def test_an_endless_line_is_not_held_and_what_follows_is_read(tmp_path: Path) -> None:
    batch = read_batch(written(tmp_path, b"x" * (3 * MAX_LINE) + b"\n" + line(1)))
    assert batch.events["event_id"].to_list() == ["e1"]
    assert batch.refused["line"].to_list() == [1]
    assert len(batch.refused["content"][0]) <= 500


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "a.ndjson", "empty"),
        (b"\n\n", "a.ndjson", "empty"),
        (b"not at all\n", "a.ndjson", "no event of 1"),
        (b"PAR1 and nothing else", "a.parquet", "not a parquet file"),
        (line(1), "a.csv", "a batch is a"),
    ],
)
def test_a_file_of_nothing_is_refused_as_a_batch(tmp_path: Path, content: bytes, name: str, said: str) -> None:
    with pytest.raises(BatchError, match=said):
        read_batch(written(tmp_path, content, name))


def test_parquet_says_the_same_as_ndjson(tmp_path: Path) -> None:
    rows = [fields(1, propensity=0.5), fields(2, action="rating", rating=4.0), fields(3, rating=2.0)]
    as_lines = read_batch(written(tmp_path, b"".join(json.dumps(r).encode() + b"\n" for r in rows)))
    pl.DataFrame(rows).write_parquet(tmp_path / "b.parquet")
    as_parquet = read_batch(tmp_path / "b.parquet")
    assert as_parquet.events.drop("received_at").equals(as_lines.events.drop("received_at"))
    assert as_parquet.refused["reason"].equals(as_lines.refused["reason"])


@pytest.mark.parametrize(("change", "said"), [({"movie": 1}, "unknown column movie"), (None, "no column user_id")])
def test_parquet_with_wrong_columns_is_refused_as_a_batch(
    tmp_path: Path, change: dict[str, int] | None, said: str
) -> None:
    frame = pl.DataFrame([fields(1) | change]) if change else pl.DataFrame([fields(1)]).drop("user_id")
    frame.write_parquet(tmp_path / "b.parquet")
    with pytest.raises(BatchError, match=said):
        read_batch(tmp_path / "b.parquet")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=6), st.integers(0, 400))
def test_accepted_and_refused_are_all_that_was_read(tmp_path: Path, junk: list[bytes], cut: int) -> None:
    content = line(0) + b"".join(j + b"\n" + line(n + 1) for n, j in enumerate(junk))
    content = content[: max(len(line(0)), len(content) - cut)]
    lines = [part for part in content.split(b"\n") if part.strip()]
    batch: Batch = read_batch(written(tmp_path, content))
    assert batch.read == len(lines)
    assert batch.events["event_id"].n_unique() == len(batch.events)
