"""Lines that can't be rows are found before the file is read."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.sources.files import SourceError
from recsys_assets.warehouse import long_lines
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.long_lines import LINE_LIMIT, refuse_long_lines
from recsys_assets.warehouse.tables import RAW_RATINGS
from recsys_assets_tests.warehouse.files import ratings_file

ROW = "1,1,4.0,1000000000"


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 1), (5_000, 1), (1, 5_000)])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_that_is_far_too_long_is_refused_by_its_number(
    tmp_path: Path, before: int, after: int, end: str
) -> None:
    file = ratings_file(tmp_path, *[ROW] * before, "9" * (LINE_LIMIT + 40_000), *[ROW] * after)
    file.path.write_bytes(file.path.read_bytes().replace(b"\n", end.encode()))
    with pytest.raises(SourceError, match=rf"ratings\.csv line {before + 2:,}: it is longer than 1,024 kB") as refused:
        refuse_long_lines(file)
    assert "Put a sound copy in its place" in str(refused.value)


def test_a_file_whose_line_ends_were_lost_is_refused_at_once_and_what_was_there_stays(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """DuckDB would note 200,000 faults with 10,000 characters each."""
    load_raw(con, RAW_RATINGS, (ratings_file(tmp_path, ROW),))
    lost = ratings_file(tmp_path, ROW, ",".join([ROW] * 50_000), ROW)
    with pytest.raises(SourceError, match=r"line 3: 200,000 fields between ',', where a row has 4"):
        load_raw(con, RAW_RATINGS, (lost,))
    assert con.execute("SELECT user_id, source_line FROM raw_ratings").fetchall() == [("1", 2)]


def test_long_rows_that_are_rows_are_left_alone(tmp_path: Path) -> None:
    quoted = '"' + 'a, ""b"", ' * 20_000 + '"'
    refuse_long_lines(ratings_file(tmp_path, f"1,1,{quoted},5", "x" * (LINE_LIMIT - 10), ROW))


def test_a_gigabyte_without_a_line_end_is_not_read_into_memory(tmp_path: Path) -> None:
    file = ratings_file(tmp_path, ROW)
    with file.path.open("r+b") as sparse:
        sparse.truncate(1 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="line 3: it is longer"):
            refuse_long_lines(file)
        assert tracemalloc.get_traced_memory()[1] < 8 * LINE_LIMIT
    finally:
        tracemalloc.stop()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(0, 400), min_size=1, max_size=30), ended=st.booleans())
def test_the_first_line_above_the_limit_is_found_and_none_below_is_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lengths: list[int], ended: bool
) -> None:
    """In small: windows of 32 bytes, a limit of 128."""
    for name, value in (("WINDOW", 32), ("PROBE", 8), ("LINE_LIMIT", 128)):
        monkeypatch.setattr(long_lines, name, value)
    file = ratings_file(tmp_path)
    file.path.write_text("\n".join("x" * length for length in lengths) + ("\n" if ended else ""))
    first = next((number for number, length in enumerate(lengths, start=1) if length > 128), None)
    if first is None:
        refuse_long_lines(file)
    else:
        with pytest.raises(SourceError, match=rf"line {first}: it is longer"):
            refuse_long_lines(file)
