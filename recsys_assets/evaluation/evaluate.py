"""Put any model through a protocol by the protocol's name: what `recsys evaluate` calls.

temporal        fitted on the ratings before a date, scored on those after (see `protocols`)
leave-one-out   each user's last movie is to be found; several seeds: ties in time are ordered anew by each
five-fold       ratings of random folds are predicted from the others; several seeds: folds are drawn anew by each
ml1m-ultragcn   the split of MovieLens 1M that most top-N papers report on (see `ultragcn`)

The seed draws the random part of a split and goes to the model; that of the deployment gives the published splits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np
import polars as pl

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.groups import group_users
from recsys_assets.evaluation.measured import LISTS, Measured, figures_of, mean_per_user
from recsys_assets.evaluation.protocols import (
    Make,
    Scores,
    cross_validate,
    fit_temporal,
    interactions_of,
    leave_one_out,
    score_part,
    splits_before,
)
from recsys_assets.evaluation.published import Published
from recsys_assets.evaluation.results import RankingResult, RatingResult
from recsys_assets.evaluation.ultragcn import PROTOCOL, ultragcn
from recsys_assets.features.splits import leave_one_out_parts, random_folds
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import RatingPredictor
from recsys_assets.sources.ml_1m_ultragcn import UltraGcnData

ScoredPart = Literal["validation", "test"]
HEADLINES = {
    "temporal": "ndcg_at_10",
    "leave-one-out": "ndcg_at_10",
    "five-fold": "rmse",
    "ml1m-ultragcn": "ndcg_at_20",
}
"""Protocol -> the figure by which models are compared under it."""


def evaluate_temporal(
    make: Make, data: Published, *, seeds: Sequence[int], part: ScoredPart = "test", progress: Progress = silent
) -> Measured:
    """Fitted before a date, scored after it."""

    def one(seed: int) -> Scores:
        model = fit_temporal(make, data.splits, data.catalogue, people=data.people, seed=seed, progress=progress)
        scored, earlier = interactions_of(data.splits, "temporal", part), splits_before(data.splits, part)
        return score_part(model, scored, earlier=earlier, protocol=f"temporal_{part}")

    return _over_seeds(make, one, seeds, data.people)


def evaluate_leave_one_out(
    make: Make, data: Published, *, seeds: Sequence[int], part: ScoredPart = "test", progress: Progress = silent
) -> Measured:
    """Each user's last movie is to be found; averaged over the orders that the seeds give to equal times."""

    def one(seed: int) -> Scores:
        splits = data.splits.with_columns(leave_one_out_parts(data.splits, seed=seed))
        options = {"part": part, "people": data.people, "seed": seed, "progress": progress}
        return leave_one_out(make, splits, data.catalogue, **options)  # type: ignore[arg-type]

    return _over_seeds(make, one, seeds, data.people)


def evaluate_five_fold(make: Make, data: Published, *, seeds: Sequence[int], progress: Progress = silent) -> Measured:
    """Each rating is predicted from the other folds; the seeds draw the folds."""
    if not isinstance(model := make(), RatingPredictor):
        raise EvaluationError(f"{model.name} predicts no ratings; put it through leave-one-out or temporal")

    def one(seed: int) -> Scores:
        splits = data.splits.with_columns(random_folds(data.splits, seed=seed))
        return cross_validate(make, splits, data.catalogue, people=data.people, seed=seed, progress=progress)

    return _over_seeds(make, one, seeds, data.people)


def evaluate_ultragcn(make: Make, data: UltraGcnData, *, seeds: Sequence[int], progress: Progress = silent) -> Measured:
    """The fixed split of UltraGCN; the seeds are the model's alone."""
    started = time.process_time()
    results = [ultragcn(make, data, seed=seed, progress=progress) for seed in seeds]
    cpu_seconds = time.process_time() - started
    per_user = mean_per_user([r.per_user.drop("n_relevant") for r in results])
    found = {r.seed: _bare(r.metrics(), PROTOCOL) for r in results}
    means = _mean(found.values())
    return Measured(
        model=results[0].model,
        protocol=PROTOCOL,
        seeds=tuple(seeds),
        config=make().config.model_dump(mode="json"),
        population=f"{results[0].n_users:,} users, {len(data.test):,} movies to be found",
        figures=figures_of(means, per_user=per_user, errors=None, seed=seeds[0]),
        by_seed=found,
        cpu_seconds=cpu_seconds,
        per_user=per_user,
    )


