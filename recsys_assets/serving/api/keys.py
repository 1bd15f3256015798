"""API keys: made once, shown once, kept as hashes.

    key     rk_<id>_<secret>       id: 8 hex digits, may be shown and logged; secret: 256 random bits
    kept    data/api/keys.json     id, name, scopes, SHA-256 of the whole key, times; mode 0600

A fast hash is right here: secrets are random, so nobody can guess them from a list as passwords are guessed. They are
compared in constant time. The file is read again when it changes, so a revoked key is refused within a second.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock

from recsys_assets.atomic import atomic_file
from recsys_assets.settings import Settings

Scope = Literal["read", "feedback", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""read: lists, movies, models; feedback: sending events; admin: metrics, and all of the others."""
SHAPE = re.compile(r"rk_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
LOOK_SECONDS = 1.0


class ApiKeyError(Exception):
    """A key that cannot be made or revoked; the message says why."""


class KeysUnreadableError(Exception):
    """The file of keys is there and cannot be read: nobody's key can be checked."""


@dataclass(frozen=True)
class ApiKey:
    """A key as it is kept."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    sha256: str
    created_at: str
    revoked_at: str = ""
    rate_limit: str = ""
    """Of this key instead of the service's, as `1000/minute`."""

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or "admin" in self.scopes


def keys_path(settings: Settings) -> Path:
    return settings.data_dir / "api" / "keys.json"


def read_keys(path: Path) -> list[ApiKey]:
    """All keys, oldest first; none where there is no file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [ApiKey(**row | {"scopes": tuple(row["scopes"])}) for row in rows]


def add_key(path: Path, name: str, scopes: tuple[Scope, ...], *, rate_limit: str = "") -> tuple[ApiKey, str]:
    """Make a key; what is kept of it, and the key itself, which is nowhere else."""
    if not scopes:
        raise ApiKeyError(f"a key needs a scope; scopes are {', '.join(SCOPES)}")
    identity = secrets.token_hex(4)
    key = f"rk_{identity}_{secrets.token_urlsafe(32)}"
    made = ApiKey(identity, name, scopes, _hash(key), datetime.now(UTC).isoformat(timespec="seconds"), "", rate_limit)
    with _one_at_a_time(path):
        keys = read_keys(path)
        if any(k.name == name and not k.revoked_at for k in keys):
            raise ApiKeyError(f"there is a key named {name!r} already; revoke it first, or choose another name")
        _write(path, [*keys, made])
    return made, key


def revoke_key(path: Path, wanted: str) -> ApiKey:
    """Revoke a key by its id or name."""
    with _one_at_a_time(path):
        keys = read_keys(path)
        found = next((k for k in keys if wanted in (k.id, k.name) and not k.revoked_at), None)
        if found is None:
            names = ", ".join(f"{k.id} ({k.name})" for k in keys if not k.revoked_at) or "none"
            raise ApiKeyError(f"no key {wanted!r} is in force; those that are: {names}")
        revoked = replace(found, revoked_at=datetime.now(UTC).isoformat(timespec="seconds"))
        _write(path, [revoked if k.id == found.id else k for k in keys])
    return revoked


class KeyRing:
    """Keys in force, for the service."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._looked = -LOOK_SECONDS
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, ApiKey] = {}

    def find(self, given: str) -> ApiKey | None:
        """The key in force that `given` is. Raises KeysUnreadableError."""
        shape = SHAPE.fullmatch(given)
        if shape is None:
            return None
        key = self._current().get(shape.group(1))
        digest = _hash(given)
        if key is None:
            hmac.compare_digest(digest, digest)  # an unknown id takes as long as a wrong secret
            return None
        return key if hmac.compare_digest(key.sha256, digest) else None

    def _current(self) -> dict[str, ApiKey]:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return self._keys
        with self._lock:
            try:
                found = self.path.stat()
                stamp = (found.st_ino, found.st_mtime_ns)
            except FileNotFoundError:
                stamp = None
            if stamp != self._stamp:
                self._keys = {k.id: k for k in self._read() if not k.revoked_at}
                self._stamp = stamp
            self._looked = now
            return self._keys

    def _read(self) -> list[ApiKey]:
        try:
            return read_keys(self.path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = (
                f"{self.path} cannot be read by user {os.geteuid()} ({error}); `recsys keys` is to be run as that user"
            )
            raise KeysUnreadableError(why) from error


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _write(path: Path, keys: list[ApiKey]) -> None:
    with atomic_file(path) as aside:
        aside.touch(mode=0o600)
        aside.write_text(json.dumps([asdict(key) for key in keys], indent=1), encoding="utf-8")


def _one_at_a_time(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path.with_suffix(".lock"), timeout=10)
