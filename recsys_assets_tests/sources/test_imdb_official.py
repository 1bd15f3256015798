from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from recsys_assets.settings import Settings, load_settings
from recsys_assets.sources import imdb_official
from recsys_assets.sources.files import SourceError
from recsys_assets.sources.imdb_official import BASICS, LICENCE, NAMES, OFFICIAL_FILES, official_tables
from recsys_assets.sources.inventory import inventory
from recsys_assets_tests.sources.conftest import Publisher
from recsys_assets_tests.sources.imdb_official_files import official_set

PUBLISHED_HEADERS = {
    "title.basics.tsv.gz": "tconst titleType primaryTitle originalTitle isAdult startYear endYear runtimeMinutes "
    "genres",
    "title.ratings.tsv.gz": "tconst averageRating numVotes",
    "title.crew.tsv.gz": "tconst directors writers",
    "title.principals.tsv.gz": "tconst ordering nconst category job characters",
    "name.basics.tsv.gz": "nconst primaryName birthYear deathYear primaryProfession knownForTitles",
}
"""As IMDb documents them."""


def test_headers_are_those_that_imdb_documents() -> None:
    assert {f.name: " ".join(f.header) for f in OFFICIAL_FILES} == PUBLISHED_HEADERS


def test_files_in_the_data_folder_or_the_mirror_are_used_unasked(settings: Settings, tmp_path: Path) -> None:
    official_set(tmp_path / "imdb")
    mirrored = official_tables(settings.model_copy(update={"data_mirror": str(tmp_path)}))
    assert [f.path.name for f in mirrored.files] == list(PUBLISHED_HEADERS)
    assert {(f.null, f.quote, f.delimiter) for f in mirrored.files} == {("\\N", "", "\t")}
    assert set(mirrored.sha256) == set(PUBLISHED_HEADERS)
    assert official_tables(settings) == mirrored, "they lie in data/raw/imdb/ now"
    assert mirrored.notes == ()


@pytest.mark.usefixtures("offline")
def test_nothing_is_said_or_fetched_where_nothing_is_there_and_nothing_was_asked_for(settings: Settings) -> None:
    said: list[str] = []
    found = official_tables(settings, progress=said.append)
    assert (found.files, found.notes, said) == ((), (), [])


def test_asked_for_they_are_downloaded_after_the_licence_was_shown(
    settings: Settings, tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = official_set(tmp_path)
    publisher.files = {f"/{name}": (folder / name).read_bytes() for name in PUBLISHED_HEADERS}
    monkeypatch.setattr(imdb_official, "PUBLISHER", publisher.address)
    said: list[str] = []
    found = official_tables(settings.model_copy(update={"imdb_official": True}), progress=said.append)
    assert len(found.files) == 5
    told = next(place for place, line in enumerate(said) if LICENCE in line)
    assert told < next(place for place, line in enumerate(said) if " MB from " in line)
    assert "non-commercial" in said[told]


def test_asking_is_a_setting_that_is_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().imdb_official is False
    monkeypatch.setenv("RECSYS_IMDB_OFFICIAL", "true")
    assert load_settings().imdb_official is True


def test_without_names_people_are_not_used_and_a_note_says_so(settings: Settings) -> None:
    folder = official_set(settings.raw_dir / "imdb")
    (folder / NAMES).unlink()
    found = official_tables(settings)
    assert [f.path.name for f in found.files] == ["title.basics.tsv.gz", "title.ratings.tsv.gz"]
    assert [note.split(" is not used")[0] for note in found.notes] == [
        "title.crew.tsv.gz",
        "title.principals.tsv.gz",
        "name.basics.tsv.gz",
    ]
    assert all(NAMES in note and "RECSYS_IMDB_OFFICIAL=true" in note for note in found.notes)


def test_without_titles_nothing_is_used_and_a_note_says_so(settings: Settings) -> None:
    (official_set(settings.raw_dir / "imdb") / BASICS).unlink()
    found = official_tables(settings)
    assert found.files == ()
    assert len(found.notes) == 5


def test_another_header_is_refused(settings: Settings) -> None:
    folder = official_set(settings.raw_dir / "imdb")
    (folder / "title.ratings.tsv.gz").write_bytes(gzip.compress(b"tconst\trating\n"))
    with pytest.raises(
        SourceError, match=r"title\.ratings\.tsv\.gz line 1: columns are tconst, rating; expected tconst, a"
    ):
        official_tables(settings)


def test_the_companion_is_listed_with_licence_origin_and_what_is_there(settings: Settings) -> None:
    listed = {s.dataset.name: s for s in inventory(settings.model_copy(update={"data_mirror": None}))}["imdb"]
    assert listed.origin == "https://datasets.imdbws.com with RECSYS_IMDB_OFFICIAL=true"
    assert "non-commercial" in listed.dataset.licence
    official_set(settings.raw_dir / "imdb")
    there = {s.dataset.name: s for s in inventory(settings)}["imdb"]
    assert there.origin.startswith("on disk: title.basics.tsv.gz, ")
    assert there.bytes_on_disk > 0


def test_members_are_read_as_a_stream(settings: Settings) -> None:
    """`gzip` is what IMDb serves: more than one member in a file is still one text."""
    folder = official_set(settings.raw_dir / "imdb")
    whole = gzip.decompress((folder / BASICS).read_bytes())
    out = io.BytesIO()
    for part in (whole[:50], whole[50:]):
        out.write(gzip.compress(part))
    (folder / BASICS).write_bytes(out.getvalue())
    assert official_tables(settings).files[0].path.name == BASICS
