from __future__ import annotations

import hashlib
import io
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.sources.archive import UnpackLimits, member_fault, unpack
from recsys_assets.sources.files import SourceError

GOOD = {"d/a.csv": b"a,b\n1,2\n", "d/b.csv": b"x\n" * 5_000, "d/README": b"read me"}


def zipped(path: Path, members: dict[str, bytes] | list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items() if isinstance(members, dict) else members:
            out.writestr(name, data)
    return path


def opened(archive: Path, *members: str, limits: UnpackLimits | None = None) -> Path:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return unpack(archive, sha256=digest, members=members, limits=limits or UnpackLimits())


def test_only_wanted_members_are_extracted_and_byte_for_byte(tmp_path: Path) -> None:
    folder = opened(zipped(tmp_path / "z.zip", GOOD), "d/a.csv", "d/b.csv")
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == {k: GOOD[k] for k in ("d/a.csv", "d/b.csv")}


def test_what_is_unpacked_is_used_again_and_what_was_spoiled_is_repaired(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "z.zip", GOOD)
    folder = opened(archive, "d/a.csv")
    before = (folder / "d/a.csv").stat()
    assert opened(archive, "d/a.csv") == folder
    assert (folder / "d/a.csv").stat().st_ino == before.st_ino
    (folder / "d/a.csv").write_bytes(b"a,b\n1,9\n")
    assert (opened(archive, "d/a.csv") / "d/a.csv").read_bytes() == GOOD["d/a.csv"]


def test_another_archive_of_the_same_name_is_not_taken_for_the_first(tmp_path: Path) -> None:
    first = opened(zipped(tmp_path / "z.zip", GOOD), "d/a.csv")
    second = opened(zipped(tmp_path / "z.zip", {"d/a.csv": b"new"}), "d/a.csv")
    assert first != second
    assert (second / "d/a.csv").read_bytes() == b"new"


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x", "d/../../x", "C:/x", "C:x", "d\\..\\x", "..", "d/./x", "a\nb", "//host/x"]
)
def test_one_hostile_member_has_the_whole_archive_refused(tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "z.zip", {**GOOD, name: b"evil"})
    with pytest.raises(SourceError, match=r"z\.zip can't be unpacked: member"):
        opened(archive, "d/a.csv")
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith(".")) == ["z.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("d/link")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    with pytest.raises(SourceError, match="link or a device"):
        opened(zipped(tmp_path / "z.zip", [(info, b"/etc/passwd")]), "d/link")


def test_a_bomb_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "z.zip", {"d/a.csv": b"0" * (8 << 20)})
    with pytest.raises(SourceError, match="bomb"):
        opened(archive, "d/a.csv")
    assert not list(tmp_path.glob("z-*"))


def test_a_bomb_is_not_hidden_by_members_that_do_not_shrink(tmp_path: Path) -> None:
    filler = random.Random(0).randbytes(1 << 20)
    archive = zipped(tmp_path / "z.zip", {"d/a.csv": b"0" * (8 << 20), "d/filler": filler})
    with pytest.raises(SourceError, match=r"member 'd/a\.csv' unpacks"):
        opened(archive, "d/filler")


def test_bytes_are_counted_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that gives more than the header declares, as some versions of zip readers did."""
    archive = zipped(tmp_path / "z.zip", GOOD)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *args: io.BytesIO(b"x" * 100))
    with pytest.raises(SourceError, match="holds more than the 8 bytes"):
        opened(archive, "d/a.csv")
    assert not list(tmp_path.glob("z-*"))


def test_sizes_and_counts_above_the_limits_are_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "z.zip", GOOD)
    with pytest.raises(SourceError, match="above the limit of 1,000"):
        opened(archive, "d/a.csv", limits=UnpackLimits(total_bytes=1_000))
    with pytest.raises(SourceError, match="3 members"):
        opened(archive, "d/a.csv", limits=UnpackLimits(members=2))


def test_a_member_that_holds_more_than_it_declares_is_stopped(tmp_path: Path) -> None:
    """The declared size is patched down to 10 bytes in both headers; the stream goes on."""
    body = bytes(range(256)) * 64
    archive = zipped(tmp_path / "z.zip", {"d/a.csv": body})
    size = struct.pack("<I", len(body))
    raw = archive.read_bytes()
    assert raw.count(size) == 2
    archive.write_bytes(raw.replace(size, struct.pack("<I", 10)))
    with pytest.raises(SourceError, match=r"z\.zip can't be unpacked"):
        opened(archive, "d/a.csv")
    assert not list(tmp_path.glob("z-*"))


@pytest.mark.parametrize("damage", ["truncated", "flipped", "not a zip", "empty"])
def test_damage_is_named_with_file_and_remedy(tmp_path: Path, damage: str) -> None:
    archive = zipped(tmp_path / "z.zip", GOOD)
    raw = bytearray(archive.read_bytes())
    at = raw.index(b"d/b.csv") + 12
    raw[at] ^= 0xFF
    spoiled = {
        "truncated": archive.read_bytes()[:-30],
        "flipped": bytes(raw),
        "not a zip": b"<html>login</html>",
        "empty": b"",
    }
    archive.write_bytes(spoiled[damage])
    with pytest.raises(SourceError) as error:
        opened(archive, "d/a.csv", "d/b.csv")
    assert str(archive) in str(error.value)
    assert "Delete it" in str(error.value)
    assert not list(tmp_path.glob("z-*"))


def test_duplicates_and_missing_members_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"lacks d/c\.csv; it holds d/a\.csv"):
        opened(zipped(tmp_path / "z.zip", GOOD), "d/c.csv")
    twice = [(zipfile.ZipInfo("d/a"), b"1"), (zipfile.ZipInfo("d/a"), b"2")]
    with pytest.warns(UserWarning, match="Duplicate"):
        archive = zipped(tmp_path / "twice.zip", twice)
    with pytest.raises(SourceError, match="occurs twice"):
        opened(archive, "d/a")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "z.zip", {"d/a.csv": b"abc"})
    raw = bytearray(archive.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(bytes(raw))
    with pytest.raises(SourceError, match="encrypted"):
        opened(archive, "d/a.csv")


names = st.one_of(
    st.text(st.sampled_from("ab./\\:C \x00\n~") | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.lists(st.sampled_from(["..", ".", "", "a", "C:", "é"]), min_size=1, max_size=5).map("/".join).filter(bool),
)


@given(names)
def test_every_name_that_is_let_through_stays_under_the_folder(name: str) -> None:
    """An independent truth: resolve the path as Linux and as Windows would."""
    from pathlib import PureWindowsPath
    from posixpath import normpath

    info = zipfile.ZipInfo("x")
    info.orig_filename = info.filename = name
    if member_fault(info) is None:
        assert normpath(f"/root/t/{name}").startswith("/root/t/")
        windows = PureWindowsPath(name)
        assert not windows.is_absolute()
        assert not windows.drive
        assert ".." not in windows.parts
        assert "\x00" not in name


@given(st.binary(max_size=400))
def test_no_bytes_make_it_fail_otherwise_than_with_a_source_error(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "z.zip"
        good = io.BytesIO()
        with zipfile.ZipFile(good, "w") as out:
            out.writestr("d/a", b"abc")
        archive.write_bytes(data + good.getvalue()[len(data) // 2 :])
        try:
            found = (opened(archive, "d/a") / "d/a").read_bytes()
        except SourceError:
            return
        assert found == b"abc"
