from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources import fetch as fetch_module
from recsys_assets.sources import prepare
from recsys_assets.sources.errors import ChecksumError, TransientSourceError, UnavailableError
from recsys_assets.sources.fetch import PublishedFile, fetch, sha256_of
from recsys_assets.sources.files import SourceError
from recsys_assets_tests.sources.conftest import Publisher

BODY = bytes(range(256)) * 4_000
NAME = "ml.zip"
PATH = f"/movielens/{NAME}"


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def published(publisher: Publisher | None, **pins: str) -> PublishedFile:
    return PublishedFile("ml", f"movielens/{NAME}", f"{publisher.address}{PATH}" if publisher else None, **pins)


@pytest.fixture
def target(settings: Settings) -> Path:
    return settings.raw_dir / "ml" / NAME


def mirrored(settings: Settings, mirror: str) -> Settings:
    return settings.model_copy(update={"data_mirror": mirror})


def test_a_download_is_whole_and_its_hash_is_noted_in_the_format_of_sha256sum(
    publisher: Publisher, settings: Settings, target: Path
) -> None:
    publisher.files[PATH] = BODY
    got = fetch(published(publisher), settings)
    assert target.read_bytes() == BODY
    assert got.sha256 == sha256(BODY)
    assert target.with_name(f"{NAME}.sha256").read_text() == f"{sha256(BODY)}  {NAME}\n"
    assert not list(target.parent.glob("*.part*")), "no half files stay behind"


def test_a_file_that_is_there_is_used_without_a_request(publisher: Publisher, settings: Settings) -> None:
    publisher.files[PATH] = BODY
    fetch(published(publisher), settings)
    publisher.requests.clear()
    assert fetch(published(publisher), settings).origin == "data/raw"
    assert publisher.requests == []


