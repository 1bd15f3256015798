"""A challenger answers the requests of its champion, unseen: what would people have been shown instead?

    overlap        share of the k movies of both lists
    rank           Kendall's tau-b of the champion's list and the challenger's scores of those movies
    score          mean over the champion's list of (challenger's score - champion's), each model's scores standardized
                   over all its movies: 0 where the challenger thinks as highly of them

    data/shadow/<dataset>/<model>.ndjson       a line a request; appended with one write, never read by what serves

Nothing of it reaches the person who asked. A challenger that fails is a line with its error; the request does not fail.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from recsys_assets.recommenders import Recommender, load_model
from recsys_assets.recommenders.data import FloatArray
from recsys_assets.registry.export import challengers, champion_path
from recsys_assets.settings import Settings

LOG_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("at", "request_id", "model"), pl.String()),
    **dict.fromkeys(("champion", "challenger", "k"), pl.Int64()),
    "overlap": pl.Float64(),
    "same_list": pl.Boolean(),
    **dict.fromkeys(("rank", "score", "champion_ms", "challenger_ms"), pl.Float64()),
    "error": pl.String(),
}
"""Fields of `ShadowScore`, in their order."""


@dataclass(frozen=True)
class ShadowScore:
    """One request, answered by both. Where the challenger failed there is `error`, and no figure."""

    at: str
    request_id: str
    model: str
    champion: int
    challenger: int
    k: int
    overlap: float | None = None
    same_list: bool | None = None
    rank: float | None = None
    """None where either model finds no order among these movies."""
    score: float | None = None
    champion_ms: float | None = None
    challenger_ms: float | None = None
    error: str = ""


@dataclass(frozen=True)
class Shadow:
    """Champion and challenger of one model, loaded."""

    model: str
    champion: Recommender
    champion_version: int
    challenger: Recommender
    challenger_version: int
    log: Path

    @classmethod
    def of(cls, settings: Settings, model: str) -> Self | None:
        """Those that are exported; None where no challenger stands beside a champion."""
        beside = challengers(settings).get(model)
        if beside is None:
            return None
        served = champion_path(settings, model)
        log = shadow_folder(settings) / f"{model}.ndjson"
        return cls(model, load_model(served), int(served.name), load_model(beside), int(beside.name), log)

    def request(self, user: int, k: int, *, request_id: str = "") -> ShadowScore:
        """A known user's list, or that for anybody."""
        users = np.array([user])

        def of(model: Recommender) -> tuple[list[int], FloatArray]:
            return model.recommend(users, k).movies[0].tolist(), model.scores(users)[0]

        return self._scored(of, k, request_id)

    def newcomer(self, ratings: pl.DataFrame, k: int, *, request_id: str = "") -> ShadowScore:
        """A newcomer's list from a few ratings (`movie_id, rating`)."""

        def of(model: Recommender) -> tuple[list[int], FloatArray]:
            history = model.history_of(ratings)
            scores = model._scores(history, np.array([-1]), model.fallback_scores)[0]
            return model.fold_in(ratings, k).movies[0].tolist(), scores

        return self._scored(of, k, request_id)

    def _scored(
        self, of: Callable[[Recommender], tuple[list[int], FloatArray]], k: int, request_id: str
    ) -> ShadowScore:
        facts = (datetime.now(UTC).isoformat(), request_id, self.model, self.champion_version, self.challenger_version)
        started = time.perf_counter()
        shown, scores = of(self.champion)
        middle = time.perf_counter()
        try:
            others, other_scores = of(self.challenger)
        except Exception as error:
            found = ShadowScore(*facts, k, error=f"{type(error).__name__}: {error}"[:500])
        else:
            ended = time.perf_counter()
            mine = _standardized(self.champion, scores, shown)
            theirs = _standardized(self.challenger, other_scores, shown)
            known = np.isfinite(mine) & np.isfinite(theirs)
            listed = [m for m in shown if m >= 0]
            found = ShadowScore(
                *facts,
                k,
                overlap=len(set(listed) & set(others)) / max(1, len(listed)),
                same_list=shown == others,
                rank=_tau(mine[known], theirs[known]),
                score=float((theirs - mine)[known].mean()) if known.any() else None,
                champion_ms=1000 * (middle - started),
                challenger_ms=1000 * (ended - middle),
            )
        _append(self.log, found)
        return found


def shadow_folder(settings: Settings) -> Path:
    return settings.data_dir / "shadow" / settings.dataset


def shadow_report(settings: Settings) -> pl.DataFrame:
    """One row for each pair of versions that were compared, newest pair first."""
    paths = sorted(shadow_folder(settings).glob("*.ndjson"))
    rows = [row for path in paths for row in _rows(path)]
    log = pl.DataFrame(rows, LOG_SCHEMA)
    figures = [pl.col(c).mean() for c in ("overlap", "same_list", "rank", "score")]
    speed = [pl.col(c).median() for c in ("champion_ms", "challenger_ms")]
    return (
        log.group_by("model", "champion", "challenger")
        .agg(
            pl.len().alias("requests"),
            (pl.col("error") != "").sum().alias("failed"),
            *figures,
            *speed,
            pl.col("at").max().alias("last"),
        )
        .sort("last", descending=True)
    )


def _standardized(model: Recommender, scores: FloatArray, movies: Sequence[int]) -> FloatArray:
    """(k,) deviations above the model's mean; nan for a movie it does not know, or where it knows no order."""
    column = model.movies.index(np.asarray(movies, dtype=np.int64))
    spread = float(scores.std())
    if spread == 0:
        return np.full(len(column), np.nan, dtype=np.float32)
    found: FloatArray = ((scores[np.maximum(column, 0)] - scores.mean()) / spread).astype(np.float32)
    return np.where(column >= 0, found, np.nan).astype(np.float32)


def _tau(a: FloatArray, b: FloatArray) -> float | None:
    """Kendall's tau-b over all pairs: (concordant - discordant) / sqrt(pairs untied in a * pairs untied in b)."""
    upper = np.triu_indices(len(a), 1)
    x, y = np.sign(a[:, None] - a)[upper], np.sign(b[:, None] - b)[upper]
    untied = float((x != 0).sum()) * float((y != 0).sum())
    return float((x * y).sum()) / untied**0.5 if untied else None


def _append(path: Path, score: ShadowScore) -> None:
    """One write of one line: writers of several processes do not mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, json.dumps(asdict(score)).encode() + b"\n")
    finally:
        os.close(descriptor)


def _rows(path: Path) -> list[dict[str, object]]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:  # a writer was killed in the middle
            continue
    return found
