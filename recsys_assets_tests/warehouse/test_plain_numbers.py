from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.plain_numbers import may_be_plain, numeric_bytes, written_bytes
from recsys_assets.warehouse.staging import staged
from recsys_assets.warehouse.tables import RAW_RATINGS
from recsys_assets_tests.warehouse.files import ratings_file

NAMES = ("user_id", "movie_id", "rating", "timestamp")
WHOLE = st.integers(0, 10**12).map(str)
NUMERIC = st.one_of(
    WHOLE,
    st.sampled_from(["0", "00", "01", "1.0", "1.", ".5", "0.5", "9.5", "99.99", "1..2", "", "9" * 18, "9" * 19]),
    st.text("0123456789.", max_size=8),
)


def published(con: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return con.execute(f"SELECT {', '.join(NAMES)}, source_line FROM raw_ratings ORDER BY raw_row").fetchall()


def in_one_go(con: duckdb.DuckDBPyConnection, file: Path) -> bool:
    """Whether the file is one that is read as numbers, and is proven to be the same."""
    described = ratings_file(file.parent, *file.read_text().splitlines()[1:])
    with staged(con, described) as found:
        return may_be_plain(described) and written_bytes(con, found.storage, NAMES) == numeric_bytes(described)


@given(rows=st.lists(st.tuples(NUMERIC, NUMERIC, NUMERIC, NUMERIC).filter(any), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_digits_and_points_are_published_is_given_back(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    load_raw(con, RAW_RATINGS, [ratings_file(tmp_path, *(",".join(row) for row in rows))])
    assert published(con) == [(*(v or None for v in row), line) for line, row in enumerate(rows, start=2)]


@given(rows=st.lists(st.tuples(WHOLE, WHOLE, st.sampled_from(["0.5", "4", "5.0"]), WHOLE), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whole_numbers_are_read_in_one_go(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    file = ratings_file(tmp_path, *(",".join(row) for row in rows))
    assert in_one_go(con, file.path)


@pytest.mark.parametrize("id_", ["01", "1.5", "1.0", ".7", "7."])
def test_a_number_in_other_words_among_whole_ones_is_noticed(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, id_: str
) -> None:
    lines = ["1,1,4.0,100000", f"{id_},2,4.0,1", "100,1,4.0,1000"]
    assert not in_one_go(con, ratings_file(tmp_path, *lines).path)
    load_raw(con, RAW_RATINGS, [ratings_file(tmp_path, *lines)])
    assert [row[0] for row in published(con)] == ["1", id_, "100"]


@pytest.mark.parametrize("odd", ["1e3", "0x10", " 1", "1_0", "-1", '"1"', "x"])
def test_anything_but_digits_and_points_is_read_as_text(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, odd: str
) -> None:
    file = ratings_file(tmp_path, "1,1,4.0,1", f"{odd},1,4.0,1")
    assert not may_be_plain(file)
    load_raw(con, RAW_RATINGS, [file])
    assert [row[0] for row in published(con)] == ["1", odd.strip('"')]


def test_windows_line_ends_and_long_delimiters_are_plain_and_line_ends_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "ratings.dat"
    path.write_bytes(b"1::23::4.5::678\r\n9::8::5::7\r\n")
    assert numeric_bytes(replace(ratings_file(tmp_path / "x"), path=path, header=None, delimiter="::")) == 13


def test_a_letter_far_into_the_file_is_found(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = ["1,1,4.0,978300760"] * 70_000
    file = ratings_file(tmp_path, *lines, "2,1,4.0,9e8")
    assert may_be_plain(file)
    assert numeric_bytes(file) is None
    load_raw(con, RAW_RATINGS, [file])
    assert con.execute("SELECT timestamp FROM raw_ratings WHERE source_line = 70002").fetchall() == [("9e8",)]
