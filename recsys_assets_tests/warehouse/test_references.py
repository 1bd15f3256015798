from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.keys import has_repeats
from recsys_assets.warehouse.references import MOST_IDS, targets
from recsys_assets.warehouse.tables import RATINGS
from recsys_assets_tests.warehouse.files import movies_file, ratings_file
from recsys_assets_tests.warehouse.filling import NOW, by_table, filled

LARGE = MOST_IDS + 7
SECOND = 1_000_000_000
ODD_IDS = (-5, -1, 0, 2, 3, 4, 63, 64, 65, MOST_IDS - 1, MOST_IDS, LARGE, 2**31, 2**40, 2**62)


def ids_of(con: duckdb.DuckDBPyConnection, query: str) -> set[int]:
    return {number for (number,) in con.execute(query).fetchall()}


@pytest.mark.parametrize(
    ("movies", "by_bits"), [((1, 3, 64), True), ((1, MOST_IDS - 1), True), ((1, LARGE), False), ((1, 2**40), False)]
)
def test_only_ratings_of_known_movies_are_taken_however_large_the_ids(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, movies: tuple[int, ...], by_bits: bool
) -> None:
    rated = sorted({*ODD_IDS, *movies})
    file = ratings_file(tmp_path, *(f"7,{movie},4,{SECOND}" for movie in rated))
    catalogue = movies_file(tmp_path, *(f"{movie},Heat (1995),Action" for movie in movies))
    report = filled(con, by_table(catalogue, file))["ratings"]
    with targets(con, RATINGS) as (target,):
        assert (target.bits is not None) is by_bits
    assert ids_of(con, "SELECT movie_id FROM ratings") == set(movies)
    assert report.quarantined == {"movie_id_range": 3, "movie_id_unknown": len(rated) - len(movies) - 3}


def test_without_movies_no_rating_is_taken(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    report = filled(con, by_table(ratings_file(tmp_path, f"7,1,4,{SECOND}", f"7,2,4,{SECOND}")))["ratings"]
    assert (report.rows_out, report.quarantined) == (0, {"movie_id_unknown": 2})
    with targets(con, RATINGS) as (target,):
        assert target.bits is None


def test_rows_that_break_another_rule_are_found_beside_those_that_point_nowhere(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    movies = movies_file(tmp_path, "1,Heat (1995),Action")
    bad = (f"1,9,4,{SECOND}", f"2,1,11,{SECOND}", f"3,x,4,{SECOND}", f"4,9,11,{SECOND}")
    report = filled(con, by_table(movies, ratings_file(tmp_path, f"5,1,4,{SECOND}", *bad)))["ratings"]
    assert report.rows_out == 1
    assert report.quarantined == {"movie_id_unknown": 1, "rating_range": 2, "movie_id_not_a_number": 1}


def test_sorted_ratings_are_stored_sorted_though_some_are_put_aside(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """A million, for two threads to take turns: a join would mix what they find."""
    file = ratings_file(tmp_path)
    pairs = "SELECT 1 + i // 400 AS user_id, 1 + i % 400 AS movie_id FROM range(1000000) t(i)"
    rows = f"SELECT user_id AS userId, movie_id AS movieId, 3.5 AS rating, {SECOND} AS timestamp FROM ({pairs})"
    con.execute(f"COPY ({rows}) TO '{file.path}' (HEADER, DELIMITER ',')")
    movies = [f"{movie},Heat (1995),Action" for movie in range(1, 401) if movie % 50]
    filled(con, by_table(movies_file(tmp_path, *movies), file))
    expected = con.execute(f"SELECT * FROM ({pairs}) WHERE movie_id % 50 > 0 ORDER BY ALL").fetchnumpy()
    stored = con.execute("SELECT user_id, movie_id FROM ratings").fetchnumpy()
    assert np.array_equal(stored["user_id"], expected["user_id"])
    assert np.array_equal(stored["movie_id"], expected["movie_id"])


def test_what_a_reference_needs_is_gone_afterwards(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    filled(con, by_table(movies_file(tmp_path, "1,Heat (1995),Action"), ratings_file(tmp_path, f"7,1,4,{SECOND}")))
    with targets(con, RATINGS) as (target,):
        assert target.bits is not None
        variable = target.bits.variable
        assert con.execute(f"SELECT getvariable('{variable}')").fetchall() == [("01",)]
    assert con.execute(f"SELECT getvariable('{variable}')").fetchall() == [(None,)]


def test_movies_that_come_and_go_are_looked_up_anew(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    ratings = ratings_file(tmp_path, *(f"7,{movie},4,{SECOND}" for movie in (1, 2, 300)))
    filled(con, by_table(movies_file(tmp_path, "1,Heat (1995),Action"), ratings))
    assert ids_of(con, "SELECT movie_id FROM ratings") == {1}
    con.execute("INSERT INTO movies BY NAME SELECT 300 AS movie_id, 'Alien' AS title, []::VARCHAR[] AS genres")
    con.execute("DELETE FROM cleaned_tables WHERE table_name = 'ratings'")
    clean_table(con, RATINGS, now=NOW)
    assert ids_of(con, "SELECT movie_id FROM ratings") == {1, 300}


@pytest.mark.parametrize("moved", [0, 1, 130_000, 239_999])
def test_one_row_out_of_order_is_no_repeat_and_one_repeat_is_found(con: duckdb.DuckDBPyConnection, moved: int) -> None:
    sorted_keys = "SELECT 1 + i // 400 AS a, 1 + i % 400 AS b, i FROM range(240000) t(i)"
    for name, place in (("sorted", "i"), ("one_moved", f"CASE i WHEN {moved} THEN 777.5 ELSE i END")):
        con.execute(f"CREATE TABLE {name} AS SELECT a, b FROM ({sorted_keys}) ORDER BY {place}")
        assert not has_repeats(con, name, ("a", "b"))
        con.execute(f"INSERT INTO {name} SELECT a, b FROM ({sorted_keys}) WHERE i = {moved}")
        assert has_repeats(con, name, ("a", "b"))
