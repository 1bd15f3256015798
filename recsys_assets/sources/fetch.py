"""Get one published file into `data/raw/<dataset>/`: from there, from the mirror, or from its publisher.

Each file has a note `<file>.sha256` beside it (the format of `sha256sum -c`), written when the file came and
checked at every use.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from recsys_assets.atomic import atomic_file, write_text
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import PROJECT_ROOT, Settings
from recsys_assets.sources.bars import progress_bar
from recsys_assets.sources.errors import ChecksumError, TransientSourceError, UnavailableError
from recsys_assets.sources.files import SourceError
from recsys_assets.sources.locking import one_at_a_time

CHUNK = 1 << 20
READ_AHEAD = 1 << 22
SETTLED_SECONDS = 2.0
"""Coarser than the clock of any file system."""
_DIGESTS: dict[tuple[str, int, int, int, int], str] = {}


@dataclass(frozen=True)
class PublishedFile:
    """One file as its publisher offers it."""

    dataset: str
    """Folder under `data/raw/`."""
    relative: str
    """Path under a mirror, e.g. `movielens/ml-100k.zip`."""
    url: str | None = None
    """The publisher's address; None where there is no stable one."""
    md5: str | None = None
    """Of the publisher's copy, as published. Mirrors may repack, so it is not asked of them."""
    sha256: str | None = None
    licence: str | None = None
    """In words; told before the file comes, from wherever it does."""

    @property
    def name(self) -> str:
        return self.relative.rsplit("/", 1)[-1]

    def target(self, settings: Settings) -> Path:
        return settings.raw_dir / self.dataset / self.name


@dataclass(frozen=True)
class FetchedFile:
    """A file on disk whose bytes are the recorded ones."""

    path: Path
    sha256: str
    origin: str
    """Where it came from in this call; `data/raw` where it was there already."""


def fetch(file: PublishedFile, settings: Settings, *, progress: Progress = silent) -> FetchedFile:
    """Return the file, fetching it where needed.

    Raises ChecksumError for changed bytes, TransientSourceError where only the network failed, else
    UnavailableError; the latter two name the ways out.
    """
    target = file.target(settings)
    with one_at_a_time(target, progress=progress):
        if target.exists():
            return FetchedFile(target, _verify(target, progress), "data/raw")
        faults: list[SourceError] = []
        for origin in _origins(file, settings):
            if file.licence and (isinstance(origin, str) or origin.is_file()):
                progress(f"{file.dataset}: licence: {file.licence}")
            try:
                _transfer(file, origin, target, progress)
            except ChecksumError:
                raise
            except SourceError as fault:
                faults.append(fault)
                progress(f"{file.name}: {fault}")
            else:
                digest = _record(target)
                progress(f"{file.name}: {target.stat().st_size / 1e6:.1f} MB from {origin}")
                return FetchedFile(target, digest, str(origin))
        raise _no_way(file, settings, faults)


def origin_of(file: PublishedFile, settings: Settings) -> str | None:
    """Where the file comes from when it is asked for next, in words; None where nowhere. Asks no network.

    A mirror's address is named without trying it, its folder only where the file is in it.
    """
    if file.target(settings).exists():
        return "on disk"
    mirror = settings.data_mirror
    places = [f"{mirror.rstrip('/')}/{file.relative}"] if mirror and not _lacks(mirror, file.relative) else []
    places += [file.url] if file.url else []
    return ", else ".join(places) or None


def sha256_of(path: Path, *, progress: Progress = silent) -> str:
    """Hex digest of a file's bytes.

    Asked again by the same process, a file that nobody has touched since is not read again. One that was touched just
    now is: what is written within the same tick of the clock leaves no trace in its times.
    """
    before = path.stat()
    seen = (str(path), before.st_ino, before.st_size, before.st_mtime_ns, before.st_ctime_ns)
    if seen not in _DIGESTS:
        digest = _digest(path, "sha256", progress)
        if time.time() - max(before.st_mtime, before.st_ctime) < SETTLED_SECONDS:
            return digest
        _DIGESTS[seen] = digest
    return _DIGESTS[seen]


def _origins(file: PublishedFile, settings: Settings) -> Iterator[Path | str]:
    if settings.data_mirror:
        yield _at_mirror(settings.data_mirror, file.relative)
    if file.url:
        yield file.url


def _at_mirror(mirror: str, relative: str) -> Path | str:
    """A path for a folder or `file:` address, an address for `http(s):`."""
    parts = urlsplit(mirror)
    if parts.scheme in ("http", "https"):
        return f"{mirror.rstrip('/')}/{relative}"
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost"):
            raise SourceError(f"RECSYS_DATA_MIRROR={mirror} names another host; write file:///path for a folder here")
        folder = Path(url2pathname(parts.path))
    elif len(parts.scheme) > 1 and "://" in mirror:
        raise SourceError(f"RECSYS_DATA_MIRROR={mirror}: {parts.scheme} is not known; use a folder, file: or http(s):")
    else:  # one letter before the colon is a Windows drive
        folder = PROJECT_ROOT / Path(mirror).expanduser()
    if not folder.is_dir():
        raise SourceError(f"RECSYS_DATA_MIRROR={mirror} is not a folder; correct it or unset it")
    return folder / relative