def test_a_file_put_there_by_hand_is_accepted_and_from_then_on_guarded(settings: Settings, target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    assert fetch(published(None), settings).sha256 == sha256(b"mine")
    target.write_bytes(b"edited")
    with pytest.raises(ChecksumError) as error:
        fetch(published(None), settings)
    for part in (str(target), sha256(b"mine"), sha256(b"edited"), "Delete", f"{NAME}.sha256"):
        assert part in str(error.value)


@pytest.mark.parametrize("etag", ['"v1"', None])
def test_a_broken_download_goes_on_where_it_broke(
    publisher: Publisher, settings: Settings, target: Path, etag: str | None
) -> None:
    publisher.files[PATH] = BODY
    if etag:
        publisher.etags[PATH] = etag
    publisher.break_off_after = [300_000, 400_000]
    fetch(published(publisher), settings)
    assert target.read_bytes() == BODY
    first, *rest = publisher.ranges
    assert first is None
    assert len(rest) == 2
    assert all(r and int(r[6:-1]) > 0 for r in rest)


def test_a_later_call_goes_on_with_what_an_earlier_one_left(
    publisher: Publisher, settings: Settings, target: Path
) -> None:
    publisher.files[PATH], publisher.etags[PATH] = BODY, '"v1"'
    publisher.break_off_after, publisher.statuses = [500_000], []
    publisher.break_off_after += [0, 0, 0, 0, 0]
    with pytest.raises(TransientSourceError):
        fetch(published(publisher), settings)
    publisher.break_off_after, publisher.requests = [], []
    fetch(published(publisher), settings)
    assert target.read_bytes() == BODY
    assert publisher.ranges[0] is not None


def test_a_server_that_ignores_range_makes_the_download_start_over(
    publisher: Publisher, settings: Settings, target: Path
) -> None:
    publisher.files[PATH], publisher.honours_range, publisher.break_off_after = BODY, False, [300_000]
    fetch(published(publisher), settings)
    assert target.read_bytes() == BODY
    assert len(publisher.ranges) == 2, "the whole body of the second answer is used"


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_file_that_changed_at_the_publisher_is_not_glued_to_its_old_start(
    publisher: Publisher, settings: Settings, target: Path, honours_if_range: bool
) -> None:
    publisher.honours_if_range = honours_if_range
    publisher.files[PATH], publisher.etags[PATH] = BODY, '"v1"'
    publisher.break_off_after = [300_000, 0, 0, 0, 0, 0]
    with pytest.raises(TransientSourceError):
        fetch(published(publisher), settings)
    publisher.files[PATH], publisher.etags[PATH], publisher.break_off_after = BODY[::-1], '"v2"', []
    fetch(published(publisher), settings)
    assert target.read_bytes() == BODY[::-1]
    assert '"v1"' in publisher.conditions


def test_without_validators_a_wrong_start_is_found_by_the_checksum_and_fetched_anew(
    publisher: Publisher, settings: Settings, target: Path
) -> None:
    publisher.files[PATH] = BODY
    publisher.break_off_after = [300_000, 0, 0, 0, 0, 0]
    with pytest.raises(TransientSourceError):
        fetch(published(publisher), settings)
    publisher.files[PATH], publisher.break_off_after = BODY[::-1], []
    fetch(published(publisher, md5=md5(BODY[::-1])), settings)
    assert target.read_bytes() == BODY[::-1]


def test_busy_servers_are_asked_again_and_missing_files_are_not(publisher: Publisher, settings: Settings) -> None:
    publisher.files[PATH], publisher.statuses = BODY, [503, 500]
    fetch(published(publisher), settings)
    assert len(publisher.ranges) == 3

    publisher.requests.clear()
    with pytest.raises(UnavailableError, match="404"):
        fetch(PublishedFile("ml", "movielens/other.zip", f"{publisher.address}/other.zip"), settings)
    assert len(publisher.ranges) == 1


def test_a_server_that_stays_down_is_a_transient_error_with_the_ways_out(
    publisher: Publisher, settings: Settings, target: Path
) -> None:
    publisher.statuses = [503] * 20
    with pytest.raises(TransientSourceError) as error:
        fetch(published(publisher), settings)
    for part in (publisher.address, "503", "RECSYS_DATA_MIRROR", str(target)):
        assert part in str(error.value)
    assert len(publisher.ranges) == 4


def test_a_pinned_checksum_that_differs_is_refused_and_nothing_is_kept(
    publisher: Publisher, settings: Settings, target: Path
) -> None:
    publisher.files[PATH] = BODY
    with pytest.raises(ChecksumError, match=md5(BODY)):
        fetch(published(publisher, md5="0" * 32), settings)
    assert not target.exists()
    assert not list(target.parent.glob("*.part*"))


@pytest.mark.parametrize("text", ["{}  ml.zip\n", "MD5 (ml.zip) = {}\n"])
def test_the_publishers_md5_file_is_believed(publisher: Publisher, settings: Settings, text: str) -> None:
    publisher.files |= {PATH: BODY, f"{PATH}.md5": text.format(md5(BODY)).encode()}
    assert fetch(published(publisher), settings).sha256 == sha256(BODY)
    publisher.files |= {"/movielens/b.zip": BODY, "/movielens/b.zip.md5": text.format(md5(b"else")).encode()}
    with pytest.raises(ChecksumError, match=md5(b"else")):
        fetch(PublishedFile("ml", "movielens/b.zip", f"{publisher.address}/movielens/b.zip"), settings)


@pytest.mark.parametrize("kind", ["folder", "file", "http"])
def test_the_mirror_comes_before_the_publisher_and_its_repacked_copy_is_accepted(
    publisher: Publisher, settings: Settings, tmp_path: Path, target: Path, kind: str
) -> None:
    publisher.files |= {PATH: BODY, f"/mirror{PATH}": b"repacked"}
    copy = tmp_path / "a mirror" / "movielens" / NAME
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"repacked")
    folder = copy.parents[1]
    mirror = {"folder": str(folder), "file": folder.as_uri(), "http": f"{publisher.address}/mirror/"}[kind]
    fetch(published(publisher, md5=md5(BODY)), mirrored(settings, mirror))
    assert target.read_bytes() == b"repacked"


