from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from recsys_assets.features.catalogue import build_catalogue
from recsys_assets.sources.files import DelimitedFile
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.database import WarehouseError
from recsys_assets.warehouse.tables import CATALOGUE, IMDB_TITLES
from recsys_assets_tests.warehouse.files import (
    imdb_5000,
    imdb_file,
    latest_small,
    links_file,
    movies_file,
    tags_file,
)
from recsys_assets_tests.warehouse.filling import by_table
from recsys_assets_tests.warehouse.filling import filled as validated

IMDB_HEADER = "imdb_id,title,year,genres,description"


def filled(con: duckdb.DuckDBPyConnection, files: Mapping[str, DelimitedFile]) -> None:
    """All that the catalogue is made of; none of IMDb's official titles."""
    validated(con, files)
    clean_table(con, IMDB_TITLES)


def matches(con: duckdb.DuckDBPyConnection) -> dict[int, tuple[str | None, str | None]]:
    """movie -> how it was matched, and the plot it got."""
    found = con.execute("SELECT movie_id, imdb_match, overview FROM catalogue").fetchall()
    return {movie: (how, plot) for movie, how, plot in found}


def built(
    con: duckdb.DuckDBPyConnection, folder: Path, movies: list[str], titles: list[str], links: list[str] | None = None
) -> dict[int, tuple[str | None, str | None]]:
    imdb = imdb_file(folder, *titles, header=IMDB_HEADER)
    filled(con, by_table(movies_file(folder, *movies), links_file(folder, *(links or [])), tags_file(folder), imdb))
    build_catalogue(con)
    return matches(con)


