"""Is one model better than another beyond chance: per-user differences, resampled.

The paired bootstrap (Efron and Tibshirani 1993, percentile interval): users are drawn with replacement, both models'
figures of a drawn user together, so what makes a user hard for both cancels out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.protocols import interactions_of, splits_before
from recsys_assets.evaluation.results import SHORT_NAMES
from recsys_assets.evaluation.scoring import fitted_on, require_unfitted, score_lists
from recsys_assets.recommenders import Recommender

ENOUGH_WARM_USERS = 30
"""Fewer warm users than this, and all users are judged on."""
DRAWS_AT_ONCE = 1 << 22
"""Users drawn per block of resamples: 32 MiB of indices."""


@dataclass(frozen=True)
class PairedDifference:
    """Mean of a - b over `n` users, and the interval [`low`, `high`] of that mean."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class HoldoutComparison:
    """Challenger and champion, both scored now on the same temporal test part."""

    metric: str
    """Column of the metric, e.g. `ndcg_at_10`."""
    challenger_mean: float
    champion_mean: float
    difference: PairedDifference
    """Of challenger - champion."""
    judged_on: Literal["warm users", "all users"]
    n_dropped: int
    """Pairs left out because the champion, fitted on other splits, had been fitted on them."""
    per_user: pl.DataFrame = field(compare=False, repr=False)
    """user_id, is_cold (for the challenger), challenger, champion: every user, judged on or not."""


def paired_bootstrap(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    seed: int,
    samples: int = 2000,
    confidence: float = 0.95,
) -> PairedDifference:
    """Interval of the mean of `a` - `b`, (n,) figures of the same users in the same order."""
    if len(a) != len(b) or len(a) == 0:
        raise EvaluationError(f"{len(a)} figures against {len(b)}; give both for the same users, at least one")
    if not 0 < confidence < 1 or samples < 1:
        raise EvaluationError(f"confidence {confidence} of {samples} samples; give one inside 0-1, of at least 1")
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = np.empty(samples)
    step = max(1, DRAWS_AT_ONCE // len(difference))
    for start in range(0, samples, step):
        block = means[start : start + step]
        drawn = rng.integers(len(difference), size=(len(block), len(difference)))
        block[:] = difference[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return PairedDifference(float(difference.mean()), float(low), float(high), len(difference))


def mean_interval(values: NDArray[np.floating], *, seed: int, confidence: float = 0.95) -> PairedDifference:
    """Interval of the mean of one model's per-user figures (n,)."""
    return paired_bootstrap(values, np.zeros(len(values)), seed=seed, confidence=confidence)


def compare_on_holdout(
    challenger: Recommender,
    champion: Recommender,
    splits: pl.DataFrame,
    *,
    metric: str = "ndcg",
    k: int = 10,
    seed: int = 0,
) -> HoldoutComparison:
    """Score both models on the frozen temporal test part, what users rated before it masked for both alike.

    Judged on the users that are warm for the challenger where they are at least `ENOUGH_WARM_USERS`, else on all. The
    challenger must not have been fitted on the test part; pairs that an older champion was fitted on are left out.
    """
    if metric not in SHORT_NAMES:
        raise EvaluationError(f"there is no metric {metric!r}; metrics are {', '.join(SHORT_NAMES)}")
    test = interactions_of(splits, "temporal", "test")
    require_unfitted(challenger, test, "temporal_test")
    relevant = test.filter(pl.Series(~fitted_on(champion, test))) if len(test) else test
    hidden = splits_before(splits, "test")
    column = f"{SHORT_NAMES[metric]}_at_{k}"

    def score(model: Recommender) -> pl.DataFrame:
        lists = score_lists(model, relevant, protocol="temporal_test", hidden=hidden, lengths=(k,))
        return lists.per_user.select("user_id", "is_cold", score=column)

    per_user = (
        score(challenger)
        .rename({"score": "challenger"})
        .join(score(champion).select("user_id", champion="score"), on="user_id", how="inner", maintain_order="left")
    )
    warm = per_user.filter(~pl.col("is_cold"))
    enough = len(warm) >= ENOUGH_WARM_USERS
    judged = warm if enough else per_user
    return HoldoutComparison(
        metric=column,
        challenger_mean=float(judged["challenger"].to_numpy().mean()),
        champion_mean=float(judged["champion"].to_numpy().mean()),
        difference=paired_bootstrap(judged["challenger"].to_numpy(), judged["champion"].to_numpy(), seed=seed),
        judged_on="warm users" if enough else "all users",
        n_dropped=len(test) - len(relevant),
        per_user=per_user,
    )
