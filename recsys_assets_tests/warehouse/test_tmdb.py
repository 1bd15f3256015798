"""The Movies Dataset's files -> `tmdb_movies`, `credits`, `keywords`, and movies that have their titles from there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from recsys_assets.sources.movies_dataset import layout
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.cleaning import CleanReport
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import MOVIES, RATINGS, TABLES, TMDB_MOVIES
from recsys_assets_tests.sources.movies_dataset_files import ALIEN, SHIFTED, TOY_STORY, Row, metadata, small_set, write
from recsys_assets_tests.warehouse.filling import NOW

Rows = list[tuple[object, ...]]


def rows(con: duckdb.DuckDBPyConnection, query: str) -> Rows:
    return con.execute(query).fetchall()


def filled(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, CleanReport]:
    paths = {path.name: path for path in folder.iterdir()}
    if "ratings_small.csv" in paths:
        paths["ratings.csv"] = paths["ratings_small.csv"]
    files = layout(paths)
    for file in files:
        load_raw(con, TABLES[file.table], [file])
    return {t.name: clean_table(con, t, now=NOW) for t in (TMDB_MOVIES, MOVIES, RATINGS)}


def quarantined(con: duckdb.DuckDBPyConnection) -> dict[tuple[object, object], Rows]:
    """(table, rule) -> the lines put aside, in order."""
    found: dict[tuple[object, object], Rows] = {}
    for table, rule, line, reason in rows(
        con, "SELECT table_name, rule, source_line, reason FROM quarantine ORDER BY 3"
    ):
        found.setdefault((table, rule), []).append((line, reason))
    return found


def test_a_movie_is_read_with_its_genres_in_movielens_words(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    filled(con, small_set(tmp_path))
    assert rows(con, "FROM tmdb_movies WHERE tmdb_id = 862") == [
        (
            862,
            "tt0114709",
            "Toy Story",
            1995,
            ["Animation", "Children", "Comedy"],
            TOY_STORY["overview"],
            5415,
            pytest.approx(7.7),
        )
    ]


def test_a_rating_of_0_and_a_plot_that_was_not_found_are_unknown(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    filled(con, small_set(tmp_path))
    query = "SELECT genres, overview, vote_count, vote_average FROM tmdb_movies WHERE tmdb_id = 348"
    assert rows(con, query) == [(["Horror", "Sci-Fi"], None, 0, None)]


def test_shifted_rows_and_duplicates_are_put_aside_and_their_neighbours_are_not(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    reports = filled(con, small_set(tmp_path))
    assert reports["tmdb_movies"].quarantined == {"duplicate": 1, "tmdb_id_not_a_number": 1}
    assert rows(con, "SELECT tmdb_id, title FROM tmdb_movies ORDER BY 1") == [(348, "Alien"), (862, "Toy Story")]
    found = quarantined(con)
    ((line, reason),) = found["tmdb_movies", "tmdb_id_not_a_number"]
    assert line == 3
    assert "tmdb_id 1997-08-20 is not a whole number" in str(reason)
    assert [line for line, _ in found["tmdb_movies", "duplicate"]] == [4]


def test_a_row_that_breaks_off_is_malformed_and_the_row_after_it_is_read(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """The original's shifted rows are the second halves of rows that a line end cut in two."""
    folder = small_set(tmp_path)
    lines = metadata(folder, SHIFTED, TOY_STORY).read_bytes().split(b"\r\n")
    broken_off = b'False,,0,[],,348,tt0078748,en,Alien,"In space, nobody hears"'
    (folder / "movies_metadata.csv").write_bytes(b"\r\n".join([lines[0], broken_off, *lines[1:]]))
    reports = filled(con, folder)
    assert rows(con, "SELECT tmdb_id FROM tmdb_movies") == [(862,)]
    ((line, reason),) = quarantined(con)["raw_tmdb_movies", "malformed_row"]
    assert line == 2
    assert "movies_metadata.csv line 2: " in str(reason)
    assert reports["movies"].quarantined == {"title_missing": 2}