def test_an_identifier_wins_over_title_and_year(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = built(
        con,
        tmp_path,
        ["1,Heat (1995),Crime"],
        ["tt0000002,Heat,1995,Crime,wrong", "tt0000001,Warmth,1994,Crime,right"],
        ["1,1,"],
    )
    assert found == {1: ("imdb_id", "right")}


def test_titles_with_different_identifiers_are_different_films(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = built(con, tmp_path, ["1,Heat (1995),Crime"], ["tt0000002,Heat,1995,Crime,wrong"], ["1,1,"])
    assert found == {1: (None, None)}


def test_a_title_matches_within_a_year_and_the_nearest_wins(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = built(
        con,
        tmp_path,
        ["1,Heat (1995),Crime", "2,Alien (1979),Horror", "3,Big (1988),Comedy"],
        [
            ",Heat,1996,Crime,a year off",
            ",Heat,1995,Drama,the year",
            ",Alien,1980,Horror,one off",
            ",Big,1990,Comedy,two off",
        ],
    )
    assert found == {1: ("title_year", "the year"), 2: ("title_year", "one off"), 3: (None, None)}


def test_what_fits_twice_stays_without_and_is_counted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = built(
        con,
        tmp_path,
        ["1,Emma (1996),Drama", "2,Emma (1996),Comedy", "3,Heat (1995),Crime"],
        [",Emma,1996,Drama,one Emma", ",Heat,1995,Crime,first", ",Heat,1995,Crime,second"],
    )
    assert found == {1: (None, None), 2: (None, None), 3: (None, None)}
    assert build_catalogue(con).ambiguous == 3


TITLES = {
    '"Matrix, The (1999)"': "Matrix",
    "Amelie (1999)": "Amélie",
    "Seven (a.k.a. Se7en) (1999)": "Se7en",
    '"City of Lost Children, The (Cité des enfants perdus, La) (1999)"': "La cite des enfants perdus",
    "Thelma & Louise (1999)": "THELMA AND LOUISE",
    "Ocean's Eleven (1999)": "Oceans Eleven",
    "Mission: Impossible (1999)": "Mission Impossible",
    "(500) Days of Summer (1999)": "500 Days of Summer",
    "七人の侍 (1999)": "七人の侍",
}


@pytest.mark.parametrize("published", TITLES)
def test_titles_are_compared_as_a_person_would(con: duckdb.DuckDBPyConnection, tmp_path: Path, published: str) -> None:
    found = built(con, tmp_path, [f"1,{published},Drama"], [f",{TITLES[published]},1999,Drama,plot"])
    assert found == {1: ("title_year", "plot")}


@pytest.mark.parametrize(
    ("published", "other"), [("(500) Days (1999)", "500"), ("!!! (1999)", "???"), ("A (1999)", "B")]
)
def test_titles_that_share_no_name_do_not_match(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, published: str, other: str
) -> None:
    assert built(con, tmp_path, [f"1,{published},Drama"], [f",{other},1999,Drama,plot"]) == {1: (None, None)}


def test_without_any_year_a_unique_title_needs_a_shared_genre(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = built(
        con,
        tmp_path,
        [
            "1,Heat (1995),Crime",
            "2,Alien (1979),Horror",
            "3,Bambi (1942),Children",
            "4,Emma (1996),Drama",
            "5,Emma (2020),Drama",
            "6,Big (1988),(no genres listed)",
        ],
        [
            ",Heat,,Documentary,no genre in common",
            ",Alien,,Folk Horror,sub-genre",
            ",Bambi,,Family,called otherwise",
            ",Emma,,Drama,which one",
            ",Big,,Comedy,no genre to compare",
        ],
    )
    assert found == {
        1: (None, None),
        2: ("title_genre", "sub-genre"),
        3: ("title_genre", "called otherwise"),
        4: (None, None),
        5: (None, None),
        6: (None, None),
    }
    assert build_catalogue(con).ambiguous == 2


def test_a_row_without_year_in_a_table_with_years_is_not_matched_by_title(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    found = built(con, tmp_path, ["1,Fargo (1996),Crime"], [",Fargo,,Crime,the series", ",Heat,1995,Crime,x"])
    assert found == {1: (None, None)}


def test_keywords_are_those_of_imdb_and_never_users_tags(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tags = [f"{user},1,tag{number},1000000000" for number in range(12) for user in range(1, 14 - number)]
    imdb = imdb_file(tmp_path, "tt0000002,Alien,space|cat", header="imdb_id,title,keywords")
    files = by_table(
        movies_file(tmp_path, "1,Heat (1995),Crime", "2,Alien (1979),Horror", "3,Big (1988),Comedy"),
        links_file(tmp_path, "2,2,"),
        tags_file(tmp_path, *tags, "1,2,never seen,1000000000"),
        imdb,
    )
    filled(con, files)
    build_catalogue(con)
    keywords = con.execute("SELECT keywords FROM catalogue ORDER BY movie_id").fetchall()
    assert keywords == [([],), (["space", "cat"],), ([],)]


def test_every_movie_is_in_the_catalogue_once_and_building_again_changes_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    movies = ["1,Heat (1995),Crime", "2,Alien,Horror"]
    built(con, tmp_path, movies, [",Heat,1995,Crime,plot"])
    first, rows = build_catalogue(con), con.execute("FROM catalogue ORDER BY movie_id").fetchall()
    assert [row[0] for row in rows] == [1, 2]
    assert build_catalogue(con) == first
    assert con.execute("FROM catalogue ORDER BY movie_id").fetchall() == rows
    assert [c[0] for c in con.execute("DESCRIBE catalogue").fetchall()] == list(CATALOGUE.column_names)


def test_a_title_listed_twice_under_one_identifier_is_not_ambiguous(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = ["tt0113277,Heat,1995,Crime,plot", "tt0113277,Heat,1995,Crime,plot again"]
    assert built(con, tmp_path, ["1,Heat (1995),Crime"], rows) == {1: ("title_year", "plot")}


def test_a_missing_table_is_named(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(WarehouseError, match="movies`, `imdb_movies"):
        build_catalogue(con)


@pytest.mark.real_data
def test_a_table_of_films_of_2025_gives_no_plot_to_films_until_2018(
    con: duckdb.DuckDBPyConnection, mirror: Path, tmp_path: Path
) -> None:
    """100 of them share title and genre with a namesake or remake; 0 of the 40 looked at were the same film."""
    filled(con, latest_small(mirror, tmp_path))
    report = build_catalogue(con)
    assert report.matched == {"imdb_id": 0, "title_year": 0, "title_genre": 0}
    assert (report.movies, report.imdb_movies, report.with_overview) == (9_742, 7_840, 0)


@pytest.mark.real_data
def test_titles_and_years_find_the_films_that_identifiers_name(
    con: duckdb.DuckDBPyConnection, mirror: Path, tmp_path: Path
) -> None:
    """Identifiers of both tables are the truth; hidden, title and year must find the same."""
    filled(con, {**latest_small(mirror, tmp_path), "raw_imdb_movies": imdb_5000(mirror)})
    assert build_catalogue(con).matched == {"imdb_id": 3_539, "title_year": 0, "title_genre": 0}
    con.execute("CREATE TEMP TABLE truth AS SELECT movie_id, imdb_id FROM catalogue WHERE imdb_match = 'imdb_id'")
    con.execute(
        "DELETE FROM imdb_movies WHERE imdb_row NOT IN (SELECT min(imdb_row) FROM imdb_movies GROUP BY imdb_id)"
    )
    con.execute("UPDATE imdb_movies SET description = imdb_id, imdb_id = NULL")
    by_year, right = judged(con, "title_year")
    assert by_year > 3_400
    assert right / by_year > 0.995
    con.execute("UPDATE imdb_movies SET year = NULL")
    by_genre, right = judged(con, "title_genre")
    assert by_genre > 3_200
    assert right / by_genre > 0.97


def judged(con: duckdb.DuckDBPyConnection, how: str) -> tuple[int, int]:
    """Matches of this kind, and how many of them name the film that the identifiers name."""
    report = build_catalogue(con)
    assert sum(report.matched.values()) == report.matched[how]
    right = con.execute(
        "SELECT count(*) FROM catalogue c JOIN truth t USING (movie_id) WHERE c.overview = t.imdb_id"
    ).fetchone()
    return report.matched[how], right[0] if right else 0


def test_its_content_changes_with_a_value_and_with_nothing_else(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    built(con, tmp_path, ["1,Heat (1995),Crime", "2,Big (1988),Comedy"], ["tt0000001,Heat,1995,Crime,a plot"])
    first = build_catalogue(con).content
    assert len(first) == 16
    con.execute(
        "CREATE TABLE turned AS FROM movies ORDER BY movie_id DESC; DELETE FROM movies; INSERT INTO movies FROM turned"
    )
    assert build_catalogue(con).content == first
    con.execute("UPDATE imdb_movies SET description = 'another plot'")
    assert build_catalogue(con).content != first