def _over_seeds(
    make: Make, one: Callable[[int], Scores], seeds: Sequence[int], people: pl.DataFrame | None
) -> Measured:
    """Run `one` for each seed and average."""
    started = time.process_time()
    scores = {seed: one(seed) for seed in seeds}
    cpu_seconds = time.process_time() - started
    rankings = [r for s in scores.values() for r in s.rankings]
    ratings = [r for s in scores.values() for r in s.ratings]
    if not rankings and not ratings:
        raise EvaluationError("this part holds no rating to be scored; use a larger data set")
    results: list[RankingResult | RatingResult] = [*rankings, *ratings]
    protocol = results[0].protocol
    per_user = mean_per_user([_users(r) for r in rankings]) if rankings else None
    errors = _summed(ratings)
    by_seed = {seed: _metrics(s, protocol) for seed, s in scores.items()}
    model = make()
    return Measured(
        model=model.name,
        protocol=protocol,
        seeds=tuple(seeds),
        config=model.config.model_dump(mode="json"),
        population=_population(rankings, ratings),
        figures=figures_of(_mean(by_seed.values()), per_user=per_user, errors=errors, seed=seeds[0]),
        by_seed=by_seed,
        cpu_seconds=cpu_seconds,
        groups=group_users(_with_history(per_user, rankings), people, seed=seeds[0]) if per_user is not None else (),
        per_user=per_user,
        errors=errors,
    )


def _users(result: RankingResult) -> pl.DataFrame:
    """The users' figures; where each has one movie to be found, recall and precision say what the hit rate says."""
    told = [m.key for m in LISTS if m.key in result.per_user.columns]
    if result.per_user["n_relevant"].max() == 1:
        told = [key for key in told if not key.startswith(("recall", "precision"))]
    return result.per_user.select("user_id", *told)


def _with_history(per_user: pl.DataFrame, rankings: Sequence[RankingResult]) -> pl.DataFrame:
    """The averaged figures beside the history length, which is the same under every seed."""
    return per_user.join(rankings[0].per_user.select("user_id", "n_history"), on="user_id", maintain_order="left")


def _summed(ratings: Sequence[RatingResult]) -> pl.DataFrame | None:
    """Errors by user over all seeds: each rating is then counted once a seed, which leaves an RMSE as it is."""
    found = [r.per_user for r in ratings if r.per_user is not None]
    return (
        pl.concat(found).group_by("user_id").agg(pl.col("n", "squared", "absolute").sum()).sort("user_id")
        if found
        else None
    )


def _metrics(scores: Scores, protocol: str) -> dict[str, float]:
    results: list[RankingResult | RatingResult] = [*scores.rankings, *scores.ratings]
    return {name: value for r in results for name, value in _bare(r.metrics(), protocol).items()}


def _bare(metrics: dict[str, float], protocol: str) -> dict[str, float]:
    """Names without the protocol."""
    return {name.removeprefix(f"{protocol}_"): value for name, value in metrics.items()}


def _mean(by_seed: Iterable[dict[str, float]]) -> dict[str, float]:
    """The mean over seeds of each figure that all of them have."""
    found = list(by_seed)
    return {name: float(np.mean([f[name] for f in found])) for name in found[0] if all(name in f for f in found)}


def _population(rankings: Sequence[RankingResult], ratings: Sequence[RatingResult]) -> str:
    said = []
    if rankings:
        r = rankings[0]
        said.append(f"{r.n_users:,} users, {r.n_cold_users:,} of them new, {r.n_relevant:,} movies to be found")
    if ratings:
        said.append(f"{ratings[0].n:,} ratings to be predicted, {ratings[0].n_cold:,} of them of new users or movies")
    return "; ".join(said)
