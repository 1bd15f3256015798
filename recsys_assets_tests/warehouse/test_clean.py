from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.sources.files import DelimitedFile
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.cleaning import KNOWN, CleanReport
from recsys_assets.warehouse.database import WarehouseError
from recsys_assets.warehouse.declaration import Reference
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.recipes import RECIPES
from recsys_assets.warehouse.tables import RATINGS, RAW_RATINGS, RAW_USERS, USERS
from recsys_assets_tests.warehouse.files import (
    imdb_file,
    latest_small,
    links_file,
    ml_100k,
    movies_file,
    ratings_file,
    tags_file,
    users_file,
)
from recsys_assets_tests.warehouse.filling import NOW, by_table, filled

HEAT, ALIEN = "1,Heat (1995),Action|Crime", "2,Alien (1979),Horror|Sci-Fi"
SECOND = 1_000_000_000
TIME = datetime(2001, 9, 9, 1, 46, 40)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return con.execute(query).fetchall()


def assert_every_raw_row_is_in_one_place(
    con: duckdb.DuckDBPyConnection, report: CleanReport, file: DelimitedFile
) -> None:
    """Rows in = rows out + quarantined, and no published line is quarantined twice."""
    lines = rows(con, f"SELECT source_file, source_line FROM quarantine WHERE table_name = '{report.table}'")
    assert report.rows_in == report.rows_out + sum(report.quarantined.values())
    assert report.rows_in - report.rows_out == len(lines) == len(set(lines))
    assert rows(con, f"SELECT count(*) FROM {report.table}") == [(report.rows_out,)]
    assert rows(con, f"SELECT count(*) FROM {file.table}") == [(report.rows_in,)]


BAD_RATINGS = {
    "1,1,11.0,1000000000": ("rating_range", "rating 11.0 is outside 0.5-5.0"),
    "1,1,0.4,1000000000": ("rating_range", "rating 0.4 is outside 0.5-5.0"),
    "1,1,nan,1000000000": ("rating_not_a_number", "rating nan is not a number"),
    "1,1,inf,1000000000": ("rating_not_a_number", "rating inf is not a number"),
    "1,1,good,1000000000": ("rating_not_a_number", "rating good is not a number"),
    "1,1,,1000000000": ("rating_missing", "rating is missing"),
    "u1,1,4,1000000000": ("user_id_not_a_number", "user_id u1 is not a whole number"),
    "1.5,1,4,1000000000": ("user_id_not_a_number", "user_id 1.5 is not a whole number"),
    "1e3,1,4,1000000000": ("user_id_not_a_number", "user_id 1e3 is not a whole number"),
    "99999999999999999999,1,4,1000000000": ("user_id_not_a_number", "is not a whole number"),
    ",1,4,1000000000": ("user_id_missing", "user_id is missing"),
    "0,1,4,1000000000": ("user_id_range", "user_id 0 is not at least 1"),
    "1,x,4,1000000000": ("movie_id_not_a_number", "movie_id x is not a whole number"),
    "1,9,4,1000000000": ("movie_id_unknown", "movie_id 9 is not in movies"),
    "1,1,4,soon": ("timestamp_not_a_time", "timestamp soon is not a time in seconds since 1970"),
    "1,1,4,": ("timestamp_missing", "timestamp is missing"),
    "1,1,4,0": ("timestamp_not_a_time", "timestamp 0 (1970-01-01 00:00:00) is not between 1995-01-01 and tomorrow"),
    "1,1,4,1000000000000": ("timestamp_not_a_time", "is not between 1995-01-01 and tomorrow"),
    "1,1,4,9000000000000000000": ("timestamp_not_a_time", "is not a time in seconds since 1970"),
    "x,9,11,soon": ("user_id_not_a_number", "user_id x is not a whole number"),
}


