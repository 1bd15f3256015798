"""The protocol of UltraGCN's MovieLens-1M split: the one most published top-N figures can be set beside.

Fitted on the pairs of train, all movies are ranked for every user of test, those of train are masked, and the first 20
are scored as LightGCN's and UltraGCN's code do: Precision@20 = hits / 20, Recall@20 = hits / |test movies|, NDCG@20
with binary gains, each a mean over users, and F1@20 = 2 P R / (P + R) of the two means. The split has no ratings, no
times and no titles: every pair is a rating of 5 at the same moment of a movie without a genre.

There is no validation part: `inner_split` takes a random tenth of train, and settings are chosen on that alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from recsys_assets.evaluation.metrics import find_hits, ndcg, precision, recall
from recsys_assets.evaluation.protocols import Make
from recsys_assets.evaluation.scoring import require_unfitted
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import IntArray
from recsys_assets.sources.ml_1m_ultragcn import UltraGcnData

K = 20
MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
PROTOCOL = "ml1m_ultragcn"

_IALS = {"factors": 128, "unobserved": 0.3, "regularization": 0.3, "frequency_power": 0.5, "iterations": 5}
_NORM_EASE = {
    "regularization": 1.0,
    "user_power": 0.4,
    "movie_power": 0.3,
    "popularity_power": 0.1,
    "diagonal_power": 0.7,
}
_USER_KERNEL = {"sharpness": 4.5, "regularization": 0.2, "movie_power": 0.3, "popularity_power": -0.1}
_BARE: dict[str, Any] = {"half_life": None, "rating_weight": 0.0}
ULTRAGCN_CONFIGS: dict[str, dict[str, Any]] = {
    "popularity": {"order": "count"},
    "item_knn": {"neighbours": 200, "shrinkage": 20.0} | _BARE,
    "ease": {"regularization": 1000.0} | _BARE,
    "norm_ease": _NORM_EASE | _BARE,
    "implicit_als": {"factors": 64, "regularization": 60.0, "confidence": 4.0, "iterations": 15},
    "ials": _IALS | _BARE,
    "user_kernel": _USER_KERNEL | _BARE,
    "topn_blend": {
        "parts": ("norm_ease", "ials", "user_kernel"),
        "part_configs": {
            "norm_ease": _NORM_EASE | _BARE,
            "ials": _IALS | _BARE,
            "user_kernel": _USER_KERNEL | _BARE,
        },
        "weights": (0.35, 0.3, 0.35),
    },
}
"""Config fields of each model on this split, chosen by NDCG@20 on `inner_split` of seed 1, the blend's on those of
seeds 1 and 2; a model that is not named takes its defaults."""


@dataclass(frozen=True)
class UltraGcnResult:
    """One model on the split; the figures are means over users."""

    model: str
    seed: int
    n_users: int
    f1: float
    ndcg: float
    recall: float
    precision: float
    fit_cpu_seconds: float
    """CPU seconds of this process, all threads."""
    score_cpu_seconds: float
    """The same, to rank all movies for all users."""
    per_user: pl.DataFrame = field(compare=False, repr=False)
    """user_id, n_relevant, ndcg_at_20, recall_at_20, precision_at_20."""

    def metrics(self) -> dict[str, float]:
        """Flat names: `ml1m_ultragcn_ndcg_at_20`."""
        figures = {f"{name}_at_{K}": getattr(self, name) for name in ("f1", "ndcg", "recall", "precision")}
        costs = {name: getattr(self, name) for name in ("fit_cpu_seconds", "score_cpu_seconds")}
        return {f"{PROTOCOL}_{name}": value for name, value in (figures | costs).items()}


def ultragcn(make: Make, data: UltraGcnData, *, seed: int, progress: Progress = silent) -> UltraGcnResult:
    """Fit what `make` gives on train, and score its lists on test."""
    model = make()
    progress(f"{model.name}: the UltraGCN split, fitting on {len(data.train):,} pairs")
    train, catalogue = interactions_of_pairs(data.train), bare_catalogue(data)
    started = time.process_time()
    model.fit(train, catalogue, seed=seed, progress=progress)
    fitted = time.process_time()
    require_unfitted(model, data.test, PROTOCOL)
    users = data.test["user_id"].unique().sort().to_numpy()
    asked = time.process_time()
    ranked = model.recommend(users, K).movies
    answered = time.process_time()
    per_user = scored(users, ranked, data.test)
    means = {name: float(np.mean(per_user[f"{name}_at_{K}"].to_numpy())) for name in ("ndcg", "recall", "precision")}
    result = UltraGcnResult(
        model=model.name,
        seed=seed,
        n_users=len(users),
        f1=f1(means["precision"], means["recall"]),
        **means,
        fit_cpu_seconds=fitted - started,
        score_cpu_seconds=answered - asked,
        per_user=per_user,
    )
    progress(f"{model.name}: F1@{K} {result.f1:.4f}, NDCG@{K} {result.ndcg:.4f}, Recall@{K} {result.recall:.4f}")
    return result


def scored(users: IntArray, ranked: IntArray, test: pl.DataFrame) -> pl.DataFrame:
    """`UltraGcnResult.per_user` of lists `ranked` (n, 20) of movie ids of `users` (n,), whoever made them."""
    hits = find_hits(users, ranked, test["user_id"].to_numpy(), test["movie_id"].to_numpy())
    metrics = {f"{metric.__name__}_at_{K}": metric(hits, K) for metric in (ndcg, recall, precision)}
    return pl.DataFrame({"user_id": users, "n_relevant": hits.relevant} | metrics)


def f1(precision: float, recall: float) -> float:
    """2 P R / (P + R); 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def inner_split(data: UltraGcnData, *, seed: int, share: float = 0.1) -> UltraGcnData:
    """A random `share` of the train pairs as the test of the rest; for choosing settings. The order of rows is no
    matter. Users of whom nothing is left in train, or nothing drawn, are not scored."""
    pairs = data.train.sort("user_id", "movie_id")
    drawn = pl.Series(np.random.default_rng(seed).random(len(pairs)) < share)
    train = pairs.filter(~drawn)
    return UltraGcnData(train, pairs.filter(drawn).join(train, on="user_id", how="semi"))


def interactions_of_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Interactions of bare pairs: each a 5 at the same moment."""
    return pairs.select(
        "user_id", "movie_id", rating=pl.lit(5.0, pl.Float32), timestamp=pl.lit(MOMENT, pl.Datetime("us", "UTC"))
    )


def bare_catalogue(data: UltraGcnData) -> pl.DataFrame:
    """Every movie of the split, known by its number only."""
    movies = pl.concat([data.train["movie_id"], data.test["movie_id"]]).unique().sort()
    return pl.DataFrame({"movie_id": movies}).with_columns(
        title=pl.format("movie {}", "movie_id"),
        year=pl.lit(None, pl.Int32),
        genres=pl.lit([], pl.List(pl.String)),
    )
