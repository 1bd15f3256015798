"""What an evaluation found, as frozen dataclasses that go to JSON and come back the same."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import polars as pl

from recsys_assets.evaluation.bootstrap import Interval
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.groups import Group

FORMAT_VERSION = 2
SHORT_NAMES = {"hit_rate": "hr", "ndcg": "ndcg", "recall": "recall", "precision": "precision", "mrr": "mrr"}
"""Field of `RankingMetrics` -> its name in `metrics()` and in the columns of `per_user`."""
BEYOND_ACCURACY = ("coverage", "diversity", "novelty", "gini", "popularity", "popularity_lift", "miscalibration")

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
    """Lists of one model for all users of one scored part; what is beyond accuracy is of their first `k` movies."""

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
    gini: float
    """Of how often each movie of the catalogue is shown: 0 equally often, 1 one movie only."""
    popularity: float
    """Mean share of the users fitted on who rated a shown movie."""
    popularity_lift: float | None
    """How much more popular the lists are than their users' histories: 0 as popular, 1 twice as popular."""
    miscalibration: float | None
    """Mean divergence, nats, of the genres of lists from those of histories; None where nobody has both."""
    recommend_ms_per_user: float
    """Milliseconds of wall time, all users asked for at once."""
    per_user: pl.DataFrame = field(compare=False, repr=False)
    """user_id, is_cold, n_history, n_relevant, and each metric at each length: hr_at_10, ndcg_at_10, ..."""
    groups: tuple[Group, ...] = ()
    """Quality by activity and, where known, by age and gender."""

    def metrics(self) -> dict[str, float]:
        """Flat names: `temporal_test_ndcg_at_10`, `temporal_test_warm_ndcg_at_10`, `temporal_test_coverage_at_10`."""
        parts = {"": self.at, "warm_": self.warm, "cold_": self.cold}
        found = {f"{part}{name}": v for part, all_k in parts.items() for m in all_k for name, v in m.named().items()}
        beyond = {f"{name}_at_{self.k}": getattr(self, name) for name in BEYOND_ACCURACY}
        found |= {name: value for name, value in beyond.items() if value is not None}
        found |= {f"{g.key}_ndcg_at_10": g.ndcg.mean for g in self.groups}
        found |= {f"{g.key}_hr_at_10": g.hit_rate.mean for g in self.groups}
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
    per_user: pl.DataFrame | None = field(default=None, compare=False, repr=False)
    """user_id, n ratings, and the sums of their squared and absolute errors: squared, absolute."""

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
        bare = replace(
            self,
            rankings=tuple(replace(r, per_user=None) for r in self.rankings),  # type: ignore[arg-type]
            ratings=tuple(replace(r, per_user=None) for r in self.ratings),
        )
        document = {"format_version": FORMAT_VERSION, **asdict(bare)}
        for part in ("rankings", "ratings"):
            for stored, result in zip(document[part], getattr(self, part), strict=True):
                stored["per_user"] = None if result.per_user is None else _pack(result.per_user)
        return json.dumps(document, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Inverse of `to_json`."""
        document = json.loads(text)
        version = document.pop("format_version", None)
        if version != FORMAT_VERSION:
            raise EvaluationError(f"an evaluation of format {version}; this code reads {FORMAT_VERSION}, train again")
        rankings = tuple(_ranking(stored) for stored in document.pop("rankings"))
        ratings = tuple(_rating(stored) for stored in document.pop("ratings"))
        return cls(rankings=rankings, ratings=ratings, **document)


def _ranking(stored: dict[str, Any]) -> RankingResult:
    parts = {part: tuple(RankingMetrics(**m) for m in stored[part]) for part in ("at", "warm", "cold")}
    groups = tuple(
        Group(**{**group, **{name: Interval(**group[name]) for name in ("ndcg", "hit_rate")}})
        for group in stored["groups"]
    )
    return RankingResult(**(stored | parts | {"per_user": _unpack(stored["per_user"]), "groups": groups}))


def _rating(stored: dict[str, Any]) -> RatingResult:
    packed = stored["per_user"]
    return RatingResult(**(stored | {"per_user": None if packed is None else _unpack(packed)}))


def _pack(frame: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _unpack(text: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(base64.b64decode(text)))
