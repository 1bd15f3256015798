"""What the leaderboard says, before it is written as a page, as markdown or as JSON.

Models are ranked by validation figures only: NDCG@10 on the temporal validation part, over all its users. New users
get the same list from every model that falls back on popularity, so what orders models is how they serve known users.
Test figures are shown beside and choose nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from recsys_assets.evaluation.bootstrap import mean_interval, paired_bootstrap
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.report_sections import RANKED_BY, RANKED_BY_LABEL, Measure, Section
from recsys_assets.evaluation.results import Evaluation, RankingResult

INTERVAL_METRIC = "ndcg_at_10"


@dataclass(frozen=True)
class Cell:
    """One figure as shown; `value` is what it sorts by."""

    text: str
    value: float | None
    best: bool


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
