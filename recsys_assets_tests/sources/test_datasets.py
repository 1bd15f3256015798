from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources import DATASETS, DatasetFiles, DelimitedFile, SourceError, TransientSourceError, prepare
from recsys_assets.sources.headers import verified
from recsys_assets.sources.movielens import EDITIONS, ML_100K_GENRES

LATEST_SMALL = EDITIONS["ml-latest-small"].archive


def of(settings: Settings, dataset: str, mirror: Path | None = None) -> Settings:
    return settings.model_copy(update={"dataset": dataset, "data_mirror": str(mirror) if mirror else None})


def rows(file: DelimitedFile) -> list[list[str]]:
    """Read as the description says, by Python's own reader; header dropped."""
    quoting = csv.QUOTE_MINIMAL if file.quote else csv.QUOTE_NONE
    with file.path.open(encoding=file.encoding, newline="") as lines:
        found = list(csv.reader(lines, delimiter=file.delimiter, quotechar=file.quote or None, quoting=quoting))
    return found[1:] if file.header else found


def counts(files: DatasetFiles) -> dict[str, int]:
    return {table: sum(len(rows(f)) for f in files.of_table(table)) for table in {f.table for f in files.files}}


@pytest.mark.real_data
def test_ml_latest_small_has_its_published_rows(settings: Settings, mirror: Path) -> None:
    files = prepare(of(settings, "ml-latest-small", mirror))
    assert counts(files) == {
        "raw_ratings": 100_836,
        "raw_movies": 9_742,
        "raw_links": 9_742,
        "raw_tags": 3_683,
        "raw_imdb_movies": 7_840 + 5_043,
    }
    assert set(files.sha256) == {"ml-latest-small.zip", "imdb_movies_2025_cleaned.csv", "movie_metadata.csv"}
    assert files.notes == ()


@pytest.mark.real_data
def test_ml_100k_has_its_published_rows_and_genre_flags(settings: Settings, mirror: Path) -> None:
    files = prepare(of(settings, "ml-100k", mirror))
    assert counts(files) == {
        "raw_ratings": 100_000,
        "raw_movies": 1_682,
        "raw_users": 943,
        "raw_imdb_movies": 7_840 + 5_043,
    }
    (movies,) = files.of_table("raw_movies")
    table = rows(movies)
    assert {len(r) for r in table} == {len(movies.columns)}
    toy_story = dict(zip(movies.columns, table[0], strict=True))
    assert toy_story["title"] == "Toy Story (1995)"
    assert {c for c, v in toy_story.items() if v == "1" and c and c.startswith("genre:")} == {
        "genre:Animation",
        "genre:Children's",
        "genre:Comedy",
    }
    assert any("é" in r[1] for r in table), "Latin-1 is read as such"


@pytest.mark.real_data
def test_the_genre_flags_are_in_the_order_that_the_archive_states(settings: Settings, mirror: Path) -> None:
    import zipfile

    with zipfile.ZipFile(mirror / "movielens" / "ml-100k.zip") as archive:
        stated = [line.split("|")[0] for line in archive.read("ml-100k/u.genre").decode().split()]
    assert stated == ["unknown", *ML_100K_GENRES]


@pytest.mark.real_data
def test_a_second_call_needs_neither_mirror_nor_network(settings: Settings, mirror: Path) -> None:
    first = prepare(of(settings, "ml-latest-small", mirror))
    assert prepare(of(settings, "ml-latest-small")) == first


@pytest.mark.real_data
def test_without_the_imdb_tables_the_data_set_loads_and_says_how_to_get_them(
    settings: Settings, mirror: Path, tmp_path: Path
) -> None:
    partial = tmp_path / "mirror" / "movielens"
    partial.mkdir(parents=True)
    shutil.copy(mirror / LATEST_SMALL.relative, partial)
    files = prepare(of(settings, "ml-latest-small", partial.parent))
    assert files.of_table("raw_imdb_movies") == ()
    for note, name in zip(files.notes, ("imdb_movies_2025_cleaned.csv", "movie_metadata.csv"), strict=True):
        assert str(settings.raw_dir / "imdb" / name) in note
        assert "RECSYS_DATA_MIRROR" in note


@pytest.mark.real_data
def test_a_truncated_archive_is_refused_with_its_name(settings: Settings, mirror: Path) -> None:
    target = LATEST_SMALL.target(settings)
    target.parent.mkdir(parents=True)
    target.write_bytes((mirror / LATEST_SMALL.relative).read_bytes()[:500_000])
    with pytest.raises(SourceError, match=r"ml-latest-small\.zip can't be unpacked"):
        prepare(of(settings, "ml-latest-small"))


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["ml-latest-small", "ml-100k"])
def test_offline_without_a_mirror_the_error_names_the_publisher_the_mirror_and_the_folder(
    settings: Settings, name: str
) -> None:
    with pytest.raises(TransientSourceError) as error:
        prepare(of(settings, name))
    for part in (
        f"https://files.grouplens.org/datasets/movielens/{name}.zip",
        f"RECSYS_DATA_MIRROR to a folder or address that holds movielens/{name}.zip",
        str(settings.raw_dir / name / f"{name}.zip"),
    ):
        assert part in str(error.value)


def test_an_unknown_name_is_answered_with_the_nearest_and_all_known(settings: Settings) -> None:
    with pytest.raises(SourceError) as error:
        prepare(of(settings, "ml-lastest-small"))
    assert "did you mean 'ml-latest-small'?" in str(error.value)
    assert all(name in str(error.value) for name in DATASETS)


def test_a_header_other_than_published_is_shown_beside_the_expected(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,movie,stars\n1,2,3\n")
    file = DelimitedFile("raw_ratings", path, ("user_id", "movie_id"), ("userId", "movieId"))
    with pytest.raises(SourceError, match=r"ratings\.csv line 1: columns are user, movie, stars; expected userId, mov"):
        verified(file)


def test_a_file_without_header_must_have_the_declared_number_of_fields(tmp_path: Path) -> None:
    path = tmp_path / "u.data"
    path.write_text("1\t2\t3\n")
    good = DelimitedFile("raw_ratings", path, ("a", "b", "c"), delimiter="\t", quote="")
    assert verified(good) is good
    with pytest.raises(SourceError, match=r"3 fields separated by '\\t'; expected 4"):
        verified(DelimitedFile("raw_ratings", path, ("a", "b", "c", "d"), delimiter="\t", quote=""))


def test_headers_may_have_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b'\xef\xbb\xbfmovieId,"title"\r\n1,x\r\n')
    verified(DelimitedFile("raw_movies", path, ("movie_id", "title"), ("movieId", "title")))
