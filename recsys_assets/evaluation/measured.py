"""One model under one protocol: its figures with their intervals, and what two models differ by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from recsys_assets.evaluation.bootstrap import (
    Interval,
    mean_interval,
    paired_bootstrap,
    rmse_difference,
    rmse_interval,
)
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.groups import Group
from recsys_assets.evaluation.report_sections import Measure

LISTS = tuple(
    Measure(f"{name}_at_{k}", f"{label}@{k}", 4)
    for k in (10, 20)
    for name, label in {
        "hr": "HR",
        "ndcg": "NDCG",
        "recall": "Recall",
        "precision": "Precision",
        "mrr": "MRR",
    }.items()
)
"""Figures that each user has; they are shown with an interval."""
MORE = (
    Measure("f1_at_20", "F1@20", 4),
    Measure("rmse", "RMSE", 4, better="lower"),
    Measure("mae", "MAE", 4, better="lower"),
    Measure("rmse_sd", "RMSE, sd over folds", 4, better="neither"),
    Measure("warm_ndcg_at_10", "NDCG@10, known users", 4),
    Measure("cold_ndcg_at_10", "NDCG@10, new users", 4),
    Measure("coverage_at_10", "Coverage %", 1, scale=100),
    Measure("diversity_at_10", "Diversity", 3),
    Measure("novelty_at_10", "Novelty, bits", 2),
    Measure("miscalibration_at_10", "Miscalibration, nats", 3, better="lower"),
    Measure("popularity_lift_at_10", "Popularity lift %", 0, better="neither", scale=100),
    Measure("gini_at_10", "Gini of exposure", 3, better="lower"),
    Measure("recommend_ms_per_user", "ms per user", 3, better="lower"),
)
"""Figures of all users together."""


@dataclass(frozen=True)
class Figure:
    """A figure of one model, or the difference of two; `interval` where each user has one."""

    measure: Measure
    value: float
    interval: Interval | None = None

    @property
    def text(self) -> str:
        """`0.1234 [0.1201, 0.1267]`."""
        if self.interval is None:
            return self.measure.text(self.value)
        return f"{self.measure.text(self.value)} {interval_text(self.interval, self.measure.digits)}"

    def to_json(self) -> dict[str, float | None]:
        low, high = (None, None) if self.interval is None else (self.interval.low, self.interval.high)
        return {"value": self.value, "low": low, "high": high}


@dataclass(frozen=True)
class Measured:
    """What a protocol found of one model, a mean over seeds where there are several."""

    model: str
    protocol: str
    """Under which name the figures stand in `metrics()`: `temporal_test`, `loo_test`, `cv5`, `ml1m_ultragcn`."""
    seeds: tuple[int, ...]
    config: dict[str, Any]
    population: str
    """Who or what was scored."""
    figures: tuple[Figure, ...]
    by_seed: dict[int, dict[str, float]]
    cpu_seconds: float
    """Of this process, all threads: every fit and scoring."""
    groups: tuple[Group, ...] = ()
    per_user: pl.DataFrame | None = field(default=None, compare=False, repr=False)
    """Of lists: `user_id` and the columns of `LISTS` that were scored."""
    errors: pl.DataFrame | None = field(default=None, compare=False, repr=False)
    """Of predicted ratings: as `bootstrap.rmse_interval` takes them."""

    def value(self, key: str) -> float | None:
        """A figure under its flat name without the protocol."""
        return next((f.value for f in self.figures if f.measure.key == key), None)

    def to_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "protocol": self.protocol,
            "seeds": list(self.seeds),
            "config": self.config,
            "population": self.population,
            "cpu_seconds": self.cpu_seconds,
            "figures": {f.measure.key: f.to_json() for f in self.figures},
            "by_seed": {str(seed): figures for seed, figures in self.by_seed.items()},
            "groups": {
                g.key: {"users": g.n, "ndcg_at_10": vars(g.ndcg), "hr_at_10": vars(g.hit_rate)} for g in self.groups
            },
        }


def figures_of(
    means: dict[str, float], *, per_user: pl.DataFrame | None, errors: pl.DataFrame | None, seed: int
) -> tuple[Figure, ...]:
    """Figures in the order they are shown: those of `means` (flat names without the protocol), with their intervals."""
    known = set() if per_user is None else set(per_user.columns)
    measures = [*(m for m in LISTS if m.key in known), *(m for m in MORE if m.key in means)]
    if "cold_ndcg_at_10" not in means:
        measures = [m for m in measures if m.key != "warm_ndcg_at_10"]
    found = []
    for measure in measures:
        interval = None
        if per_user is not None and measure.key in known:
            interval = mean_interval(per_user[measure.key].to_numpy(), seed=seed)
        elif measure.key == "rmse" and errors is not None:
            interval = rmse_interval(errors, seed=seed)
        found.append(Figure(measure, means[measure.key], interval))
    return tuple(found)


def difference(a: Measured, b: Measured, *, seed: int) -> tuple[Figure, ...]:
    """Figures of a - b, paired by user, with the interval of the difference."""
    if a.protocol != b.protocol or a.seeds != b.seeds:
        raise EvaluationError(f"{a.model} and {b.model} were measured differently; measure both under one protocol")
    found = []
    if a.per_user is not None and b.per_user is not None:
        shared = [m for m in LISTS if m.key in a.per_user.columns and m.key in b.per_user.columns]
        own, other = (m.per_user.sort("user_id") for m in (a, b))  # type: ignore[union-attr]
        if not own["user_id"].equals(other["user_id"]):
            raise EvaluationError(f"{a.model} and {b.model} were scored on different users")
        pairs = [(m, paired_bootstrap(own[m.key].to_numpy(), other[m.key].to_numpy(), seed=seed)) for m in shared]
        found += [Figure(measure, interval.mean, interval) for measure, interval in pairs]
    if a.errors is not None and b.errors is not None:
        interval = rmse_difference(a.errors, b.errors, seed=seed)
        rmse = next(m for m in MORE if m.key == "rmse")
        found.append(Figure(rmse, interval.mean, interval))
    return tuple(found)


def mean_per_user(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Each user's figures averaged over seeds; a user lacking under one seed counts by the others."""
    return pl.concat(frames).group_by("user_id").mean().sort("user_id")


def interval_text(interval: Interval, digits: int) -> str:
    return f"[{interval.low:.{digits}f}, {interval.high:.{digits}f}]"
