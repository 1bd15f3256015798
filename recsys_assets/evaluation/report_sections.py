"""The tables of the leaderboard: their columns, how a figure is shown, and what is said of how it was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RANKED_BY, RANKED_BY_LABEL = "temporal_validation_ndcg_at_10", "NDCG@10 on the temporal validation part"


@dataclass(frozen=True)
class Measure:
    """A column: a key of `Evaluation.metrics()` and how it is shown."""

    key: str
    label: str
    digits: int = 3
    better: Literal["higher", "lower", "neither"] = "higher"
    scale: float = 1.0

    def text(self, value: float | None) -> str:
        return "–" if value is None else f"{value * self.scale:,.{self.digits}f}"


@dataclass(frozen=True)
class Section:
    """A table: its columns and the protocol they were measured under."""

    anchor: str
    title: str
    protocol: str
    measures: tuple[Measure, ...]


def _lists(prefix: str, names: str, k: int) -> tuple[Measure, ...]:
    short = {"HR": "hr", "NDCG": "ndcg", "Recall": "recall", "Precision": "precision", "MRR": "mrr"}
    return tuple(Measure(f"{prefix}_{short[name]}_at_{k}", f"{name}@{k}") for name in names.split())


GROUPS = {
    "activity_0": "Nothing known",
    "activity_1_4": "1-4 ratings",
    "activity_5_19": "5-19 ratings",
    "activity_20_99": "20-99 ratings",
    "activity_100_up": "100+ ratings",
    "age_0_17": "Age 0-17",
    "age_18_24": "18-24",
    "age_25_34": "25-34",
    "age_35_44": "35-44",
    "age_45_54": "45-54",
    "age_55_up": "55+",
    "gender_f": "Women",
    "gender_m": "Men",
}
"""Key of a group of users (`groups.Group.key`) -> its column."""

OVERVIEW = Section(
    "overview",
    "All models",
    f"Ranked by {RANKED_BY_LABEL}; the other figures choose nothing. Each is explained at its own table below.",
    (
        Measure(RANKED_BY, "NDCG@10 valid."),
        Measure("temporal_test_ndcg_at_10", "NDCG@10 test"),
        Measure("temporal_test_warm_ndcg_at_10", "NDCG@10 test, known"),
        Measure("loo_test_hr_at_10", "HR@10 last movie"),
        Measure("loo_test_ndcg_at_10", "NDCG@10 last movie"),
        Measure("cv5_rmse", "RMSE 5 folds", better="lower"),
        Measure("loo_test_coverage_at_10", "Coverage %", 1, scale=100),
        Measure("recommend_ms_per_user", "ms per user", 2, better="lower"),
    ),
)
SECTIONS = (
    Section(
        "temporal",
        "After a date",
        "Temporal test: fitted on the ratings before a date (80 % of all), scored on the last 10 %. All movies are "
        "ranked, those the user had rated before are masked; to be found is every movie the user rated in the scored "
        "part. Known users have ratings before the date, new users have none.",
        (
            *_lists("temporal_test", "HR NDCG Recall Precision MRR", 10),
            *_lists("temporal_test", "NDCG Recall", 20),
            Measure("temporal_test_warm_hr_at_10", "HR@10 known"),
            Measure("temporal_test_warm_ndcg_at_10", "NDCG@10 known"),
            Measure("temporal_test_cold_ndcg_at_10", "NDCG@10 new"),
        ),
    ),
    Section(
        "last-movie",
        "Each user's last movie",
        "Leave-one-out by time: fitted on all but each user's last movie, which is to be found among all movies; seen "
        "ones are masked, ties in time are ordered by a seeded random key. Other users' later ratings are known to the "
        "model, as they would not be in production.",
        (*_lists("loo_test", "HR NDCG MRR", 10), *_lists("loo_test", "HR NDCG MRR", 20)),
    ),
    Section(
        "ratings",
        "Predicted ratings",
        "Errors in rating points. 5 folds: random fifths, each predicted from the other four, mean over folds; a "
        "random fold lets a model learn from later ratings. The temporal test does not: expect its figures in "
        "production. Known: pairs whose user and movie both have ratings before the date. Models that predict no "
        "ratings are not listed.",
        (
            Measure("cv5_rmse", "RMSE 5 folds", better="lower"),
            Measure("cv5_rmse_sd", "RMSE sd", 4, better="neither"),
            Measure("cv5_mse", "MSE 5 folds", better="lower"),
            Measure("cv5_mae", "MAE 5 folds", better="lower"),
            Measure("temporal_test_rmse", "RMSE after a date", better="lower"),
            Measure("temporal_test_mae", "MAE after a date", better="lower"),
            Measure("temporal_test_warm_rmse", "RMSE known", better="lower"),
        ),
    ),
    Section(
        "beyond",
        "Beyond accuracy",
        "Of the first 10 movies of the leave-one-out lists. Coverage: share of the catalogue shown to anyone. "
        "Diversity: 1 - mean cosine of the genres of two movies of a list. Novelty: mean -log2 of the share of users "
        "who had rated a shown movie, in bits. Gini: 0 where all movies are shown equally often, 1 where one is. Lift: "
        "how much more popular than their history users' lists are. Miscalibration: divergence of the genres of a list "
        "from those of the history (Steck, RecSys 2018).",
        (
            Measure("loo_test_coverage_at_10", "Coverage %", 1, scale=100),
            Measure("loo_test_diversity_at_10", "Diversity"),
            Measure("loo_test_novelty_at_10", "Novelty, bits", 2),
            Measure("loo_test_gini_at_10", "Gini of exposure", better="lower"),
            Measure("loo_test_popularity_lift_at_10", "Popularity lift %", 0, better="neither", scale=100),
            Measure("loo_test_miscalibration_at_10", "Miscalibration, nats", better="lower"),
        ),
    ),
    Section(
        "groups",
        "Who is served how well",
        "NDCG@10 of the leave-one-out lists by the number of ratings known of the user and, where known, by "
        "age and gender. Groups of fewer than 5 users are not shown; `recsys evaluate` prints their intervals.",
        tuple(Measure(f"loo_test_{key}_ndcg_at_10", label) for key, label in GROUPS.items()),
    ),
    Section(
        "cost",
        "Cost",
        "The model that serves, fitted on all ratings. Wall time on the machine that trained it; lists of 10 for up to "
        "256 users in one batch, the best of 3. Size of the saved model.",
        (
            Measure("fit_seconds", "Fit, s", 2, better="lower"),
            Measure("recommend_ms_per_user", "ms per user", 2, better="lower"),
            Measure("model_bytes", "Size, MB", 2, better="lower", scale=1e-6),
        ),
    ),
)
