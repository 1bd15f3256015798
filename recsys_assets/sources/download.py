"""HTTP to a file: streamed, resumed after a break, retried while the fault may pass.

A download lives in `<file>.part`; `<file>.part.json` says which version of which address it is (ETag or
Last-Modified, length), so that a later run, or a later process, goes on only with the same bytes.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from recsys_assets.progress import Progress
from recsys_assets.sources.bars import progress_bar
from recsys_assets.sources.errors import TransientSourceError, UnavailableError
from recsys_assets.sources.files import SourceError

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
MISSING_STATUS = frozenset({403, 404, 410})
CHUNK = 1 << 18
TIMEOUT = httpx.Timeout(30.0, connect=10.0)


@dataclass(frozen=True)
class RetryPolicy:
    """Tries in a row that gain no byte, and the wait in seconds after the first; it doubles each time."""

    attempts: int = 4
    first_wait: float = 0.5


DEFAULT_POLICY = RetryPolicy()


@dataclass(frozen=True)
class _Version:
    """Which bytes a `.part` file holds the start of."""

    url: str
    validator: str | None
    total: int | None

    @classmethod
    def of(cls, response: httpx.Response, url: str) -> _Version:
        length = response.headers.get("Content-Length", "")
        return cls(url, _validator(response), int(length) if length.isdigit() else None)


def download(url: str, part: Path, *, progress: Progress, policy: RetryPolicy | None = None) -> bool:
    """Bring `part` to hold all of `url`, going on where it ends. True where bytes of an earlier try were kept.

    Raises TransientSourceError after the last fruitless try, UnavailableError where the server lacks the file.
    """
    policy = policy or DEFAULT_POLICY
    part.parent.mkdir(parents=True, exist_ok=True)
    resumed, failures = False, 0
    with httpx.Client(timeout=TIMEOUT, follow_redirects=True, headers={"Accept-Encoding": "identity"}) as client:
        while True:
            before = _size(part)
            try:
                return _continue(client, url, part, progress) or resumed
            except (httpx.TransportError, TransientSourceError) as error:
                resumed = resumed or before > 0
                failures = 1 if _size(part) > before else failures + 1
                fault = str(error) or type(error).__name__
                if failures >= policy.attempts:
                    raise TransientSourceError(f"{url}: {fault} ({failures} tries)") from error
                progress(f"{url}: {fault}; try {failures + 1} of {policy.attempts}")
                time.sleep(policy.first_wait * 2 ** (failures - 1))
            except (httpx.InvalidURL, httpx.HTTPError) as error:
                raise SourceError(f"{url!r} can't be fetched: {error}") from error


def read_text(url: str) -> str | None:
    """A small text such as a checksum file; None where the server lacks it."""
    try:
        with httpx.Client(timeout=TIMEOUT, follow_redirects=True) as client:
            response = client.get(url)
    except httpx.HTTPError as error:
        raise TransientSourceError(f"{url}: {error or type(error).__name__}") from error
    if response.status_code in MISSING_STATUS:
        return None
    _raise_for_status(response, url)
    return response.text


def discard(part: Path) -> None:
    """Forget an unfinished download."""
    part.unlink(missing_ok=True)
    _version_path(part).unlink(missing_ok=True)


def _continue(client: httpx.Client, url: str, part: Path, progress: Progress) -> bool:
    """One request. Returns whether it went on from bytes that were already there."""
    known = _read_version(part)
    if known is None or known.url != url or (known.validator is None and known.total is None):
        discard(part)
        known = None
    have = _size(part)
    if known is not None and known.total is not None and have >= known.total:
        if have == known.total:
            return True
        discard(part)
        raise TransientSourceError(f"{part.name} is longer than what it is part of; starting over")
    headers = {}
    if have and known is not None:
        headers["Range"] = f"bytes={have}-"
        if known.validator:
            headers["If-Range"] = known.validator
    with client.stream("GET", url, headers=headers) as response:
        goes_on = have > 0 and response.status_code == httpx.codes.PARTIAL_CONTENT
        if goes_on and not _same_version(response, known, have):
            discard(part)
            raise TransientSourceError(f"{url} is no longer the version that {part.name} began with; starting over")
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            discard(part)
            raise TransientSourceError(f"{url} does not reach to the end of {part.name}; starting over")
        if not goes_on:
            _raise_for_status(response, url)
            known = _Version.of(response, url)
            discard(part)
            _version_path(part).write_text(json.dumps(asdict(known)), encoding="utf-8")
            have = 0
        _receive(response, part, have, known.total if known else None, progress)
        return goes_on


def _receive(response: httpx.Response, part: Path, have: int, total: int | None, progress: Progress) -> None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise SourceError(f"{response.url} is sent compressed though that was not asked for; use another mirror")
    name = part.name.removesuffix(".part").lstrip(".")
    with part.open("ab") as out, progress_bar(name, total, progress=progress, done=have) as advance:
        for chunk in response.iter_raw(CHUNK):
            out.write(chunk)
            advance(len(chunk))
    if total is not None and _size(part) != total:
        raise TransientSourceError(f"{response.url} broke off after {_size(part):,} of {total:,} bytes")


def _raise_for_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    words = f"{url} answered {status} {response.reason_phrase}".rstrip()
    if status in TRANSIENT_STATUS:
        raise TransientSourceError(words)
    raise UnavailableError(words) if status in MISSING_STATUS else SourceError(words)


def _same_version(response: httpx.Response, known: _Version | None, have: int) -> bool:
    """A 206 goes on with the same file: its range starts where we are, its length and validator are as before."""
    span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if known is None or not span.startswith(f"{have}-"):
        return False
    if known.validator and _validator(response) not in (None, known.validator):
        return False
    return known.total is None or total in ("*", str(known.total))


def _validator(response: httpx.Response) -> str | None:
    """What If-Range may carry: a strong ETag, else the date (RFC 9110, 13.1.5)."""
    etag: str | None = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    date: str | None = response.headers.get("Last-Modified")
    return date


def _read_version(part: Path) -> _Version | None:
    try:
        return _Version(**json.loads(_version_path(part).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # no note, or one cut off by a crash: the bytes can't be trusted


def _version_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