def _lacks(mirror: str, relative: str) -> bool:
    """Whether the mirror is a folder that is there, and the file is not in it."""
    try:
        place = _at_mirror(mirror, relative)
    except SourceError:  # told when the file is asked for
        return False
    return isinstance(place, Path) and not place.exists()


def _transfer(file: PublishedFile, origin: Path | str, target: Path, progress: Progress) -> None:
    """Bring the file from one origin; `target` appears only when complete and verified."""
    if isinstance(origin, Path):
        _copy(origin, target, progress)
    else:
        _download(file, origin, target, progress)


def _copy(origin: Path, target: Path, progress: Progress) -> None:
    if not origin.is_file():
        raise UnavailableError(f"{origin} does not exist")
    try:
        total = origin.stat().st_size
        with (
            origin.open("rb") as source,
            atomic_file(target) as aside,
            progress_bar(target.name, total, progress=progress) as advance,
            aside.open("wb") as out,
        ):
            while chunk := source.read(CHUNK):
                out.write(chunk)
                advance(len(chunk))
    except OSError as error:
        raise SourceError(f"{origin} could not be copied to {target}: {error}") from error


def _download(file: PublishedFile, url: str, target: Path, progress: Progress) -> None:
    from recsys_assets.sources.download import discard, download

    part = target.with_name(f"{target.name}.part")
    expected = _published_checksums(file, url)
    while True:
        resumed = download(url, part, progress=progress)
        wrong = [fault for kind, value in expected if (fault := _differs(part, kind, value, progress))]
        if not wrong:
            break
        discard(part)
        if not resumed:
            raise ChecksumError(
                f"{url}: {'; '.join(wrong)}. The download was thrown away: try again, or get the file by other means "
                f"and put it at {target}"
            )
        progress(f"{file.name}: the resumed download does not add up; starting over")
    part.replace(target)
    discard(part)


def _published_checksums(file: PublishedFile, url: str) -> list[tuple[str, str]]:
    """Pinned ones, else what `<url>.md5` says, of the publisher's copy only."""
    from recsys_assets.sources.download import read_text

    if url != file.url:
        return []
    pinned = [(kind, value) for kind, value in (("sha256", file.sha256), ("md5", file.md5)) if value]
    if pinned:
        return pinned
    found = re.search(r"\b[0-9a-f]{32}\b", read_text(f"{url}.md5") or "", re.IGNORECASE)
    return [("md5", found.group().lower())] if found else []


def _differs(path: Path, kind: str, expected: str, progress: Progress) -> str | None:
    found = _digest(path, kind, progress)
    return None if found == expected.lower() else f"{kind} is {found}, published is {expected}"


def _verify(target: Path, progress: Progress) -> str:
    """The file's sha256, equal to the recorded one; recorded now where it has none (a file put there by hand)."""
    note = _note(target)
    if not note.exists():
        return _record(target)
    recorded = note.read_text(encoding="utf-8").split(maxsplit=1)[:1]
    found = sha256_of(target, progress=progress)
    if recorded != [found]:
        raise ChecksumError(
            f"{target} has changed: its sha256 is {found}, recorded when it came was "
            f"{recorded[0] if recorded else '(an empty note)'}. Delete both {target.name} and {note.name} to fetch it "
            f"anew, or only {note.name} to accept the file as it is"
        )
    return found


def _record(target: Path) -> str:
    digest = sha256_of(target)
    write_text(_note(target), f"{digest}  {target.name}\n")
    return digest


def _note(target: Path) -> Path:
    return target.with_name(f"{target.name}.sha256")


def _digest(path: Path, kind: str, progress: Progress) -> str:
    """Hex digest; the next piece is read while one is hashed, which saves a fifth of the time."""
    digest = hashlib.new(kind, usedforsecurity=False)
    with (
        path.open("rb", buffering=0) as source,
        ThreadPoolExecutor(1) as reader,
        progress_bar(f"{kind} {path.name}", path.stat().st_size, progress=progress) as done,
    ):
        read = reader.submit(source.read, READ_AHEAD)
        while chunk := read.result():
            read = reader.submit(source.read, READ_AHEAD)
            digest.update(chunk)
            done(len(chunk))
    return digest.hexdigest()


def _no_way(file: PublishedFile, settings: Settings, faults: list[SourceError]) -> SourceError:
    """One error for all origins, with the ways out."""
    ways = [
        f"set RECSYS_DATA_MIRROR to a folder or address that holds {file.relative}",
        f"put the file at {file.target(settings)}",
    ]
    if file.url:
        ways.insert(0, f"connect to a network that reaches {file.url}")
    listed = "; ".join(f"({n}) {way}" for n, way in enumerate(ways, start=1))
    tried = "; ".join(str(f) for f in faults) or "it has no public address and RECSYS_DATA_MIRROR is not set"
    kind = TransientSourceError if any(isinstance(f, TransientSourceError) for f in faults) else UnavailableError
    return kind(f"{file.dataset} needs {file.name}, which was not to be had: {tried}. Ways out: {listed}")
