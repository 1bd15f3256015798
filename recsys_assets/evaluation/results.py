"""What an evaluation found, as frozen dataclasses that go to JSON and come back the same."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import polars as pl

from recsys_assets.evaluation.errors import EvaluationError

FORMAT_VERSION = 1
SHORT_NAMES = {"hit_rate": "hr", "ndcg": "ndcg", "recall": "recall", "precision": "precision", "mrr": "mrr"}
"""Field of `RankingMetrics` -> its name in `metrics()` and in the columns of `per_user`."""

HEADLINES = (
    "temporal_validation_ndcg_at_10",
    "temporal_test_ndcg_at_10",
    "temporal_test_hr_at_10",
    "loo_test_ndcg_at_10",
    "loo_test_hr_at_10",
    "loo_test_coverage_at_10",
    "temporal_test_rmse",
    "cv5_rmse",
    "cv5_mae",
    "fit_seconds",
    "recommend_ms_per_user",
)


@dataclass(frozen=True)
class RankingMetrics:
    """Means over users of the metrics of `evaluation.metrics` at one list length."""

    k: int
    hit_rate: float
    ndcg: float
    recall: float
    precision: float
    mrr: float

    def named(self) -> dict[str, float]:
        """`hr_at_10` and so on."""
        return {f"{short}_at_{self.k}": getattr(self, name) for name, short in SHORT_NAMES.items()}


@dataclass(frozen=True)
class RankingResult:
    """Lists of one model for all users of one scored part; coverage, diversity and novelty are of the first `k`."""

    protocol: str
    """`temporal_validation`, `temporal_test`, `loo_validation` or `loo_test`."""
    n_users: int
    n_cold_users: int
    """Users without any event in what the model was fitted on."""
    n_relevant: int
    """Pairs of user and movie to be found."""
    n_unseen_movies: int
    """Of those pairs: movies that nobody rated in what the model was fitted on."""
    at: tuple[RankingMetrics, ...]
    warm: tuple[RankingMetrics, ...]
    """Of the users who are not cold; empty where there are none."""
    cold: tuple[RankingMetrics, ...]
    k: int
    coverage: float
    diversity: float
    novelty: float
    recommend_ms_per_user: float
    """Milliseconds of wall time, all users asked for at once."""
    per_user: pl.DataFrame = field(compare=False, repr=False)
    """user_id, is_cold, n_history, n_relevant, and each metric at each length: hr_at_10, ndcg_at_10, ..."""

    def metrics(self) -> dict[str, float]:
        """Flat names: `temporal_test_ndcg_at_10`, `temporal_test_warm_ndcg_at_10`, `temporal_test_coverage_at_10`."""
        parts = {"": self.at, "warm_": self.warm, "cold_": self.cold}
        found = {f"{part}{name}": v for part, all_k in parts.items() for m in all_k for name, v in m.named().items()}
        found |= {f"{name}_at_{self.k}": getattr(self, name) for name in ("coverage", "diversity", "novelty")}
        found |= {
            "users": float(self.n_users),
            "cold_users": float(self.n_cold_users),
            "unseen_movie_share": self.n_unseen_movies / self.n_relevant,
            "recommend_ms_per_user": self.recommend_ms_per_user,
        }
        return {f"{self.protocol}_{name}": value for name, value in found.items()}


@dataclass(frozen=True)
class RatingResult:
    """Errors of predicted ratings, in rating points, over the pairs of one scored part or the mean over folds."""

    protocol: str
    """`temporal_validation`, `temporal_test` or `cv5`."""
    n: int
    n_cold: int
    """Pairs whose user or movie has no event in what the model was fitted on."""
    rmse: float
    mse: float
    mae: float
    warm_rmse: float | None = None
    """Over the pairs that are not cold; None where there are none."""
    warm_mae: float | None = None
    rmse_sd: float | None = None
    """Standard deviation over folds; None where there are none."""
    mae_sd: float | None = None

    def metrics(self) -> dict[str, float]:
        """Flat names: `cv5_rmse`, `temporal_test_warm_mae`."""
        names = ("rmse", "mse", "mae", "warm_rmse", "warm_mae", "rmse_sd", "mae_sd")
        found = {name: getattr(self, name) for name in names} | {
            "pairs": float(self.n),
            "cold_pairs": float(self.n_cold),
        }
        return {f"{self.protocol}_{name}": value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Evaluation:
    """All that is known of a trained model's quality and cost, and of what it was measured on."""

    model: str
    dataset: str
    data_version: str
    split_version: str
    seed: int
    config: dict[str, Any]
    rankings: tuple[RankingResult, ...]
    ratings: tuple[RatingResult, ...]
    fit_seconds: float
    """Seconds of wall time to fit on all interactions."""
    recommend_ms_per_user: float
    """Milliseconds of wall time per user of the model that serves, asked in one batch."""
    model_bytes: int
    """Bytes of the saved model that serves."""

    def ranking(self, protocol: str) -> RankingResult | None:
        return next((r for r in self.rankings if r.protocol == protocol), None)

    def rating(self, protocol: str) -> RatingResult | None:
        return next((r for r in self.ratings if r.protocol == protocol), None)

    def metrics(self) -> dict[str, float]:
        """Every figure under a flat name that stays the same between runs, for MLflow and Dagster."""
        results: list[RankingResult | RatingResult] = [*self.rankings, *self.ratings]
        found = {name: value for result in results for name, value in result.metrics().items()}
        cost = {
            "fit_seconds": self.fit_seconds,
            "recommend_ms_per_user": self.recommend_ms_per_user,
            "model_bytes": float(self.model_bytes),
        }
        return found | cost

    def headline(self) -> dict[str, float]:
        """The few figures worth a plot over time; all others are in `metrics`."""
        found = self.metrics()
        return {name: found[name] for name in HEADLINES if name in found}

    def to_json(self) -> str:
        """Everything, per-user frames as base64 of parquet."""
        bare = replace(self, rankings=tuple(replace(r, per_user=None) for r in self.rankings))  # type: ignore[arg-type]
        document = {"format_version": FORMAT_VERSION, **asdict(bare)}
        for stored, result in zip(document["rankings"], self.rankings, strict=True):
            stored["per_user"] = _pack(result.per_user)
        return json.dumps(document, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Inverse of `to_json`."""
        document = json.loads(text)
        version = document.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise EvaluationError(f"an evaluation of format {version}; this code reads {FORMAT_VERSION}, train again")
        rankings = tuple(_ranking(stored) for stored in document.pop("rankings"))
        ratings = tuple(RatingResult(**stored) for stored in document.pop("ratings"))
        return cls(rankings=rankings, ratings=ratings, **document)


def _ranking(stored: dict[str, Any]) -> RankingResult:
    parts = {part: tuple(RankingMetrics(**m) for m in stored[part]) for part in ("at", "warm", "cold")}
    return RankingResult(**(stored | parts | {"per_user": _unpack(stored["per_user"])}))


def _pack(frame: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _unpack(text: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(base64.b64decode(text)))
