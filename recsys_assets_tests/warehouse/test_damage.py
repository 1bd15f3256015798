"""Files that were damaged on their way: every line is accepted as it reads, put aside, or the file is refused."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.settings import load_settings
from recsys_assets.sources.files import DelimitedFile, SourceError
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import MOVIES, RATINGS, RAW_RATINGS, TABLES, TMDB_MOVIES
from recsys_assets_tests.warehouse.files import RATINGS_COLUMNS, RATINGS_HEADER, movies_file
from recsys_assets_tests.warehouse.filling import NOW

HEADER = ",".join(RATINGS_HEADER)
GOOD = [f"{user},{1 + user % 3},{1 + user % 5}.0,{1_000_000_000 + user}" for user in range(1, 13)]
WHOLE = ("\n".join([HEADER, *GOOD]) + "\n").encode()
RAW = ("raw_tmdb_movies", "raw_credits", "raw_keywords", "raw_links")
FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse that knows the movies 1 to 3."""
    folder = tmp_path_factory.mktemp("damage")
    deployment = load_settings(data_dir=folder, models_dir=folder, dataset="synthetic")
    with Warehouse.of(deployment).connect() as connection:
        for name in RAW:
            load_raw(connection, TABLES[name], [])
        movies = movies_file(folder, *(f"{n},Movie {n} (1999),Drama" for n in (1, 2, 3)))
        load_raw(connection, TABLES["raw_movies"], [movies])
        clean_table(connection, TMDB_MOVIES)
        clean_table(connection, MOVIES)
        yield connection


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


def published(folder: Path, content: bytes, name: str = "ratings.csv") -> DelimitedFile:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return DelimitedFile("raw_ratings", path, RATINGS_COLUMNS, RATINGS_HEADER)


def ingest(con: duckdb.DuckDBPyConnection, file: DelimitedFile) -> bool:
    """Land and clean; False where the file is refused, by an error that names it and a remedy, and nothing changed."""
    before = con.execute("FROM raw_ratings").fetchall() if "raw_ratings" in _views(con) else None
    refused = ""
    try:
        load_raw(con, RAW_RATINGS, [file])
        clean_table(con, RATINGS, now=NOW)
    except SourceError as error:
        refused = str(error)
    if refused:
        assert str(file.path) in refused
        assert "Put a sound copy in its place" in refused
        assert before is None or con.execute("FROM raw_ratings").fetchall() == before
    return not refused


def _views(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in con.execute("SELECT view_name FROM duckdb_views()").fetchall()}


def assert_nothing_lost(con: duckdb.DuckDBPyConnection, lines: int) -> None:
    """Accepted and quarantined are all lines, each in one place."""
    accepted = con.execute("SELECT count(*) FROM ratings").fetchone()
    aside = con.execute("SELECT source_line FROM quarantine WHERE table_name IN ('ratings', 'raw_ratings')").fetchall()
    assert accepted
    assert accepted[0] + len(aside) == lines
    assert len(set(aside)) == len(aside)


def assert_accepted_as_read(con: duckdb.DuckDBPyConnection, content: bytes) -> None:
    """Each accepted rating is on a line of the file, as Python's reader reads it."""
    read = set()
    for row in csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline="")):
        if len(row) == 4:
            read.add(tuple(_number(cell) for cell in row))
    for user, movie, rating, time in con.execute("FROM ratings").fetchall():
        seconds = time.replace(tzinfo=UTC).timestamp()
        assert any(
            (user, movie, seconds) == (r[0], r[1], r[3]) and math.isclose(rating, r[2], rel_tol=1e-6) for r in read
        ), f"{user}, {movie}, {rating}, {seconds} is on no line"


def _number(cell: str) -> float:
    """What a published number means; thousands may be set off by commas."""
    try:
        return float(cell.strip().replace(",", ""))
    except ValueError:
        return math.nan


def lines_of(content: bytes) -> int:
    """Rows of text behind the header; blank lines do not count."""
    return sum(bool(line.strip(b"\r")) for line in content.split(b"\n")[1:])


@given(cut=st.integers(0, len(WHOLE)))
@FEW
def test_a_file_that_is_cut_loses_what_is_cut_off_and_nothing_else(
    con: duckdb.DuckDBPyConnection, folder: Path, cut: int
) -> None:
    content = WHOLE[:cut]
    if ingest(con, published(folder, content)):
        assert_nothing_lost(con, lines_of(content))
        assert_accepted_as_read(con, content)