def test_cast_is_in_billing_order_and_the_director_is_who_has_that_job(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    filled(con, small_set(tmp_path))
    assert rows(con, "FROM credits ORDER BY tmdb_id") == [
        (348, [], None),
        (862, ["Tom Hanks", "Tim Allen", "Don O'Rickles\xa0Jr"], "John Lasseter"),
    ]
    assert [line for line, _ in quarantined(con)["credits", "cast_malformed"]] == [4]


def test_the_first_ten_actors_are_kept(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = small_set(tmp_path)
    cast = [{"name": f"Actor {n}", "order": n} for n in reversed(range(14))]
    write(folder, "credits.csv", [("cast", "crew", "id"), ([*cast, {"name": "Actor 0", "order": 0}], [], 862)])
    filled(con, folder)
    assert rows(con, 'SELECT "cast" FROM credits') == [([f"Actor {n}" for n in range(10)],)]


def test_a_crew_that_cannot_be_read_is_put_aside_with_its_start(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = small_set(tmp_path)
    crew = "[{'job': 'Director', 'name': 'A'}" + " " * 500
    write(folder, "credits.csv", [("cast", "crew", "id"), ("[]", crew, 862)])
    filled(con, folder)
    ((_, reason),) = quarantined(con)["credits", "director_malformed"]
    assert "director [{'job': 'Director', 'name': 'A'}" in str(reason)
    assert len(str(reason)) < 400


def test_keywords_are_in_published_order_each_once(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    filled(con, small_set(tmp_path))
    assert rows(con, "FROM keywords ORDER BY tmdb_id") == [(348, []), (862, ["jealousy", "toy"])]


def test_movies_have_title_year_and_genres_of_tmdb_through_their_links(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    filled(con, small_set(tmp_path))
    assert rows(con, "FROM movies ORDER BY movie_id") == [
        (1, "Toy Story", 1995, ["Animation", "Children", "Comedy"], "tt0114709", 862),
        (2, "Alien", 1979, ["Horror", "Sci-Fi"], "tt0078748", 348),
    ]


def test_a_link_without_a_tmdb_id_leads_to_the_movie_by_its_imdb_id(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    folder = small_set(tmp_path)
    metadata(
        folder, TOY_STORY, ALIEN, {**ALIEN, "id": 349, "title": "Alien again"}, {**ALIEN, "id": 5, "imdb_id": None}
    )
    write(folder, "links.csv", [("movieId", "imdbId", "tmdbId"), (1, "0114709", 862), (2, "0078748", ""), (3, "", "")])
    reports = filled(con, folder)
    assert rows(con, "SELECT movie_id, title, tmdb_id FROM movies ORDER BY 1") == [
        (1, "Toy Story", 862),
        (2, "Alien", 348),
    ]
    assert reports["movies"].quarantined == {"title_missing": 1}


def test_a_linked_movie_without_metadata_and_its_ratings_are_put_aside(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    reports = filled(con, small_set(tmp_path))
    assert reports["movies"].quarantined == {"title_missing": 1}
    assert reports["ratings"].quarantined == {"movie_id_unknown": 1}
    ((line, reason),) = quarantined(con)["movies", "title_missing"]
    assert (line, str(reason).split(":")[0]) == (4, "links.csv line 4")


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ({"id": None}, "tmdb_id_missing"),
        ({"id": "862x"}, "tmdb_id_not_a_number"),
        ({"title": " ", "original_title": None}, "title_missing"),
        ({"release_date": "1"}, "year_not_a_number"),
        ({"release_date": "1600-01-01"}, "year_range"),
        ({"genres": "[{'id': 16, 'name': 'Animation'"}, "genres_malformed"),
        ({"vote_count": "many"}, "vote_count_not_a_number"),
        ({"vote_average": 11.0}, "vote_average_range"),
        ({"vote_average": "good"}, "vote_average_not_a_number"),
        ({"imdb_id": "nm0000158"}, "imdb_id_malformed"),
    ],
)
def test_a_bad_movie_is_put_aside_under_its_rule(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, fault: Row, rule: str
) -> None:
    folder = small_set(tmp_path)
    metadata(folder, {**TOY_STORY, **fault}, ALIEN)
    reports = filled(con, folder)
    assert reports["tmdb_movies"].quarantined == {rule: 1}
    assert rows(con, "SELECT tmdb_id FROM tmdb_movies") == [(348,)]


@pytest.mark.parametrize(
    "lacking", [{"release_date": None}, {"vote_count": None, "vote_average": None}, {"imdb_id": None}, {"genres": None}]
)
def test_what_is_not_published_is_unknown_and_no_fault(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, lacking: Row
) -> None:
    folder = small_set(tmp_path)
    metadata(folder, {**TOY_STORY, **lacking}, SHIFTED)
    assert filled(con, folder)["tmdb_movies"].rows_out == 1


@pytest.mark.real_data
def test_the_mirrors_files_are_whole_but_for_their_known_faults(con: duckdb.DuckDBPyConnection, mirror: Path) -> None:
    """8 links have no TMDb id, so 8 movies have no title, and 13 ratings are of them; one id occurs twice."""
    reports = filled(con, mirror / "the-movies-dataset")
    assert reports["tmdb_movies"].quarantined == {"duplicate": 1, "tmdb_id_not_a_number": 3}
    assert reports["movies"].quarantined == {"title_missing": 8}
    assert reports["ratings"].quarantined == {"movie_id_unknown": 13}
    assert (reports["tmdb_movies"].rows_out, reports["movies"].rows_out) == (9_733, 9_734)
    assert reports["ratings"].rows_out == 100_823
    counted = 'SELECT count(*) FILTER (len("cast") > 0), count(director) FROM credits'
    assert rows(con, counted) == [(3_538, 3_535)]
    assert rows(con, "SELECT title FROM movies WHERE movie_id = 2571") == [("The Matrix",)]
    assert rows(
        con, "SELECT line FROM (SELECT source_line AS line FROM quarantine WHERE rule LIKE 'tmdb_id%') ORDER BY 1"
    ) == [
        (2001,),
        (5000,),
        (7997,),
    ]