@pytest.mark.parametrize("bad", BAD_RATINGS)
def test_a_bad_rating_is_quarantined_under_the_first_rule_it_breaks(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, bad: str
) -> None:
    rule, words = BAD_RATINGS[bad]
    file = ratings_file(tmp_path, f"7,1,5,{SECOND}", bad)
    report = filled(con, by_table(movies_file(tmp_path, HEAT), file))["ratings"]
    assert report.quarantined == {rule: 1}
    assert_every_raw_row_is_in_one_place(con, report, file)
    assert rows(con, "FROM ratings") == [(7, 1, 5.0, TIME)]
    ((table, reason, source, line, row),) = rows(
        con, "SELECT table_name, reason, source_file, source_line, row_json FROM quarantine"
    )
    assert (table, source, line) == ("ratings", "ratings.csv", 3)
    assert str(reason).startswith("ratings.csv line 3: ")
    assert words in str(reason)
    assert str(reason).endswith(f"; quarantined as '{rule}'")
    assert [v or "" for v in json.loads(str(row)).values()] == bad.split(",")


def test_a_number_in_other_words_is_read_and_quarantined_as_published(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = ratings_file(
        tmp_path, f"007,1.0,5,{SECOND}", f"2,1,4,{SECOND}.0", f"+3,1.0,9,{SECOND}", f"04,8.0,3,{SECOND}"
    )
    report = filled(con, by_table(movies_file(tmp_path, HEAT), file))["ratings"]
    assert rows(con, "FROM ratings ORDER BY user_id") == [(2, 1, 4.0, TIME), (7, 1, 5.0, TIME)]
    assert report.quarantined == {"movie_id_unknown": 1, "rating_range": 1}
    kept = rows(con, "SELECT source_line, reason, row_json FROM quarantine ORDER BY source_line")
    assert [list(json.loads(str(row)).values()) for *_, row in kept] == [
        ["+3", "1.0", "9", str(SECOND)],
        ["04", "8.0", "3", str(SECOND)],
    ]
    assert "movie_id 8.0 is not in movies" in str(kept[1][1])


def test_an_event_of_tomorrow_is_kept_and_one_of_the_day_after_is_not(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    day = int((NOW - datetime(1970, 1, 1)).total_seconds()) + 86_400
    file = ratings_file(tmp_path, f"1,1,4,{day}", f"2,1,4,{day + 1}")
    filled(con, by_table(movies_file(tmp_path, HEAT), file))
    assert rows(con, "SELECT user_id FROM ratings") == [(1,)]


def test_of_ratings_of_one_user_and_movie_the_latest_stays_then_the_last_published(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = ratings_file(
        tmp_path,
        f"1,1,1,{SECOND}",
        f"1,1,2,{SECOND + 9}",
        f"1,1,3,{SECOND + 5}",
        f"1,1,99,{SECOND + 99}",  # broken, so it does not push out a good one
        f"2,1,1,{SECOND}",
        f"2,1,2,{SECOND}",
    )
    report = filled(con, by_table(movies_file(tmp_path, HEAT), file))["ratings"]
    assert rows(con, "SELECT user_id, rating FROM ratings ORDER BY user_id") == [(1, 2.0), (2, 2.0)]
    assert report.quarantined == {"duplicate": 3, "rating_range": 1}
    assert_every_raw_row_is_in_one_place(con, report, file)
    assert rows(con, "SELECT reason FROM quarantine WHERE source_line = 2") == [
        (
            "ratings.csv line 2: user_id 1, movie_id 1 occurs again; ratings.csv line 3 stays; "
            "quarantined as 'duplicate'",
        )
    ]


def test_cleaning_again_changes_nothing_and_a_repaired_file_empties_quarantine(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = by_table(movies_file(tmp_path, HEAT), ratings_file(tmp_path, f"1,1,11,{SECOND}", f"2,1,4,{SECOND}"))
    first, quarantine = filled(con, files), rows(con, "FROM quarantine")
    assert len(quarantine) == 1
    assert filled(con, files) == first
    assert rows(con, "FROM quarantine") == quarantine
    repaired = ratings_file(tmp_path, f"1,1,1.1,{SECOND}", f"2,1,4,{SECOND}")
    load_raw(con, RAW_RATINGS, [repaired])
    assert clean_table(con, RATINGS, now=NOW).quarantined == {}
    assert rows(con, "FROM quarantine") == []


def test_a_table_that_is_needed_first_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    load_raw(con, RAW_RATINGS, [ratings_file(tmp_path, f"1,1,4,{SECOND}")])
    with pytest.raises(WarehouseError, match="Re-materialize `movies`"):
        clean_table(con, RATINGS)


def test_movies_are_joined_with_their_links(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    movies = movies_file(tmp_path, "1,Heat (1995),Crime|Action|Crime", '2,"Matrix, The (1999)",(no genres listed)')
    links = links_file(tmp_path, "1,0113277,949", "2,133093,", "1,9,9", "x,1,1", "3,?,3")
    report = filled(con, by_table(movies, links))["movies"]
    assert_every_raw_row_is_in_one_place(con, report, movies)
    assert rows(con, "FROM movies ORDER BY ALL") == [
        (1, "Heat", 1995, ["Action", "Crime"], "tt0000009", 9),
        (2, "The Matrix", 1999, [], "tt0133093", None),
    ]
    quarantined = rows(con, "SELECT table_name, rule, source_line FROM quarantine ORDER BY source_line")
    assert quarantined == [
        ("links", "duplicate", 2),
        ("links", "movie_id_not_a_number", 5),
        ("links", "imdb_id_malformed", 6),
    ]


def test_bad_movies_are_quarantined(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = movies_file(tmp_path, HEAT, "2,,Drama", "x,Two (1999),Drama", "1,Heat again (1995),Crime", "3, ,Drama")
    report = filled(con, by_table(file))["movies"]
    assert report.quarantined == {"duplicate": 1, "movie_id_not_a_number": 1, "title_missing": 2}
    assert_every_raw_row_is_in_one_place(con, report, file)
    assert rows(con, "SELECT title FROM movies") == [("Heat again",)]


def test_tags_are_trimmed_lowered_and_counted_once_per_user_and_movie(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    file = tags_file(tmp_path, f"1,1, Dark ,{SECOND}", "1,1,dark,", "1,1, ,1", f"1,9,dark,{SECOND}", "2,1,x,never")
    report = filled(con, by_table(movies_file(tmp_path, HEAT), file))["tags"]
    assert rows(con, "FROM tags") == [(1, 1, "dark", TIME)]
    expected = {"duplicate": 1, "movie_id_unknown": 1, "tag_missing": 1, "timestamp_not_a_time": 1}
    assert report.quarantined == expected
    assert_every_raw_row_is_in_one_place(con, report, file)


def test_users_keep_their_limits(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = users_file(tmp_path, "1,30,F", "2,,", "3,0,M", "4,old,M", "5,30,?", "1,31,F")
    report = filled(con, by_table(file))["users"]
    assert rows(con, "SELECT user_id, age, gender FROM users ORDER BY ALL") == [(1, 31, "F"), (2, None, None)]
    expected = {"age_not_a_number": 1, "age_range": 1, "duplicate": 1, "gender_not_allowed": 1}
    assert report.quarantined == expected
    assert "gender ? is not one of F, M" in str(rows(con, "SELECT reason FROM quarantine WHERE source_line = 6"))


def test_imdb_titles_that_occur_twice_both_stay(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = imdb_file(tmp_path, 'Emma,"Drama, Folk Horror, Drama",7.5', "Emma,Comedy,6.1", "Bad,Drama,11", ",Drama,5")
    report = filled(con, by_table(file))["imdb_movies"]
    assert report.quarantined == {"rating_range": 1, "title_missing": 1}
    assert_every_raw_row_is_in_one_place(con, report, file)
    assert rows(con, "SELECT imdb_row, title, year, genres FROM imdb_movies ORDER BY 1") == [
        (2, "Emma", None, ["Drama", "Folk Horror"]),
        (3, "Emma", None, ["Comedy"]),
    ]


def test_imdb_lists_identifiers_and_counts_are_read_in_each_published_form(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    header = "title,imdb_id,year,votes,cast,keywords"
    file = imdb_file(
        tmp_path,
        'A,http://www.imdb.com/title/tt0499549/?ref_=x,2009.0,"886,204",Zoe|Al|Zoe,b|a',
        'B,tt12345678,2010,5,"Zoe, Al",',
        "C,,,,,",
        header=header,
    )
    assert filled(con, by_table(file))["imdb_movies"].quarantined == {}
    assert rows(con, 'SELECT imdb_id, year, votes, "cast", keywords FROM imdb_movies ORDER BY imdb_row') == [
        ("tt0499549", 2009, 886204, ["Zoe", "Al"], ["b", "a"]),
        ("tt12345678", 2010, 5, ["Zoe", "Al"], []),
        (None, None, None, [], []),
    ]


def test_a_table_of_one_years_films_gives_that_year(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    filled(con, by_table(imdb_file(tmp_path, "Sinners,Drama,7.5", name="imdb_movies_2025_cleaned.csv")))
    assert rows(con, "SELECT year FROM imdb_movies") == [(2025,)]


FIELD = st.one_of(
    st.sampled_from(["1", "2", "3", "0", "-1", "4.5", "nan", "-inf", "", " ", "x", "1e9", "1_0", "１", "1000000000"]),
    st.text(st.characters(codec="utf-8", exclude_characters='\r\n",\0', exclude_categories=("Cs",)), max_size=5),
)


@given(lines=st.lists(st.tuples(FIELD, FIELD, FIELD, FIELD).filter(lambda line: any(line)), min_size=1, max_size=30))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_published_every_row_is_kept_or_quarantined(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, lines: list[tuple[str, str, str, str]]
) -> None:
    file = ratings_file(tmp_path, *(",".join(line) for line in lines))
    report = filled(con, by_table(movies_file(tmp_path, HEAT, ALIEN), file))["ratings"]
    assert report.rows_in == len(lines)
    assert_every_raw_row_is_in_one_place(con, report, file)
    for user, movie, rating, time in rows(con, "FROM ratings"):
        assert user >= 1  # type: ignore[operator]
        assert movie in (1, 2)
        assert 0.5 <= rating <= 5  # type: ignore[operator]
        assert time >= datetime(1995, 1, 1)  # type: ignore[operator]
    assert rows(con, "SELECT count(*) FROM (SELECT DISTINCT user_id, movie_id FROM ratings)") == [(report.rows_out,)]


@pytest.mark.real_data
def test_latest_small_survives_whole(con: duckdb.DuckDBPyConnection, mirror: Path, tmp_path: Path) -> None:
    reports = filled(con, latest_small(mirror, tmp_path))
    assert {name: r.rows_out for name, r in reports.items()} == {
        "tmdb_movies": 0,
        "movies": 9_742,
        "ratings": 100_836,
        "tags": 3_683,
        "imdb_movies": 7_840,
    }
    assert rows(con, "FROM quarantine") == []
    assert rows(con, "SELECT count(*) FROM movies WHERE year IS NULL") == [(12,)]
    assert rows(con, "SELECT count(imdb_id), count(tmdb_id) FROM movies") == [(9_742, 9_734)]
    assert rows(con, "SELECT title, year, imdb_id FROM movies WHERE movie_id = 2571") == [
        ("The Matrix", 1999, "tt0133093")
    ]
    assert rows(con, "SELECT count(*) FROM (SELECT DISTINCT title FROM imdb_movies)") == [(7_799,)]


@pytest.mark.real_data
def test_ml_100k_survives_whole(con: duckdb.DuckDBPyConnection, mirror: Path, tmp_path: Path) -> None:
    reports = filled(con, ml_100k(mirror, tmp_path))
    assert (reports["ratings"].rows_out, reports["movies"].rows_out, reports["users"].rows_out) == (100_000, 1_682, 943)
    assert rows(con, "FROM quarantine") == []
    assert rows(con, "SELECT title, year, genres FROM movies WHERE movie_id IN (1, 543) ORDER BY movie_id") == [
        ("Toy Story", 1995, ["Animation", "Children", "Comedy"]),
        ("Les Misérables", 1995, ["Drama", "Musical"]),
    ]
    assert rows(con, "SELECT title FROM movies WHERE year IS NULL") == [("unknown",)]


REFERENCES = [(name, r) for name in RECIPES for r in KNOWN[name].references]


@pytest.mark.parametrize(("name", "reference"), REFERENCES, ids=[f"{name}.{r.column}" for name, r in REFERENCES])
def test_what_a_required_column_refers_to_is_a_key(name: str, reference: Reference) -> None:
    """So that joining it repeats no row, and that a row without it is put aside under a rule."""
    assert KNOWN[reference.table].key == (reference.target,)
    assert KNOWN[name].column(reference.column).required


def test_an_empty_raw_table_gives_an_empty_validated_one(con: duckdb.DuckDBPyConnection) -> None:
    load_raw(con, RAW_USERS, [])
    assert clean_table(con, USERS) == CleanReport("users", 0, 0, {})
