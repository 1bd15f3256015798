"""A champion in memory: loaded whole, tried, and never changed after; a newer one stands beside it until it is swapped.

Loading reads the exported directory alone and verifies its checksums: no MLflow, no warehouse, and no library that the
model itself does not need.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recsys_assets.recommenders import ModelError, Recommender, load_model
from recsys_assets.recommenders.data import FloatArray
from recsys_assets.serving.api.cache import ByteCache
from recsys_assets.serving.api.schemas.lists import ReasonOut
from recsys_assets.serving.api.shelf import Shelf

SELF_TEST_K = 5


class SelfTestError(Exception):
    """A champion that loads and then answers what cannot be shown; the one before it stays."""


class Stamp(NamedTuple):
    """What an export is known by without reading it: another promotion gives another stamp."""

    path: Path
    inode: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        found = (path / "manifest.json").stat()
        return cls(path, found.st_ino, found.st_mtime_ns)


@dataclass(frozen=True)
class Told:
    """Why a movie is listed; shared by lists, so never changed."""

    reasons: list[ReasonOut]
    evidence: list[str]

    @property
    def nbytes(self) -> int:
        """About: what small objects take in memory."""
        return 200 + 600 * len(self.reasons) + 200 * len(self.evidence)


@dataclass(frozen=True)
class Served:
    """One version of one model, ready to answer."""

    model: str
    version: int
    recommender: Recommender = field(repr=False)
    manifest: dict[str, Any] = field(repr=False)
    shelf: Shelf = field(repr=False)
    stamp: Stamp
    scores: ByteCache[int, FloatArray] = field(repr=False)
    """Unmasked scores (n_movies,) of users who asked, read-only."""
    told: ByteCache[tuple[int, int], Told] = field(repr=False)
    """By user and column: why that movie is listed for them."""

    @property
    def name(self) -> str:
        """`next_item/3`: what feedback events carry as `model_version`."""
        return f"{self.model}/{self.version}"

    @property
    def data_version(self) -> str:
        return str(self.manifest.get("data_version", "unknown"))


def load(path: Path, *, shelves: dict[str, Shelf], cache_bytes: int) -> Served:
    """Load and try the export at `path`. `shelves`: by checksum of the catalogue, shared by models fitted on one."""
    stamp, manifest = Stamp.of(path), manifest_of(path)
    recommender = load_model(path)
    key = manifest["sha256"]["catalogue.parquet"]
    if key not in shelves:
        shelves[key] = Shelf.of(recommender.movies, recommender.titles, recommender.catalogue)
    self_test(recommender)
    scores: ByteCache[int, FloatArray] = ByteCache(cache_bytes, size=lambda scores: scores.nbytes)
    told: ByteCache[tuple[int, int], Told] = ByteCache(cache_bytes // 4, size=lambda told: told.nbytes)
    return Served(manifest["model"], int(path.name), recommender, manifest, shelves[key], stamp, scores, told)


def manifest_of(path: Path) -> dict[str, Any]:
    """As it is written; whether it is true is checked when the model is loaded."""
    try:
        found: dict[str, Any] = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path / 'manifest.json'} is not JSON ({error}); export the model again") from error
    return found


def self_test(recommender: Recommender) -> None:
    """Lists of three known users and of nobody must be finite, unseen, of the catalogue, and the same when asked
    again. Raises SelfTestError.
    """
    known = recommender.users.values
    users = np.unique(np.append(known[[0, len(known) // 2, -1]] if len(known) else known, 0)).astype(np.int64)
    listed, again = (recommender.recommend(users, SELF_TEST_K) for _ in range(2))
    for row, user in enumerate(users.tolist()):
        movies, scores = listed.movies[row], listed.scores[row]
        shown = movies >= 0
        seen = recommender.histories.take(recommender.users.index(np.array([user]))).movies
        columns = recommender.movies.index(movies[shown])
        if not shown.any() and len(seen) < len(recommender.movies):
            raise SelfTestError(f"{recommender.name} has no movie for user {user}")
        if not np.isfinite(scores[shown]).all():
            raise SelfTestError(f"{recommender.name} gives scores that are no numbers")
        if (columns < 0).any() or np.isin(columns, seen).any():
            raise SelfTestError(f"{recommender.name} lists movies that it does not know, or that the user has seen")
    if not np.array_equal(listed.movies, again.movies):
        raise SelfTestError(f"{recommender.name} answers the same question differently")
