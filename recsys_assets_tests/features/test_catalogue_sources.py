"""What TMDb and IMDb's official titles bring to the catalogue, and which of them goes first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from recsys_assets.features.catalogue import CatalogueReport, build_catalogue
from recsys_assets.recommenders.content_fields import FieldWeights, movie_vectors
from recsys_assets.sources.files import DelimitedFile
from recsys_assets.sources.imdb_official import OFFICIAL_FILES
from recsys_assets.sources.movies_dataset import layout
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.tables import IMDB_MOVIES, IMDB_TITLES
from recsys_assets_tests.sources.imdb_official_files import BASICS, official_set
from recsys_assets_tests.sources.movies_dataset_files import ALIEN, TOY_STORY, metadata, small_set
from recsys_assets_tests.warehouse.files import imdb_file, links_file, movies_file
from recsys_assets_tests.warehouse.filling import NOW, by_table, filled

ALIEN_MOVIE = "2,Alien (1979),Horror"
IMDB_HEADER = "imdb_id,title,year,director,cast,keywords,rating,votes,description"
ALIEN_OF_TABLE = "tt0078748,Alien,1979,R. Scott,John Hurt,space,8.1,5,In space"


def tmdb(folder: Path) -> list[DelimitedFile]:
    files = layout({path.name: path for path in small_set(folder).iterdir()})
    return [f for f in files if f.table in ("raw_tmdb_movies", "raw_credits", "raw_keywords")]


def official(folder: Path, *basics: str) -> list[DelimitedFile]:
    official_set(folder, {"title.basics.tsv.gz": [*BASICS, *basics]})
    return [f.described(folder / f.name) for f in OFFICIAL_FILES]


def built(con: duckdb.DuckDBPyConnection, *files: DelimitedFile) -> CatalogueReport:
    filled(con, by_table(*files))
    for table in (IMDB_MOVIES, IMDB_TITLES):
        clean_table(con, table, now=NOW)
    return build_catalogue(con)


def movie(con: duckdb.DuckDBPyConnection, movie_id: int) -> dict[str, Any]:
    (found,) = con.sql(f"FROM catalogue WHERE movie_id = {movie_id}").pl().to_dicts()
    return found


def test_tmdbs_facts_reach_movies_by_tmdb_id_else_by_imdb_id(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    links = links_file(tmp_path, "1,,862", "2,0078748,", "3,,")
    movies = movies_file(tmp_path, "1,Toy Story (1995),Comedy", ALIEN_MOVIE, "3,Heat (1995),Crime")
    report = built(con, movies, links, *tmdb(tmp_path / "t"))
    assert report.tmdb == 2
    found = movie(con, 1)
    assert found["overview"] == TOY_STORY["overview"]
    assert found["keywords"] == ["jealousy", "toy"]
    assert found["cast"] == ["Tom Hanks", "Tim Allen", "Don O'Rickles\xa0Jr"]
    assert found["director"] == "John Lasseter"
    assert (found["vote_count"], found["vote_average"]) == (5415, pytest.approx(7.7))
    assert found["imdb_id"] == "tt0114709", "TMDb knows what the links do not say"
    assert found["genres"] == ["Comedy"], "MovieLens's own go first"
    assert (movie(con, 2)["tmdb_id"], movie(con, 2)["overview"], movie(con, 2)["cast"]) == (348, None, [])
    assert (movie(con, 3)["tmdb_id"], movie(con, 3)["overview"]) == (None, None)


def test_where_tmdb_has_nothing_the_imdb_table_speaks(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """TMDb's Alien here has neither plot, people, keywords nor votes."""
    links, imdb = links_file(tmp_path, "2,0078748,348"), imdb_file(tmp_path, ALIEN_OF_TABLE, header=IMDB_HEADER)
    report = built(con, movies_file(tmp_path, ALIEN_MOVIE), links, imdb, *tmdb(tmp_path / "t"))
    assert (report.tmdb, report.matched["imdb_id"]) == (1, 1)
    found = movie(con, 2)
    assert (found["overview"], found["director"]) == ("In space", "R. Scott")
    assert (found["cast"], found["keywords"]) == (["John Hurt"], ["space"])
    assert (found["vote_count"], found["vote_average"]) == (5, pytest.approx(8.1))
    assert found["imdb_match"] == "imdb_id"


