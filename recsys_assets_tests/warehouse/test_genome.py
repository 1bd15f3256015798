"""MovieLens's tag genome, from the archive to the validated table."""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources import DatasetFiles, prepare
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.cleaning import CleanReport
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import GENOME, MOVIES, TABLES, TMDB_MOVIES
from recsys_assets_tests.warehouse.filling import NOW

MEMBERS = {
    "ratings.csv": "userId,movieId,rating,timestamp\n1,1,4.0,1000000000\n",
    "movies.csv": "movieId,title,genres\n1,Heat (1995),Crime\n2,Alien (1979),Horror\n",
    "links.csv": "movieId,imdbId,tmdbId\n1,0113277,949\n",
    "tags.csv": "userId,movieId,tag,timestamp\n",
}
GENOME_MEMBERS = {
    "genome-scores.csv": "movieId,tagId,relevance\n1,1,0.025\n1,2,0.97525\n2,1,1\n",
    "genome-tags.csv": "tagId,tag\n1,007\n2,Serial Killer\n",
}


def published(settings: Settings, folder: Path, members: dict[str, str]) -> DatasetFiles:
    archive = folder / "movielens" / "ml-25m.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as out:
        for name, content in members.items():
            out.writestr(f"ml-25m/{name}", content)
    return prepare(settings.model_copy(update={"dataset": "ml-25m", "data_mirror": str(folder)}))


def cleaned(con: duckdb.DuckDBPyConnection, files: DatasetFiles) -> CleanReport:
    for table in (t for t in TABLES.values() if t.layer == "raw"):
        load_raw(con, table, files.of_table(table.name))
    return [clean_table(con, table, now=NOW) for table in (TMDB_MOVIES, MOVIES, GENOME)][-1]


def test_scores_have_their_tags(con: duckdb.DuckDBPyConnection, settings: Settings, tmp_path: Path) -> None:
    report = cleaned(con, published(settings, tmp_path / "mirror", MEMBERS | GENOME_MEMBERS))
    assert report.quarantined == {}
    assert con.execute("FROM genome ORDER BY ALL").fetchall() == [
        (1, 1, "007", pytest.approx(0.025)),
        (1, 2, "serial killer", pytest.approx(0.97525)),
        (2, 1, "007", 1.0),
    ]


@pytest.mark.parametrize("lacking", [set(GENOME_MEMBERS), {"genome-scores.csv"}, {"genome-tags.csv"}])
def test_an_edition_without_genome_loads_without(
    con: duckdb.DuckDBPyConnection, settings: Settings, tmp_path: Path, lacking: set[str]
) -> None:
    """ml-32m has none; one of its files without the other says nothing."""
    members = {k: v for k, v in (MEMBERS | GENOME_MEMBERS).items() if k not in lacking}
    files = published(settings, tmp_path / "mirror", members)
    assert files.of_table("raw_genome_scores") == files.of_table("raw_genome_tags") == ()
    assert cleaned(con, files) == CleanReport("genome", 0, 0, {})


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("9,1,0.5", "movie_id_unknown"),
        ("2,3,0.5", "tag_id_unknown"),
        ("2,2,1.5", "relevance_range"),
        ("2,2,-0.1", "relevance_range"),
        ("2,2,high", "relevance_not_a_number"),
        ("2,x,0.5", "tag_id_not_a_number"),
        ("2,2,", "relevance_missing"),
        ("1,1,0.5", "duplicate"),
    ],
)
def test_a_bad_score_is_put_aside(
    con: duckdb.DuckDBPyConnection, settings: Settings, tmp_path: Path, row: str, rule: str
) -> None:
    scores = {"genome-scores.csv": GENOME_MEMBERS["genome-scores.csv"] + row + "\n"}
    report = cleaned(con, published(settings, tmp_path / "mirror", MEMBERS | GENOME_MEMBERS | scores))
    assert report.quarantined == {rule: 1}
    assert con.execute("SELECT source_file, source_line FROM quarantine").fetchall() == [
        ("genome-scores.csv", 2 if rule == "duplicate" else 5)
    ]
