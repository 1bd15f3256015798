"""Every layout of MovieLens, made from real ratings: another form of the same file must give the same table."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources import DATASETS, prepare
from recsys_assets.sources.movielens import EDITIONS, ML_100K_GENRES
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import (
    MOVIES,
    RATINGS,
    RAW_CREDITS,
    RAW_KEYWORDS,
    RAW_LINKS,
    RAW_MOVIES,
    RAW_RATINGS,
    RAW_TAGS,
    RAW_TMDB_MOVIES,
    RAW_USERS,
    TAGS,
    TMDB_MOVIES,
    USERS,
)

pytestmark = pytest.mark.real_data
RAW = (RAW_RATINGS, RAW_MOVIES, RAW_LINKS, RAW_TAGS, RAW_USERS, RAW_TMDB_MOVIES, RAW_CREDITS, RAW_KEYWORDS)


def _members(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {Path(name).name: opened.read(name) for name in opened.namelist()}


def _pack(folder: Path, name: str, inside: str, files: Mapping[str, bytes]) -> Path:
    """A mirror that holds one archive."""
    target = folder / "movielens" / f"{name}.zip"
    target.parent.mkdir(parents=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(f"{inside}/{member}", content)
    return folder


def _tables(settings: Settings, name: str, mirror: Path) -> dict[str, list[tuple]]:
    """Validated tables of a data set, each in a fixed order."""
    files = prepare(settings.model_copy(update={"dataset": name, "data_mirror": str(mirror)}))
    with duckdb.connect() as con:
        for table in RAW:
            load_raw(con, table, files.of_table(table.name))
        for table in (TMDB_MOVIES, MOVIES, RATINGS, TAGS, USERS):
            clean_table(con, table)
        quarantined = con.execute("SELECT count(*) FROM quarantine").fetchall()
        assert quarantined == [(0,)]
        return {t.name: con.execute(f"FROM {t.name} ORDER BY ALL").fetchall() for t in (MOVIES, RATINGS, TAGS, USERS)}


def _double_colon(mirror: Path, *, encoding: str) -> dict[str, bytes]:
    """ml-100k in the form of 1m and 10m."""
    published = _members(mirror / "movielens" / "ml-100k.zip")
    movies = []
    for line in published["u.item"].decode("latin-1").splitlines():
        movie, title, _, _, _, _, *flags = line.split("|")
        genres = [g for g, flag in zip(ML_100K_GENRES, flags, strict=True) if flag == "1"]
        movies.append(f"{movie}::{title}::{'|'.join(genres) or '(no genres listed)'}")
    users = []
    for line in published["u.user"].decode("latin-1").splitlines():
        user, age, gender, occupation, zip_code = line.split("|")
        users.append(f"{user}::{gender}::{age}::{occupation}::{zip_code}")
    return {
        "ratings.dat": published["u.data"].replace(b"\t", b"::"),
        "movies.dat": ("\n".join(movies) + "\n").encode(encoding),
        "users.dat": ("\n".join(users) + "\n").encode(encoding),
        "tags.dat": "1::1::café, “quoted”::978300760\n".encode(),
    }


def test_the_form_of_1m_gives_the_same_ratings_and_users(settings: Settings, mirror: Path, tmp_path: Path) -> None:
    known = _tables(settings, "ml-100k", mirror)
    found = _tables(settings, "ml-1m", _pack(tmp_path, "ml-1m", "ml-1m", _double_colon(mirror, encoding="latin-1")))
    assert found["ratings"] == known["ratings"]
    assert found["users"] == known["users"]
    assert len(found["movies"]) == len(known["movies"]) == 1_682
    titles = {row[0]: row[1] for row in known["movies"]}
    assert {row[0]: row[1] for row in found["movies"]} == titles
    assert any(not title.isascii() for title in titles.values())


def test_the_form_of_10m_has_its_own_folder_its_tags_and_utf_8(
    settings: Settings, mirror: Path, tmp_path: Path
) -> None:
    packed = _pack(tmp_path, "ml-10m", "ml-10M100K", _double_colon(mirror, encoding="utf-8"))
    found = _tables(settings, "ml-10m", packed)
    assert found["ratings"] == _tables(settings, "ml-100k", mirror)["ratings"]
    assert [row[2] for row in found["tags"]] == ["café, “quoted”"]
    assert found["users"] == []


@pytest.mark.parametrize("name", ["ml-20m", "ml-25m", "ml-32m", "ml-latest"])
def test_the_kin_of_latest_small_load_alike(settings: Settings, mirror: Path, tmp_path: Path, name: str) -> None:
    published = _members(mirror / "movielens" / "ml-latest-small.zip")
    packed = _pack(tmp_path, name, name, published)
    assert _tables(settings, name, packed) == _tables(settings, "ml-latest-small", mirror)


def test_every_edition_is_a_known_data_set_with_its_licence() -> None:
    assert set(EDITIONS) == {name for name in DATASETS if name.startswith("ml-")}
    assert all("no commercial use" in DATASETS[name].licence for name in EDITIONS)