def test_votes_and_their_mean_are_of_one_source(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = small_set(tmp_path / "t")
    metadata(folder, {**ALIEN, "vote_average": 0.5, "vote_count": None})
    files = [f for f in layout({p.name: p for p in folder.iterdir()}) if f.table == "raw_tmdb_movies"]
    imdb = imdb_file(tmp_path, ALIEN_OF_TABLE, header=IMDB_HEADER)
    built(con, movies_file(tmp_path, ALIEN_MOVIE), links_file(tmp_path, "2,0078748,348"), imdb, *files)
    found = movie(con, 2)
    assert (found["vote_count"], found["vote_average"]) == (None, 0.5)


def test_official_titles_go_before_the_tables_and_behind_tmdb(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    imdb = imdb_file(tmp_path, ALIEN_OF_TABLE, header=IMDB_HEADER)
    links = links_file(tmp_path, "2,0078748,348")
    report = built(
        con, movies_file(tmp_path, ALIEN_MOVIE), links, imdb, *official(tmp_path / "o"), *tmdb(tmp_path / "t")
    )
    assert report.official == 1
    found = movie(con, 2)
    assert (found["vote_count"], found["vote_average"]) == (970_123, 8.5)
    assert (found["director"], found["cast"]) == ("Ridley Scott", ["Tom Skerritt", "Sigourney Weaver"])
    assert (found["overview"], found["keywords"]) == ("In space", ["space"]), "the official files have neither"


def test_where_all_know_a_fact_tmdb_is_believed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The official files know the movie by its identifier, with another director, cast and rating."""
    folder = official_set(
        tmp_path / "o",
        {
            "title.basics.tsv.gz": ["tt0114709\tmovie\tToy Story\tToy Story\t0\t1995\t\\N\t81\tAnimation"],
            "title.ratings.tsv.gz": ["tt0114709\t8.3\t1100000"],
            "title.crew.tsv.gz": ["tt0114709\tnm0000631\t\\N"],
            "title.principals.tsv.gz": ["tt0114709\t1\tnm0000244\tactress\t\\N\t\\N"],
        },
    )
    files = [f.described(folder / f.name) for f in OFFICIAL_FILES]
    links = links_file(tmp_path, "1,0114709,862")
    report = built(con, movies_file(tmp_path, "1,Toy Story (1995),Comedy"), links, *files, *tmdb(tmp_path / "t"))
    assert (report.official, report.tmdb) == (1, 1)
    found = movie(con, 1)
    assert (found["director"], found["cast"][0]) == ("John Lasseter", "Tom Hanks")
    assert (found["vote_count"], found["vote_average"]) == (5415, pytest.approx(7.7))


def test_with_an_identifier_no_title_is_tried(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    links = links_file(tmp_path, "2,0099999,")
    assert built(con, movies_file(tmp_path, ALIEN_MOVIE), links, *official(tmp_path / "o")).official == 0
    assert movie(con, 2)["director"] is None


@pytest.mark.parametrize(
    ("published", "others", "found"),
    [
        ("Alien (1979)", [], "tt0078748"),
        ("Alien (1980)", [], "tt0078748"),
        ("Alien (1981)", [], None),
        ("Alien", [], None),
        ("Fabuleux destin d'Amélie Poulain, Le (2001)", [], "tt0211915"),
        ("Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)", [], "tt0211915"),
        ("Alien (1979)", ["tt1\tshort\tAlien\tAlien\t0\t1979\t\\N\t5\tShort"], "tt0078748"),
        ("Alien (1979)", ["tt0000011\tshort\tAlien\tAlien\t0\t1979\t\\N\t5\tShort"], "tt0078748"),
        ("Alien (1980)", ["tt0000011\tshort\tAlien\tAlien\t0\t1980\t\\N\t5\tShort"], "tt0078748"),
        ("Alien (1979)", ["tt0000011\tmovie\tAlien\tAlien\t0\t1978\t\\N\t5\tDrama"], "tt0078748"),
        ("Alien (1979)", ["tt0000011\tmovie\tAlien\tAlien\t0\t1979\t\\N\t5\tDrama"], None),
        ("Alien (1979)", ["tt0000011\ttvEpisode\tAlien\tAlien\t0\t1979\t\\N\t5\tDrama"], "tt0078748"),
        ("Neon Genesis Evangelion (1995)", [], None),
    ],
)
def test_movies_without_identifier_are_found_by_title_and_year(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, published: str, others: list[str], found: str | None
) -> None:
    report = built(con, movies_file(tmp_path, f'2,"{published}",Horror'), *official(tmp_path / "o", *others))
    row = movie(con, 2)
    assert row["imdb_id"] == found
    assert row["imdb_match"] == ("title_year" if found else None)
    assert report.official == (1 if found else 0)


def test_two_movies_of_one_name_and_year_share_no_title(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    movies = movies_file(tmp_path, ALIEN_MOVIE, "3,Alien (1979),Horror")
    assert built(con, movies, *official(tmp_path / "o")).official == 0


@pytest.mark.real_data
def test_similarity_of_the_mirrors_movies_comes_from_tmdbs_people_and_keywords(
    con: duckdb.DuckDBPyConnection, mirror: Path
) -> None:
    """No IMDb table is loaded: what the vectors hold beside genres is TMDb's."""
    folder = mirror / "the-movies-dataset"
    files = layout({p.name: p for p in folder.iterdir()} | {"ratings.csv": folder / "ratings_small.csv"})
    report = built(con, *files)
    assert (report.movies, report.tmdb, report.matched["imdb_id"]) == (9_734, 9_734, 0)
    catalogue = con.sql("FROM catalogue ORDER BY movie_id").pl()
    described = (pl.col("cast").list.len() > 0) | (pl.col("keywords").list.len() > 0) | pl.col("director").is_not_null()
    assert catalogue.filter(pl.col("cast").list.len() > 0).height == 3_539  # two movies share one TMDb id
    alone = {field: FieldWeights(**(dict.fromkeys(NO_FIELDS, 0.0) | {field: 1.0})) for field in NO_FIELDS}
    for field in ("cast", "director", "keywords"):
        vectors = movie_vectors(catalogue, alone[field])
        filled_rows = int((np.diff(vectors.indptr) > 0).sum())
        assert 2_000 < filled_rows <= 3_539, field
    everything = movie_vectors(catalogue, FieldWeights())
    toy_story = catalogue["title"].to_list().index("Toy Story")
    cosines = (everything @ everything[toy_story].T).toarray()[:, 0]
    cosines[toy_story] = 0
    assert catalogue["title"][int(cosines.argmax())] == "Toy Story 2"
    by_genre = movie_vectors(catalogue, alone["genres"])
    equal = (by_genre @ by_genre[toy_story].T).toarray()[:, 0]
    assert (equal > 0.999).sum() > 2, "genres alone can't tell it from others"
    assert catalogue.filter(described).height < catalogue.height


NO_FIELDS = ("genres", "cast", "director", "keywords", "overview")
