"""One's own files and generated drops through the warehouse: every row is accepted or put aside, none is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from recsys_assets.settings import Settings
from recsys_assets.sources.files import DelimitedFile
from recsys_assets.sources.own import files_of, number_of, read_mapping
from recsys_assets.sources.own.known import described
from recsys_assets.sources.synthetic import SyntheticConfig, make_world
from recsys_assets.sources.synthetic.layouts import LAYOUTS, write_drop
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.cleaning import CleanReport
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import IMDB_MOVIES, MOVIES, RATINGS, TABLES, TMDB_MOVIES
from recsys_assets_tests.sources.generated import made
from recsys_assets_tests.sources.own_files import SHOP_MAPPING, shop

NOW = datetime(2026, 1, 1)
SMALL = SyntheticConfig(n_users=300, n_movies=800, n_ratings=9_000, seed=3)


@pytest.fixture
def con(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with Warehouse.of(settings).connect() as connection:
        yield connection


def cleaned(con: duckdb.DuckDBPyConnection, files: Sequence[DelimitedFile]) -> dict[str, CleanReport]:
    """Land everything, clean movies and ratings (and what movies are built of)."""
    for table in (t for t in TABLES.values() if t.layer == "raw"):
        load_raw(con, table, [f for f in files if f.table == table.name])
    return {table.name: clean_table(con, table, now=NOW) for table in (TMDB_MOVIES, MOVIES, RATINGS, IMDB_MOVIES)}


def accepted(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    frame = con.sql(
        "SELECT user_id, movie_id, rating::DOUBLE AS rating, epoch(timestamp)::BIGINT AS timestamp FROM ratings"
    ).pl()
    return frame.sort("user_id", "movie_id")


@pytest.mark.parametrize("layout", [name for name, layout in LAYOUTS.items() if layout.ratings])
def test_a_generated_drop_is_accepted_but_for_its_dirty_rows(
    layout: str, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_drop(LAYOUTS[layout], SMALL.model_copy(update={"dirty_rows": 5}), tmp_path / "drop")
    reports = cleaned(con, described(layout, tmp_path / "drop"))
    expected = made(make_world(SMALL))
    if layout in ("ml-100k", "ml-1m"):
        expected = expected.with_columns(pl.col("rating").ceil())
    if layout == "movies-dataset":  # a movie without a TMDb id has no title
        known = con.sql("SELECT movie_id FROM movies").pl()["movie_id"].to_list()
        expected = expected.filter(pl.col("movie_id").is_in(known))
        assert len(expected) > 0.97 * SMALL.n_ratings
    else:
        assert reports["movies"].rows_out == SMALL.n_movies
        assert sum(reports["ratings"].quarantined.values()) == 5
    assert_frame_equal(accepted(con), expected)
    ratings = reports["ratings"]
    assert ratings.rows_in == SMALL.n_ratings + 5 == ratings.rows_out + sum(ratings.quarantined.values())
    assert {"rating_range", "duplicate", "user_id_not_a_number", "movie_id_unknown"} < set(ratings.quarantined)


def test_titles_of_a_generated_drop_come_back_in_every_alphabet(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_drop(LAYOUTS["ml-latest"], SMALL, tmp_path / "drop")
    cleaned(con, described("ml-latest", tmp_path / "drop"))
    titles = con.sql("SELECT title FROM movies").pl()["title"]
    assert titles.str.contains("七つの海", literal=True).any()
    assert titles.str.starts_with('"').any()
    assert not titles.str.contains(r"\(\d{4}\)$").any()


def test_the_shifted_rows_of_the_movies_dataset_are_put_aside(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_drop(LAYOUTS["movies-dataset"], SMALL, tmp_path / "drop")
    reports = cleaned(con, described("movies-dataset", tmp_path / "drop"))
    assert reports["tmdb_movies"].quarantined["tmdb_id_not_a_number"] == 3
    genres = con.sql("SELECT DISTINCT unnest(genres) AS genre FROM movies").pl()["genre"].to_list()
    assert "Science Fiction" in genres or "Sci-Fi" in genres


def test_ones_own_files_become_ratings_and_what_does_not_fit_is_put_aside(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = files_of(read_mapping(SHOP_MAPPING, where="m"), shop(tmp_path / "shop"), where="m")
    reports = cleaned(con, files)
    assert accepted(con).rows() == sorted(
        [
            (number_of("ann@x.org"), number_of("SKU-1"), 5.0, 1_704_441_600),
            (number_of("bob@x.org"), number_of("SKU-2"), 0.5, 1_704_499_200),
            (number_of("ann@x.org"), number_of("SKU-3"), 2.75, 1_706_745_600),
        ]
    )
    assert dict(reports["ratings"].quarantined) == {"movie_id_unknown": 1, "rating_range": 1}
    aside = con.sql(
        "SELECT source_file, source_line FROM quarantine WHERE table_name = 'ratings' ORDER BY ALL"
    ).fetchall()
    assert aside == [("orders/2024-01.tsv", 4), ("orders/2024-02.tsv", 3)]
    movies = con.sql("SELECT title, year, genres FROM movies ORDER BY year").fetchall()
    assert movies == [("Café", 1999, ["Comedy", "Drama"]), ("Semi;colon", 2001, []), ("Third", 2002, ["Drama"])]
    assert con.sql('SELECT "cast" FROM imdb_movies ORDER BY title LIMIT 1').fetchall() == [(["Ann", "Bo"],)]


def test_purchases_are_ratings_of_the_constant_value(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pl.DataFrame({"who": [1, 2], "what": [7, 7], "at": [datetime(2024, 1, 1), datetime(2024, 1, 2)]}).write_parquet(
        tmp_path / "sales.parquet"
    )
    (tmp_path / "items.csv").write_text("id,title,kinds\n7,Seven,Drama\n")
    mapping = """
[ratings]
file = "sales.parquet"
columns = { user_id = "who", movie_id = "what", timestamp = "at" }
constants = { rating = 4 }
time = "iso"
[movies]
file = "items.csv"
columns = { movie_id = "id", title = "title" }
"""
    reports = cleaned(con, files_of(read_mapping(mapping, where="m"), tmp_path, where="m"))
    assert accepted(con).rows() == [(1, 7, 4.0, 1_704_067_200), (2, 7, 4.0, 1_704_153_600)]
    assert reports["ratings"].rows_out == 2
