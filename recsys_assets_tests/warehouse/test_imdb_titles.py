"""IMDb's official files -> `imdb_titles`, with names, ratings, directors and cast on the way."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from recsys_assets.sources.imdb_official import OFFICIAL_FILES
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.cleaning import CleanReport
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import IMDB_TITLES, TABLES
from recsys_assets_tests.sources.imdb_official_files import ROWS, official_set
from recsys_assets_tests.warehouse.filling import NOW

Rows = list[tuple[object, ...]]


def rows(con: duckdb.DuckDBPyConnection, query: str) -> Rows:
    return con.execute(query).fetchall()


def filled(con: duckdb.DuckDBPyConnection, folder: Path, **more: list[str]) -> CleanReport:
    """`more`: rows behind those of the published file of that name, `title_crew` for `title.crew.tsv.gz`."""
    changed = {f"{name.replace('_', '.')}.tsv.gz": added for name, added in more.items()}
    official_set(folder, {name: [*ROWS[name], *added] for name, added in changed.items()})
    for file in OFFICIAL_FILES:
        load_raw(con, TABLES[file.table], [file.described(folder / file.name)])
    return clean_table(con, IMDB_TITLES, now=NOW)


def quarantined(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """table -> the rule that was broken, of one row each."""
    found = rows(con, "SELECT table_name, rule FROM quarantine")
    assert len({table for table, _ in found}) == len(found)
    return {str(table): str(rule) for table, rule in found}


def test_films_have_rating_director_and_cast_in_imdbs_order(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    filled(con, tmp_path)
    amelie, original = "Amélie", "Le Fabuleux Destin d'Amélie Poulain"
    assert rows(con, "FROM imdb_titles ORDER BY imdb_id") == [
        ("tt0000009", "movie", '"Miss Jerry"', "Miss Jerry", 1894, ["Romance"], None, None, "Alexander Black", []),
        (
            "tt0078748",
            "movie",
            "Alien",
            "Alien",
            1979,
            ["Horror", "Sci-Fi"],
            8.5,
            970_123,
            "Ridley Scott",
            ["Tom Skerritt", "Sigourney Weaver"],
        ),
        (
            "tt0211915",
            "movie",
            amelie,
            original,
            2001,
            ["Comedy", "Romance"],
            pytest.approx(8.3),
            800_000,
            "Jean-Pierre Jeunet",
            ["Audrey Tautou"],
        ),
        ("tt9999999", "short", "Untold", "Untold", None, [], None, None, None, []),
    ]


def test_series_and_episodes_are_left_out_and_nothing_else(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    report = filled(con, tmp_path)
    assert (report.rows_in, report.rows_out, report.left_out, report.quarantined) == (6, 4, 2, {})
    assert quarantined(con) == {}


def test_a_nameless_kind_is_put_aside_not_left_out(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    report = filled(con, tmp_path, title_basics=["tt0000010\t\\N\tX\tX\t0\t1999\t\\N\t1\tDrama"])
    assert report.quarantined == {"kind_missing": 1}


@pytest.mark.parametrize(
    ("file", "row", "table", "rule"),
    [
        ("name_basics", "nm0000001\t\\N\t\\N\t\\N\t\\N\t\\N", "imdb_people", "name_missing"),
        ("name_basics", "x1\tSomebody\t\\N\t\\N\t\\N\t\\N", "imdb_people", "person_id_not_a_number"),
        ("name_basics", "nm0000002\tToo few fields", "raw_name_basics", "malformed_row"),
        ("title_ratings", "tt0078748x\t8.5\t1", "imdb_ratings", "imdb_id_malformed"),
        ("title_ratings", "tt0000009\t11\t1", "imdb_ratings", "rating_range"),
        ("title_ratings", "tt0000009\t8.5\t\\N", "imdb_ratings", "votes_missing"),
        ("title_crew", "0078748\tnm0000631\t\\N", "imdb_directors", "imdb_id_malformed"),
        ("title_crew", "tt9999999\tnm9999999\t\\N", "imdb_directors", "person_id_unknown"),
        ("title_crew", "tt9999999\tnobody\t\\N", "imdb_directors", "person_id_not_a_number"),
        ("title_principals", "tt9999999\tfirst\tnm0000244\tactor\t\\N\t\\N", "imdb_cast", "ordering_not_a_number"),
        ("title_principals", "tt9999999\t1\tnm9999999\tactor\t\\N\t\\N", "imdb_cast", "person_id_unknown"),
        ("title_principals", "9999999\t1\tnm0000244\tactor\t\\N\t\\N", "imdb_cast", "imdb_id_malformed"),
        ("title_principals", "tt0078748\t2\tnm0000244\tactor\t\\N\t\\N\tmore", "raw_title_principals", "malformed_row"),
        ("title_basics", "tt0000010\tmovie\t\\N\t\\N\t0\t1999\t\\N\t1\tDrama", "imdb_titles", "title_missing"),
        ("title_basics", "tt0000010\tmovie\tX\tX\t0\t2115\t\\N\t1\tDrama", "imdb_titles", "year_range"),
        ("title_basics", "movie\tmovie\tX\tX\t0\t1999\t\\N\t1\tDrama", "imdb_titles", "imdb_id_malformed"),
    ],
)
def test_a_bad_row_is_put_aside_under_the_name_of_its_step(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, file: str, row: str, table: str, rule: str
) -> None:
    filled(con, tmp_path, **{file: [row]})
    assert quarantined(con) == {table: rule}
    (where,) = rows(con, "SELECT source_file, source_line, reason FROM quarantine")
    name = f"{file.replace('_', '.')}.tsv.gz"
    assert where[:2] == (name, len(ROWS[name]) + 2)
    assert str(where[2]).startswith(f"{name} line {len(ROWS[name]) + 2}: ")


def test_of_rows_of_one_key_the_last_published_stays(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    again = {
        "name_basics": ["nm0000631\tSir Ridley Scott\t\\N\t\\N\t\\N\t\\N"],
        "title_principals": ["tt0078748\t2\tnm0000244\tactor\t\\N\t\\N"],
    }
    filled(con, tmp_path, **again)
    assert quarantined(con) == {"imdb_people": "duplicate", "imdb_cast": "duplicate"}
    found = rows(con, "SELECT director, \"cast\" FROM imdb_titles WHERE imdb_id = 'tt0078748'")
    assert found == [("Sir Ridley Scott", ["Sigourney Weaver", "Sigourney Weaver"])]


def test_the_first_ten_actors_are_kept(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    names = [f"nm{n:07d}\tActor {n}\t\\N\t\\N\t\\N\t\\N" for n in range(1, 15)]
    cast = [f"tt9999999\t{n}\tnm{n:07d}\tactor\t\\N\t\\N" for n in reversed(range(1, 15))]
    filled(con, tmp_path, name_basics=names, title_principals=cast)
    found = rows(con, "SELECT \"cast\" FROM imdb_titles WHERE imdb_id = 'tt9999999'")
    assert found == [([f"Actor {n}" for n in range(1, 11)],)]


def test_without_any_of_the_files_the_table_is_empty(con: duckdb.DuckDBPyConnection) -> None:
    for file in OFFICIAL_FILES:
        load_raw(con, TABLES[file.table], [])
    assert clean_table(con, IMDB_TITLES, now=NOW) == CleanReport("imdb_titles", 0, 0, {})
