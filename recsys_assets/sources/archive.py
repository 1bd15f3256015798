"""Unpack a zip that we did not make: nothing outside the target, nothing larger than it says or than allowed.

An archive is refused as a whole for one bad member. Bytes are counted as they are written, so a lying header
does not help, and each member's CRC is checked by `zipfile` as it is read.
"""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from recsys_assets.atomic import atomic_directory
from recsys_assets.progress import Progress, silent
from recsys_assets.sources.bars import Advance, progress_bar
from recsys_assets.sources.files import SourceError
from recsys_assets.sources.locking import one_at_a_time

CHUNK = 1 << 20
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What `zipfile` raises on damaged, encrypted or unsupported archives."""


@dataclass(frozen=True)
class UnpackLimits:
    """What an archive may hold at most; the defaults let MovieLens 32M pass ten times over."""

    members: int = 10_000
    total_bytes: int = 16 << 30
    ratio: float = 200.0
    """Unpacked bytes per packed byte, of members and archives above `ratio_from` bytes unpacked."""
    ratio_from: int = 1 << 20


DEFAULT_LIMITS = UnpackLimits()


def unpack(
    archive: Path,
    *,
    sha256: str,
    members: Sequence[str],
    optional: Sequence[str] = (),
    limits: UnpackLimits = DEFAULT_LIMITS,
    progress: Progress = silent,
) -> Path:
    """Extract `members`, and of `optional` those it has, into `<stem>-<sha256's start>/` beside it; return that folder.

    A folder already there for the same bytes is used again if its files have the archive's sizes and CRCs.
    Raises SourceError naming the archive, the fault and the remedy.
    """
    target = archive.parent / f"{archive.stem}-{sha256[:12]}"
    with one_at_a_time(target, progress=progress):
        try:
            with zipfile.ZipFile(archive) as opened:
                held = set(opened.namelist())
                wanted = _select(opened, archive, (*members, *(m for m in optional if m in held)), limits)
                if target.exists() and all(_intact(target / m.filename, m) for m in wanted):
                    return target
                if target.exists():
                    progress(f"{target.name}: not what {archive.name} holds; unpacking it anew")
                    shutil.rmtree(target)
                with atomic_directory(target) as aside:
                    _extract(opened, wanted, aside, archive, limits, progress)
        except SourceError:
            raise
        except _BROKEN as error:
            raise _refused(archive, f"it is damaged or not a zip file ({error})") from error
    return target


def _select(
    opened: zipfile.ZipFile, archive: Path, members: Sequence[str], limits: UnpackLimits
) -> list[zipfile.ZipInfo]:
    """The wanted members, after the whole archive was found harmless."""
    infos = opened.infolist()
    if len(infos) > limits.members:
        raise _refused(archive, f"it has {len(infos):,} members, above the limit of {limits.members:,}")
    by_name: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if fault := member_fault(info) or _ratio_fault(info.file_size, info.compress_size, limits):
            raise _refused(archive, f"member {info.orig_filename!r} {fault}")
        if info.filename in by_name:
            raise _refused(archive, f"member {info.filename!r} occurs twice")
        by_name[info.filename] = info
    total = sum(i.file_size for i in infos)
    if total > limits.total_bytes:
        raise _refused(archive, f"it unpacks to {total:,} bytes, above the limit of {limits.total_bytes:,}")
    if fault := _ratio_fault(total, archive.stat().st_size, limits):
        raise _refused(archive, f"it {fault}")
    if missing := [m for m in members if m not in by_name]:
        held = ", ".join(list(by_name)[:10]) or "nothing"
        raise _refused(archive, f"it lacks {', '.join(missing)}; it holds {held}")
    return [by_name[m] for m in members]


def member_fault(info: zipfile.ZipInfo) -> str | None:
    """Why this member may not be unpacked, or None where it may."""
    name = info.orig_filename  # `filename` is already cut at a NUL and its separators changed
    path = PurePosixPath(name)
    if not name or _UNSAFE.search(name):
        return "has a character or drive letter that a portable path can't have"
    if path.is_absolute() or name.startswith("/"):
        return "is an absolute path"
    if ".." in path.parts or "." in name.rstrip("/").split("/"):
        return "climbs out of its folder"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device, not a file"
    if info.flag_bits & 0x1:
        return "is encrypted"
    return None


def _ratio_fault(unpacked: int, packed: int, limits: UnpackLimits) -> str | None:
    if unpacked <= limits.ratio_from or unpacked <= limits.ratio * max(packed, 1):
        return None
    return f"unpacks {packed:,} bytes to {unpacked:,}, a ratio above {limits.ratio:g}: a decompression bomb"


def _extract(
    opened: zipfile.ZipFile,
    wanted: list[zipfile.ZipInfo],
    folder: Path,
    archive: Path,
    limits: UnpackLimits,
    progress: Progress,
) -> None:
    room = limits.total_bytes
    with progress_bar(f"unpack {archive.name}", sum(m.file_size for m in wanted), progress=progress) as advance:
        for info in wanted:
            room -= _write(opened, info, folder / info.filename, min(info.file_size, room), archive, advance)


def _write(
    opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, allowed: int, archive: Path, advance: Advance
) -> int:
    """Write one member, at most `allowed` bytes; returns how many it had."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with opened.open(info) as source, path.open("xb") as out:
        while chunk := source.read(CHUNK):
            written += len(chunk)
            if written > allowed:
                raise _refused(archive, f"member {info.filename!r} holds more than the {allowed:,} bytes it may")
            out.write(chunk)
            advance(len(chunk))
    if written != info.file_size:
        raise _refused(archive, f"member {info.filename!r} ends after {written:,} of {info.file_size:,} bytes")
    return written


def _intact(path: Path, info: zipfile.ZipInfo) -> bool:
    if not path.is_file() or path.is_symlink() or path.stat().st_size != info.file_size:
        return False
    crc = 0
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc == info.CRC


def _refused(archive: Path, why: str) -> SourceError:
    return SourceError(
        f"{archive} can't be unpacked: {why}. Delete it and {archive.name}.sha256 to fetch it anew, "
        f"or put a good copy in its place"
    )
