"""Whatever was landed and cleaned before, the warehouse holds what the files say now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.settings import Settings, load_settings
from recsys_assets.sources.files import Correction, DelimitedFile
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.cleaning import CleanReport
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import MOVIES, RATINGS, RAW_MOVIES, RAW_RATINGS, TABLES, TMDB_MOVIES
from recsys_assets_tests.warehouse.files import movies_file, ratings_file
from recsys_assets_tests.warehouse.filling import NOW

TIME = 1_000_000_000
RAW = ("raw_tmdb_movies", "raw_credits", "raw_keywords", "raw_links", "raw_movies", "raw_ratings")
MOVIE = "{0},Movie {0} (1999),Drama"


@pytest.fixture
def con(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with Warehouse.of(settings).connect() as connection:
        yield connection


def drop(folder: Path, name: str, *rows: str) -> DelimitedFile:
    return replace(ratings_file(folder / name, *rows), name=f"{name}/ratings.csv")


def ingest(
    con: duckdb.DuckDBPyConnection,
    movies: DelimitedFile,
    ratings: Sequence[DelimitedFile],
    corrections: Sequence[Correction] = (),
) -> CleanReport:
    for raw in map(TABLES.__getitem__, RAW):
        files = {RAW_MOVIES.name: [movies], RAW_RATINGS.name: list(ratings)}.get(raw.name, [])
        load_raw(con, raw, files, corrections=[c for c in corrections if c.table == raw.name])
    clean_table(con, TMDB_MOVIES, now=NOW)
    clean_table(con, MOVIES, now=NOW)
    return clean_table(con, RATINGS, now=NOW)


def state(con: duckdb.DuckDBPyConnection) -> tuple[list[tuple[object, ...]], ...]:
    ratings = con.execute("SELECT user_id, movie_id, rating, timestamp FROM ratings ORDER BY ALL").fetchall()
    raw = con.execute("SELECT * EXCLUDE raw_row FROM raw_ratings ORDER BY ALL").fetchall()
    return ratings, raw, con.execute("FROM quarantine ORDER BY ALL").fetchall()


def from_scratch(
    folder: Path, movies: DelimitedFile, ratings: Sequence[DelimitedFile], corrections: Sequence[Correction] = ()
) -> tuple[list[tuple[object, ...]], ...]:
    fresh = load_settings(data_dir=folder, models_dir=folder, dataset="synthetic")
    fresh.warehouse_path.unlink(missing_ok=True)
    with Warehouse.of(fresh).connect() as con:
        ingest(con, movies, ratings, corrections)
        return state(con)


def test_the_same_files_again_change_nothing_and_are_not_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    movies, ratings = movies_file(tmp_path, MOVIE.format(1)), drop(tmp_path, "a", f"1,1,4,{TIME}", f"1,1,9,{TIME}")
    first, before = ingest(con, movies, [ratings]), state(con)
    with mock.patch("recsys_assets.warehouse.load.staged", side_effect=AssertionError("read again")):
        again = ingest(con, movies, [ratings])
    assert (first.change, again.change, again.added) == ("rebuilt", "unchanged", 0)
    assert again == first
    assert again.version == first.version
    assert state(con) == before


def test_a_newer_drop_adds_only_what_is_new(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    movies = movies_file(tmp_path, MOVIE.format(1), MOVIE.format(2))
    old = drop(tmp_path, "a", f"1,1,4,{TIME}", f"2,1,3,{TIME}", f"3,1,99,{TIME}")
    new = drop(tmp_path, "b", f"1,1,4,{TIME}", f"2,1,5,{TIME + 9}", f"4,2,1,{TIME}", f"5,9,1,{TIME}", "x")
    ingest(con, movies, [old])
    report = ingest(con, movies, [old, new])
    assert (report.change, report.added, report.rows_in, report.rows_out) == ("appended", 1, 7, 3)
    assert report.quarantined == {"duplicate": 2, "movie_id_unknown": 1, "rating_range": 1}
    assert con.execute("SELECT user_id, rating FROM ratings ORDER BY 1").fetchall() == [(1, 4.0), (2, 5.0), (4, 1.0)]
    assert state(con) == from_scratch(tmp_path / "scratch", movies, [old, new])


def test_a_movie_that_comes_later_brings_its_ratings_back(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    ratings = drop(tmp_path, "a", f"1,1,4,{TIME}", f"1,2,4,{TIME}")
    assert ingest(con, movies_file(tmp_path, MOVIE.format(1)), [ratings]).rows_out == 1
    assert ingest(con, movies_file(tmp_path, MOVIE.format(1), MOVIE.format(2)), [ratings]).quarantined == {}


def test_a_file_that_is_gone_takes_its_rows_along(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    movies = movies_file(tmp_path, MOVIE.format(1))
    old, new = drop(tmp_path, "a", f"1,1,4,{TIME}"), drop(tmp_path, "b", f"1,1,5,{TIME + 1}", "bad")
    ingest(con, movies, [old, new])
    report = ingest(con, movies, [old])
    assert (report.rows_out, report.quarantined) == (1, {})
    assert con.execute("SELECT rating FROM ratings").fetchall() == [(4.0,)]
    assert con.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)


def test_a_corrected_line_counts_as_published_and_keeps_its_place(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    movies = movies_file(tmp_path, MOVIE.format(1))
    ratings = drop(tmp_path, "a", f"1,1,40,{TIME}", "2;1;3;1", f"3,1,2,{TIME}", f"4,1,x,{TIME}")
    fixed = [
        Correction("raw_ratings", "a/ratings.csv", line, dict(zip(RAW_RATINGS.column_names, row, strict=False)))
        for line, row in ((2, ("1", "1", "4.0", str(TIME))), (3, ("2", "1", "3", str(TIME))), (5, ("4", "1", "y", "")))
    ]
    before = ingest(con, movies, [ratings])
    report = ingest(con, movies, [ratings], fixed)
    assert (before.rows_out, report.rows_out, report.rows_in) == (1, 3, 4)
    assert report.quarantined == {"rating_not_a_number": 1}
    assert con.execute("SELECT reason FROM quarantine").fetchone() == (
        "a/ratings.csv line 5: rating y is not a number; quarantined as 'rating_not_a_number'",
    )
    assert state(con) == from_scratch(tmp_path / "scratch", movies, [ratings], fixed)
    assert ingest(con, movies, [ratings]).rows_out == 1


def test_a_killed_landing_leaves_nothing_behind(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    movies, ratings = movies_file(tmp_path, MOVIE.format(1)), drop(tmp_path, "a", f"1,1,4,{TIME}")
    ingest(con, movies, [ratings])
    before = state(con)
    con.execute('CREATE TABLE "raw_ratings:left" AS SELECT 1 AS x')  # as a killed process would
    newer = drop(tmp_path, "a", f"1,1,5,{TIME}")
    with (
        mock.patch("recsys_assets.warehouse.load.record_landed", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        load_raw(con, RAW_RATINGS, [newer])
    assert state(con) == before
    load_raw(con, RAW_RATINGS, [newer])
    kept = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'raw_ratings:')"
    ).fetchall()
    assert len(kept) == 2
    assert ("raw_ratings:corrected",) in kept


USERS, MOVIE_IDS = st.sampled_from(["1", "2", "3", "x"]), st.sampled_from(["1", "2", "3", "4"])
ROW = st.builds(
    "{},{},{},{}".format, USERS, MOVIE_IDS, st.sampled_from(["1", "5", "7"]), st.integers(TIME, TIME + 3).map(str)
)
LINES = st.tuples(ROW, st.lists(ROW | st.just("torn"), max_size=5)).map(lambda t: [t[0], *t[1]])
STEP = st.tuples(
    st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True),  # which drops are there
    st.integers(1, 4),  # how many movies are known
    st.none() | st.tuples(st.integers(0, 3), st.integers(2, 4), ROW),  # a correction
)


@given(drops=st.lists(LINES, min_size=4, max_size=4), steps=st.lists(STEP, min_size=2, max_size=4))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_history_of_drops_ends_as_if_there_had_been_none(
    tmp_path_factory: pytest.TempPathFactory,
    drops: list[list[str]],
    steps: list[tuple[list[int], int, tuple[int, int, str] | None]],
) -> None:
    folder = tmp_path_factory.mktemp("history")
    files = [drop(folder, f"d{n}", *lines) for n, lines in enumerate(drops)]
    deployment = load_settings(data_dir=folder / "kept", models_dir=folder, dataset="synthetic")
    with Warehouse.of(deployment).connect() as con:
        for there, known, correction in steps:
            movies = movies_file(folder, *(MOVIE.format(n) for n in range(1, known + 1)))
            corrections = []
            if correction and correction[1] < len(drops[correction[0]]) + 2:
                which, line, row = correction
                values = dict(zip(RAW_RATINGS.column_names, row.split(","), strict=False))
                corrections = [Correction("raw_ratings", files[which].source, line, values)]
            now_there = [files[n] for n in there]
            report = ingest(con, movies, now_there, corrections)
            assert state(con) == from_scratch(folder / "scratch", movies, now_there, corrections)
            assert report.rows_in == report.rows_out + sum(report.quarantined.values())
