"""What the leaderboard says, before it is written as a page, as markdown or as JSON.

Models are ranked by validation figures only: NDCG@10 on the temporal validation part, over all its users. New users
get the same list from every model that falls back on popularity, so what orders models is how they serve known users.
Test figures are shown beside and choose nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from recsys_assets.evaluation.bootstrap import mean_interval, paired_bootstrap
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.results import Evaluation, RankingResult

RANKED_BY, RANKED_BY_LABEL = "temporal_validation_ndcg_at_10", "NDCG@10 on the temporal validation part"
INTERVAL_METRIC = "ndcg_at_10"


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


@dataclass(frozen=True)
class Cell:
    """One figure as shown; `value` is what it sorts by."""

    text: str
    value: float | None
    best: bool


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


@dataclass(frozen=True)
class Report:
    """Evaluations of one data set and one split, best first."""

    evaluations: tuple[Evaluation, ...]
    built_at: datetime

    @classmethod
    def of(cls, evaluations: Sequence[Evaluation], *, built_at: datetime | None = None) -> Report:
        """Rank them. Refused: none at all, a model twice, different data sets or splits."""
        require_comparable(evaluations)
        return cls(ranked(evaluations), built_at or datetime.now(UTC))

    @property
    def dataset(self) -> str:
        return self.evaluations[0].dataset

    @property
    def split_version(self) -> str:
        return self.evaluations[0].split_version

    @property
    def best(self) -> str:
        return self.evaluations[0].model

    @property
    def data(self) -> str:
        """Which data, in a sentence's end."""
        versions = ", ".join(sorted({e.data_version for e in self.evaluations}))
        seeds = ", ".join(sorted({str(e.seed) for e in self.evaluations}))
        return f"{self.dataset}, data version {versions}, splits {self.split_version}, seed {seeds}"

    def cells(self, section: Section) -> list[tuple[str, list[Cell]]]:
        """Model and cells of each row that has a figure, under the measures of `measured`."""
        measures = self.measured(section)
        rows = [(e.model, [e.metrics().get(m.key) for m in measures]) for e in self.evaluations]
        rows = [(model, values) for model, values in rows if any(v is not None for v in values)]
        best = [_best(m, [values[place] for _, values in rows]) for place, m in enumerate(measures)]
        return [
            (
                model,
                [Cell(m.text(v), v, v is not None and v == b) for m, v, b in zip(measures, values, best, strict=True)],
            )
            for model, values in rows
        ]

    def measured(self, section: Section) -> list[Measure]:
        """The measures of a section that at least one model has."""
        known = set().union(*(e.metrics() for e in self.evaluations))
        return [m for m in section.measures if m.key in known]

    def population(self, section: Section) -> str:
        """Who was scored, where the section is about lists."""
        prefix = {
            "temporal": "temporal_test",
            "last-movie": "loo_test",
            "beyond": "loo_test",
            "groups": "loo_test",
        }.get(section.anchor)
        result = next((r for e in self.evaluations if prefix and (r := e.ranking(prefix))), None)
        return "" if result is None else _population(result)

    def verdict(self) -> str:
        """Which model leads on validation, and whether that is more than chance."""
        first, *others = self.evaluations
        lead = first.ranking("temporal_validation")
        if lead is None:
            return f"{first.model} stands first; none was measured on the temporal validation part."
        own = f"{first.model} leads with {RANKED_BY_LABEL} of {first.metrics()[RANKED_BY]:.3f}"
        behind = others[0].ranking("temporal_validation") if others else None
        if behind is None:
            return f"{own}."
        pairs = lead.per_user.join(behind.per_user.select("user_id", other=INTERVAL_METRIC), on="user_id")
        gap = paired_bootstrap(pairs[INTERVAL_METRIC].to_numpy(), pairs["other"].to_numpy(), seed=first.seed)
        sure = "beyond chance" if gap.low > 0 else "which may be chance"
        return (
            f"{own}, {gap.mean:.3f} ahead of {others[0].model} (95 % interval {gap.low:+.3f} to {gap.high:+.3f} over "
            f"{gap.n} users: {sure})."
        )


def require_comparable(evaluations: Sequence[Evaluation]) -> None:
    """Refuse to set figures side by side that were measured on different data or splits."""
    if not evaluations:
        raise EvaluationError("no model has been evaluated; materialize the models first")
    models = [e.model for e in evaluations]
    if len(set(models)) < len(models):
        raise EvaluationError(f"a model is given twice among {', '.join(models)}; give one evaluation of each")
    for name in ("dataset", "split_version"):
        found = {getattr(e, name): e.model for e in evaluations}
        if len(found) > 1:
            told = ", ".join(f"{model} on {value}" for value, model in sorted(found.items()))
            raise EvaluationError(f"models were evaluated on different {name}s ({told}); re-materialize the models")


def ranked(evaluations: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """Best on validation first; models without that figure last; equal ones by name."""
    return tuple(sorted(evaluations, key=lambda e: (-e.metrics().get(RANKED_BY, -1.0), e.model)))


def intervals(evaluation: Evaluation) -> dict[str, tuple[float, float]]:
    """95 % bootstrap interval over users of each protocol's NDCG@10, by its name in `metrics()`."""
    found = {}
    for result in evaluation.rankings:
        if INTERVAL_METRIC in result.per_user.columns:
            interval = mean_interval(result.per_user[INTERVAL_METRIC].to_numpy(), seed=evaluation.seed)
            found[f"{result.protocol}_{INTERVAL_METRIC}"] = (interval.low, interval.high)
    return found


def _best(measure: Measure, values: Sequence[float | None]) -> float | None:
    """The figure to set off; None where nothing is compared or all are equal."""
    known = [v for v in values if v is not None]
    if measure.better == "neither" or len(set(known)) < 2:
        return None
    return max(known) if measure.better == "higher" else min(known)


def _population(result: RankingResult) -> str:
    users = f"{result.n_users:,} users, {result.n_cold_users:,} of them new; "
    unseen = 100 * result.n_unseen_movies / result.n_relevant
    return f"{users}{result.n_relevant:,} movies to be found, {unseen:.1f} % of them rated by nobody before."