@given(place=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
@FEW
def test_a_flipped_byte_changes_one_line_or_refuses_the_file(
    con: duckdb.DuckDBPyConnection, folder: Path, place: int, byte: int
) -> None:
    content = WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    if ingest(con, published(folder, content)):
        if byte not in b'\r\n"' and WHOLE[place : place + 1] != b"\n":
            assert_nothing_lost(con, lines_of(content))
        assert_accepted_as_read(con, content)
        kept = con.execute("SELECT count(*) FROM ratings").fetchone()
        assert kept
        assert kept[0] >= len(GOOD) - 2


ODD = st.sampled_from(
    [
        "1e400",
        "99999999999999999999",
        "NaN",
        "inf",
        "-0",
        "007",
        "+3",
        "1_0",
        "1e0",
        "3.9",
        "１",
        "",
        " 2 ",
        '"2"',
        "0x1",
    ]
)


@given(
    rows=st.lists(st.tuples(ODD | st.just("5"), ODD | st.just("1"), ODD | st.just("4"), ODD), min_size=1, max_size=8)
)
@FEW
def test_odd_numbers_are_taken_for_what_they_say_or_put_aside(
    con: duckdb.DuckDBPyConnection, folder: Path, rows: list[tuple[str, str, str, str]]
) -> None:
    lines = [",".join(row) for row in rows] + [f"77,{n},3,1000000000" for n in (1, 2, 3)]
    content = ("\n".join([HEADER, *lines]) + "\n").encode()
    assert ingest(con, published(folder, content))
    assert_nothing_lost(con, len(lines))
    assert_accepted_as_read(con, content)


@given(repeated=st.lists(st.integers(0, len(GOOD) - 1), min_size=1, max_size=10))
@FEW
def test_lines_that_come_twice_count_once(con: duckdb.DuckDBPyConnection, folder: Path, repeated: list[int]) -> None:
    lines = GOOD + [GOOD[i] for i in repeated]
    assert ingest(con, published(folder, ("\n".join([HEADER, *lines]) + "\n").encode()))
    assert_nothing_lost(con, len(lines))
    assert con.execute("SELECT count(*) FROM ratings").fetchone() == (len(GOOD),)
    assert con.execute("SELECT DISTINCT rule FROM quarantine").fetchall() == [("duplicate",)]


@given(order=st.permutations(range(4)), rows_too=st.booleans())
@FEW
def test_columns_in_another_order_are_refused_unless_it_is_the_declared_one(
    con: duckdb.DuckDBPyConnection, folder: Path, order: list[int], rows_too: bool
) -> None:
    def shuffled(line: str) -> str:
        return ",".join(line.split(",")[i] for i in order)

    lines = [shuffled(line) if rows_too else line for line in GOOD]
    content = ("\n".join([shuffled(HEADER), *lines]) + "\n").encode()
    assert ingest(con, published(folder, content)) == (list(order) == [0, 1, 2, 3])


WRONG = {
    "utf-16": WHOLE.decode().encode("utf-16"),
    "latin-1 in it": WHOLE.replace(b"1.0", b"\xe9.0", 1),
    "a zero byte": WHOLE[:40] + b"\0" + WHOLE[40:],
    "a long line": HEADER.encode() + b"\n" + b"x" * 3_000_000,
    "lost line ends": WHOLE + WHOLE.replace(b"\n", b",") * 300 + b"\n",
    "one line only": b"y" * 64_000_000,
    "mixed line ends": WHOLE.replace(b"\n", b"\r\n", 3),
    "another delimiter": WHOLE.replace(b",", b";"),
    "an open quote": WHOLE.replace(b"\n3,", b'\n"3,', 1),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_file_that_is_no_such_table_is_refused_and_earlier_rows_stay(
    con: duckdb.DuckDBPyConnection, folder: Path, fault: str
) -> None:
    assert ingest(con, published(folder, WHOLE))
    assert not ingest(con, published(folder, WRONG[fault]))


@given(cut=st.integers(1, 60))
@FEW
def test_a_cut_gz_file_is_refused(con: duckdb.DuckDBPyConnection, folder: Path, cut: int) -> None:
    file = published(folder, WHOLE, "ratings.csv.gz")
    assert ingest(con, file)
    assert_nothing_lost(con, len(GOOD))
    file.path.write_bytes(file.path.read_bytes()[:-cut])
    assert not ingest(con, file)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    assert ingest(con, published(folder, WHOLE))
    expected = con.execute("FROM ratings ORDER BY ALL").fetchall()
    assert ingest(con, published(folder, b"\xef\xbb\xbf" + WHOLE.replace(b"\n", b"\r\n")))
    assert con.execute("FROM ratings ORDER BY ALL").fetchall() == expected
    assert expected[0][3] == datetime(2001, 9, 9, 1, 46, 41)


def test_a_tab_separated_file_of_the_same_rows_gives_the_same(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    assert ingest(con, published(folder, WHOLE))
    expected = con.execute("FROM ratings ORDER BY ALL").fetchall()
    tabs = published(folder, WHOLE.split(b"\n", 1)[1].replace(b",", b"\t"), "u.data")
    assert ingest(con, replace(tabs, header=None, delimiter="\t", quote="", encoding="latin-1"))
    assert con.execute("FROM ratings ORDER BY ALL").fetchall() == expected