def test_what_the_mirror_lacks_comes_from_the_publisher(
    publisher: Publisher, settings: Settings, tmp_path: Path
) -> None:
    publisher.files[PATH] = BODY
    said: list[str] = []
    got = fetch(published(publisher), mirrored(settings, str(tmp_path)), progress=said.append)
    assert got.origin == f"{publisher.address}{PATH}"
    assert any("does not exist" in line for line in said), "falling back is not silent"


@pytest.mark.parametrize("mirror", ["/no/such/folder", "ftp://example.org/data", "file://elsewhere/data"])
def test_a_mirror_that_can_not_be_one_is_named(settings: Settings, mirror: str) -> None:
    with pytest.raises(SourceError, match="RECSYS_DATA_MIRROR"):
        fetch(published(None), mirrored(settings, mirror))


@pytest.mark.usefixtures("offline")
def test_without_network_and_mirror_one_error_names_three_ways_out(settings: Settings, target: Path) -> None:
    with pytest.raises(TransientSourceError) as error:
        fetch(PublishedFile("ml", f"movielens/{NAME}", "https://files.grouplens.org/x.zip"), settings)
    text = str(error.value)
    assert "(1) connect to a network that reaches https://files.grouplens.org/x.zip" in text
    assert f"(2) set RECSYS_DATA_MIRROR to a folder or address that holds movielens/{NAME}" in text
    assert f"(3) put the file at {target}" in text


def test_callers_at_the_same_time_download_once(publisher: Publisher, settings: Settings) -> None:
    publisher.files[PATH] = BODY
    got: list[str] = []
    threads = [
        threading.Thread(target=lambda: got.append(fetch(published(publisher), settings).sha256)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [sha256(BODY)] * 4
    assert len(publisher.ranges) == 1


def test_an_interrupted_copy_leaves_no_file(settings: Settings, tmp_path: Path, target: Path) -> None:
    folder = tmp_path / "mirror" / "movielens" / NAME
    folder.mkdir(parents=True)
    with pytest.raises(UnavailableError):
        fetch(published(None), mirrored(settings, str(tmp_path / "mirror")))
    assert not target.exists()


@pytest.mark.parametrize("mirrored_too", [True, False])
def test_the_licence_is_told_before_the_file_comes_and_not_of_one_that_is_here(
    publisher: Publisher, settings: Settings, tmp_path: Path, *, mirrored_too: bool
) -> None:
    publisher.files[PATH] = BODY
    mirror = tmp_path / "mirror"
    (mirror / "movielens").mkdir(parents=True)
    if mirrored_too:
        (mirror / "movielens" / NAME).write_bytes(BODY)
    file = replace(published(publisher), licence="for reading only")
    said: list[str] = []
    fetch(file, mirrored(settings, str(mirror)), progress=said.append)
    told = said.index("ml: licence: for reading only")
    assert all(" MB from " not in line for line in said[:told])
    assert " MB from " in said[-1]
    said.clear()
    fetch(file, mirrored(settings, str(mirror)), progress=said.append)
    assert said == []


def test_the_licence_of_many_files_is_told_once(settings: Settings, mirror: Path) -> None:
    chosen = settings.model_copy(update={"dataset": "movies-dataset-small", "data_mirror": str(mirror)})
    said: list[str] = []
    prepare(chosen, progress=said.append)
    assert [line.split(":")[0] for line in said if ": licence: " in line] == ["movies-dataset-small", "imdb"]


def test_bytes_that_nobody_touched_are_hashed_once_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ratings.csv"
    path.write_bytes(b"1,2,3")
    os.utime(path, (1, 1))
    monkeypatch.setattr(fetch_module, "SETTLED_SECONDS", -60.0)  # the time of its last change can't be set back
    reads = []
    monkeypatch.setattr(fetch_module, "_digest", lambda *asked: reads.append(asked) or asked[0].read_bytes().hex())
    assert sha256_of(path) == sha256_of(path) == b"1,2,3".hex()
    assert len(reads) == 1
    path.write_bytes(b"1,2,4")
    assert sha256_of(path) == b"1,2,4".hex()


def test_bytes_that_were_touched_just_now_are_hashed_each_time(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    for content in (b"1,2,3", b"1,2,4"):
        path.write_bytes(content)
        assert sha256_of(path) == hashlib.sha256(content).hexdigest()
