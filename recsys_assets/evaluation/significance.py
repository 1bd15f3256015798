"""Is one model better than another beyond chance: both scored on the same users, their differences resampled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from recsys_assets.evaluation.bootstrap import Interval, paired_bootstrap
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.protocols import interactions_of, splits_before
from recsys_assets.evaluation.results import SHORT_NAMES
from recsys_assets.evaluation.scoring import fitted_on, require_unfitted, score_lists
from recsys_assets.recommenders import Recommender

ENOUGH_WARM_USERS = 30
"""Fewer warm users than this, and all users are judged on."""


@dataclass(frozen=True)
class HoldoutComparison:
    """Challenger and champion, both scored now on the same temporal test part."""

    metric: str
    """Column of the metric, e.g. `ndcg_at_10`."""
    challenger_mean: float
    champion_mean: float
    difference: Interval
    """Of challenger - champion."""
    judged_on: Literal["warm users", "all users"]
    n_dropped: int
    """Pairs left out because the champion, fitted on other splits, had been fitted on them."""
    per_user: pl.DataFrame = field(compare=False, repr=False)
    """user_id, is_cold (for the challenger), challenger, champion: every user, judged on or not."""


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
