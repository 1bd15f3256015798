from __future__ import annotations

from pathlib import Path

import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources import SourceError, UnavailableError, prepare
from recsys_assets.sources.inventory import inventory
from recsys_assets_tests.sources.movies_dataset_files import metadata, small_set, write, zipped

TABLES = {"raw_ratings", "raw_movies", "raw_links", "raw_tmdb_movies", "raw_credits", "raw_keywords"}


def of(settings: Settings, name: str, mirror: Path | None = None) -> Settings:
    return settings.model_copy(update={"dataset": name, "data_mirror": str(mirror) if mirror else None})


def tables(settings: Settings) -> dict[str, str]:
    """Raw table -> the file that fills it."""
    return {f.table: f.path.name for f in prepare(settings).files if f.table in TABLES}


@pytest.mark.parametrize("archive", ["archive.zip", "the-movies-dataset.zip", None])
def test_files_or_kaggles_zip_are_put_into_the_data_sets_folder(
    settings: Settings, tmp_path: Path, archive: str | None
) -> None:
    folder = settings.raw_dir / "movies-dataset"
    if archive:
        zipped(small_set(tmp_path / "set"), folder / archive)
    else:
        small_set(folder)
    found = tables(of(settings, "movies-dataset"))
    assert set(found) == TABLES
    assert (found["raw_ratings"], found["raw_movies"], found["raw_links"]) == ("ratings.csv", "links.csv", "links.csv")
    assert next(s for s in inventory(settings) if s.dataset.name == "movies-dataset").origin == "on disk"


def test_the_small_set_has_its_own_ratings_and_links(settings: Settings, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    small_set(mirror / "the-movies-dataset", small=True)
    found = tables(of(settings, "movies-dataset-small", mirror))
    assert (found["raw_ratings"], found["raw_links"]) == ("ratings_small.csv", "links_small.csv")


@pytest.mark.real_data
def test_without_its_own_links_the_small_set_uses_all(settings: Settings, mirror: Path) -> None:
    files = prepare(of(settings, "movies-dataset-small", mirror))
    assert files.of_table("raw_links")[0].path.name == "links.csv"
    assert set(files.sha256) >= {"ratings_small.csv", "links.csv", "movies_metadata.csv", "credits.csv", "keywords.csv"}
    assert prepare(of(settings, "movies-dataset-small")).sha256 == files.sha256, "a second call needs no mirror"


def test_a_file_put_beside_the_zip_goes_before_the_same_in_it(settings: Settings, tmp_path: Path) -> None:
    folder = settings.raw_dir / "movies-dataset"
    zipped(small_set(tmp_path / "set"), folder / "archive.zip")
    metadata(folder)
    (movies,) = prepare(of(settings, "movies-dataset")).of_table("raw_tmdb_movies")
    assert movies.path == folder / "movies_metadata.csv"


def test_what_lacks_is_named_with_where_to_get_it_and_where_to_put_it(settings: Settings, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    (small_set(mirror / "the-movies-dataset") / "credits.csv").unlink()
    with pytest.raises(UnavailableError) as error:
        prepare(of(settings, "movies-dataset", mirror))
    for part in (
        "movies-dataset needs credits.csv, which",
        "https://www.kaggle.com/datasets/rounakbanik/the-movies-dataset",
        "archive.zip",
        str(settings.raw_dir / "movies-dataset"),
        "RECSYS_DATA_MIRROR to a folder or address that holds the-movies-dataset/",
    ):
        assert part in str(error.value)
    with pytest.raises(
        UnavailableError, match=r"needs ratings_small.csv, movies_metadata.csv, credits.csv, keywords.csv, l"
    ):
        prepare(of(settings, "movies-dataset-small"))


def test_another_header_is_refused(settings: Settings) -> None:
    folder = small_set(settings.raw_dir / "movies-dataset")
    write(folder, "keywords.csv", [("id", "tags"), (1, "[]")])
    with pytest.raises(SourceError, match=r"keywords\.csv line 1: columns are id, tags; expected id, keywords"):
        prepare(of(settings, "movies-dataset"))


def test_a_damaged_zip_is_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    whole = zipped(small_set(tmp_path / "set"), tmp_path / "whole.zip")
    target = settings.raw_dir / "movies-dataset" / "archive.zip"
    target.parent.mkdir(parents=True)
    target.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(SourceError, match=r"archive\.zip can't be unpacked"):
        prepare(of(settings, "movies-dataset"))


def test_both_are_listed_with_licence_and_origin(settings: Settings) -> None:
    listed = {s.dataset.name: s for s in inventory(settings.model_copy(update={"data_mirror": "/mnt/data"}))}
    for name, ratings in (("movies-dataset", "ratings.csv"), ("movies-dataset-small", "ratings_small.csv")):
        assert listed[name].origin.startswith(f"/mnt/data/the-movies-dataset/{ratings}, else https://www.kaggle.com/")
        assert "CC0" in listed[name].dataset.licence
        assert "no commercial use" in listed[name].dataset.licence
    assert listed["movies-dataset"].dataset.ratings == 26_024_289
