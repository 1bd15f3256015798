from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from recsys_assets.sources.files import DelimitedFile, SourceError
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import RAW_IMDB_MOVIES, RAW_LINKS, RAW_MOVIES, RAW_RATINGS
from recsys_assets_tests.warehouse.files import imdb_file, latest_small, movies_file, ratings_file


def rows(con: duckdb.DuckDBPyConnection, columns: str, table: str = "raw_ratings") -> list[tuple[object, ...]]:
    return con.execute(f"SELECT {columns} FROM {table} ORDER BY raw_row").fetchall()


def test_values_land_as_published_text_with_their_file_and_line(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = ratings_file(tmp_path, "01,2,4.50,abc", "3,4,,NULL")
    report = load_raw(con, RAW_RATINGS, [file])
    assert (report.rows, report.malformed) == (2, 0)
    assert rows(con, "* EXCLUDE raw_row") == [
        ("01", "2", "4.50", "abc", "ratings.csv", 2),
        ("3", "4", None, "NULL", "ratings.csv", 3),
    ]


def test_columns_the_file_lacks_are_null(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_raw(con, RAW_MOVIES, [movies_file(tmp_path, "1,Heat (1995),Crime")])
    assert rows(con, "release_date", "raw_movies") == [(None,)]


def test_a_table_nobody_publishes_is_empty(con: duckdb.DuckDBPyConnection) -> None:
    assert load_raw(con, RAW_LINKS, []).rows == 0
    assert rows(con, "*", "raw_links") == []


def test_several_files_fill_one_table(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = ratings_file(tmp_path / "a", "1,1,1,1", "1,2,1,1")
    second = replace(ratings_file(tmp_path / "b", "2,1,1,1"), name="b/ratings.csv")
    assert load_raw(con, RAW_RATINGS, [first, second]).rows == 3
    assert rows(con, "user_id, source_line") == [("1", 2), ("1", 3), ("2", 2)]


def test_loading_again_changes_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = ratings_file(tmp_path, "1,1,1,1", "1", "1,2,1,1")
    first, before = load_raw(con, RAW_RATINGS, [file]), rows(con, "*")
    again = load_raw(con, RAW_RATINGS, [file])
    assert (again.rows, again.malformed, again.version) == (first.rows, first.malformed, first.version)
    assert (first.landed, again.landed, again.unchanged) == (("ratings.csv",), (), ("ratings.csv",))
    assert rows(con, "*") == before
    assert con.execute("SELECT count(*) FROM quarantine").fetchone() == (1,)


def test_rows_that_cannot_be_split_go_to_quarantine_whole_and_others_keep_their_line(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = ["1,1,1,1", "bad", "2,1,1,1", "3,1,1", "4,1,1,1,1", "5,1,1,1", "6,1,1,1", "tail"]
    report = load_raw(con, RAW_RATINGS, [ratings_file(tmp_path, *lines)])
    assert (report.rows, report.malformed) == (4, 4)
    assert rows(con, "user_id, source_line") == [("1", 2), ("2", 4), ("5", 7), ("6", 8)]
    quarantined = con.execute(
        "SELECT table_name, rule, source_line, row_json, reason FROM quarantine ORDER BY source_line"
    ).fetchall()
    assert [q[:3] for q in quarantined] == [("raw_ratings", "malformed_row", line) for line in (3, 5, 6, 9)]
    assert [json.loads(q[3])["line"] for q in quarantined] == ["bad", "3,1,1", "4,1,1,1,1", "tail"]
    assert quarantined[0][4].startswith("ratings.csv line 3: Expected Number of Columns: 4 Found: 1")


def test_quoted_delimiters_quotes_and_line_breaks_stay_in_their_value(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = movies_file(tmp_path, '1,"One, ""two""\nthree (1999)",Drama', "2,Next (2000),Drama")
    load_raw(con, RAW_MOVIES, [file])
    assert rows(con, "title, source_line", "raw_movies") == [('One, "two"\nthree (1999)', 2), ("Next (2000)", 3)]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_either_line_end_and_a_byte_order_mark_are_read(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, ending: str
) -> None:
    file = ratings_file(tmp_path)
    text = ending.join(("userId,movieId,rating,timestamp", "1,2,3,4", "5,6,7,8"))
    file.path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    load_raw(con, RAW_RATINGS, [file])
    assert rows(con, "user_id, timestamp") == [("1", "4"), ("5", "8")]


def test_unquoted_files_with_long_delimiters_in_latin_1_are_read(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "movies.dat"
    path.write_bytes('1::Misérables, Les "x" (1995)::Drama|War\n2::"Y: (1996)::Drama\n'.encode("latin-1"))
    columns = ("movie_id", "title", "genres")
    file = DelimitedFile("raw_movies", path, columns, delimiter="::", quote="", encoding="latin-1")
    load_raw(con, RAW_MOVIES, [file])
    assert rows(con, "title, source_line", "raw_movies") == [('Misérables, Les "x" (1995)', 1), ('"Y: (1996)', 2)]


def test_genre_flags_and_repeated_columns_become_one_list(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "u.item"
    path.write_text("1|Heat (1995)|0|1|1\n2|Nothing (1996)|0|0|0\n")
    columns = ("movie_id", "title", None, "genre:Action", "genre:Crime")
    load_raw(con, RAW_MOVIES, [DelimitedFile("raw_movies", path, columns, delimiter="|", quote="")])
    assert rows(con, "genres", "raw_movies") == [("Action|Crime",), ("",)]
    people = imdb_file(tmp_path, "Heat,Pacino,De Niro", header="title,a,b")
    load_raw(con, RAW_IMDB_MOVIES, [replace(people, columns=("title", "cast", "cast"))])
    assert rows(con, '"cast"', "raw_imdb_movies") == [("Pacino|De Niro",)]


FAULTS = {
    "missing": (None, "can't be read: No such file"),
    "empty": (b"", "is empty"),
    "blank": (b"\n\n", "is empty"),
    "binary": (b"PK\x03\x04\x00\x00" + bytes(range(256)), "is not a text file"),
    "header": (b"user,movie,rating,timestamp\n1,2,3,4\n", "line 1: expected the header 'userId,movieId,"),
    "latin-1": (b"userId,movieId,rating,timestamp\n1,2,3,4\n1,\xe9,3,4\n", "line 3: bytes that are not utf-8"),
    "open quote": (b'userId,movieId,rating,timestamp\n1,2,3,4\n1,"2,3,4\n5,6,7,8\n', "line 3: a quote that is opened"),
    "delimiter": (b"userId,movieId,rating,timestamp\n1;2;3;4\n", "not one row has the 4 fields"),
    "line ends": (b"userId,movieId,rating,timestamp\r\n1,2,3,4\n1,2,3,4\r\n", "can't be split into rows"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_not_what_it_should_be_is_refused_and_earlier_rows_stay(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, fault: str
) -> None:
    content, message = FAULTS[fault]
    file = ratings_file(tmp_path, "1,2,3,4")
    load_raw(con, RAW_RATINGS, [file])
    if content is None:
        file.path.unlink()
    else:
        file.path.write_bytes(content)
    with pytest.raises(SourceError) as error:
        load_raw(con, RAW_RATINGS, [file])
    assert str(file.path) in str(error.value)
    assert message in str(error.value)
    assert "Put a sound copy in its place" in str(error.value)
    assert rows(con, "user_id") == [("1",)]


def test_a_file_cut_off_in_its_last_row_loses_only_that_row(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = ratings_file(tmp_path, "1,2,3,4", "5,6")
    file.path.write_bytes(file.path.read_bytes().rstrip())
    report = load_raw(con, RAW_RATINGS, [file])
    assert (report.rows, report.malformed) == (1, 1)


def test_an_undeclared_column_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = replace(ratings_file(tmp_path, "1,2,3,4"), columns=("user_id", "movie_id", "stars", "timestamp"))
    with pytest.raises(KeyError, match="declares no column 'stars'"):
        load_raw(con, RAW_RATINGS, [file])


def test_nothing_temporary_stays(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_raw(con, RAW_RATINGS, [ratings_file(tmp_path, "1,2,3,4", "x")])
    assert con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall() == []


@pytest.mark.real_data
def test_every_published_value_arrives_as_an_independent_reader_sees_it(
    con: duckdb.DuckDBPyConnection, mirror: Path, tmp_path: Path
) -> None:
    file = latest_small(mirror, tmp_path)["raw_movies"]
    load_raw(con, RAW_MOVIES, [file])
    with file.path.open(encoding="utf-8", newline="") as handle:
        expected = [(*row, line) for line, row in enumerate(csv.reader(handle), start=1)][1:]
    assert rows(con, "movie_id, title, genres, source_line", "raw_movies") == expected
