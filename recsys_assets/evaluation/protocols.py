"""The protocols that every recommender goes through, on one frozen split table.

`splits` has one row per rating: `user_id, movie_id, rating, timestamp`, and for each protocol the part a rating is in:
`temporal` and `leave_one_out` (train, validation, test) and `fold` (0-4).

temporal       Fitted once, on the ratings before a date T (train). All movies are ranked, those the user has rated
               before are masked; to be found are all movies that the user rated in the scored part. Users and movies
               without a rating in train are cold and reported apart.
leave-one-out  To be found is each user's last movie; fitted on all before it. It sees other users' later ratings.
5 folds        Ratings of random folds are predicted from the other four; means and deviations over folds.

A model is never fitted on what it is scored on: `scoring.require_unfitted` holds it. Nor is a part of the past scored
by a model that knows its future: parts that overlap in time are refused, and so is a movie to be found that is not the
user's last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.groups import group_users
from recsys_assets.evaluation.results import RankingResult, RatingResult
from recsys_assets.evaluation.scoring import score_lists, score_ratings
from recsys_assets.feedback.training_data import TrainingFeedback
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import RatingPredictor, Recommender

Make = Callable[[], Recommender]
"""Gives an unfitted model, each time a new one of the same configuration."""
Part = Literal["train", "validation", "test"]
INTERACTION_COLUMNS = ("user_id", "movie_id", "rating", "timestamp")
EARLIER: dict[Part, tuple[Part, ...]] = {"train": (), "validation": ("train",), "test": ("train", "validation")}


@dataclass(frozen=True)
class Scores:
    """What a protocol found."""

    rankings: tuple[RankingResult, ...] = ()
    ratings: tuple[RatingResult, ...] = ()

    def __add__(self, other: Scores) -> Scores:
        return Scores(self.rankings + other.rankings, self.ratings + other.ratings)

    def grouped(self, people: pl.DataFrame | None, *, seed: int) -> Scores:
        """With the quality by activity, age and gender; `people` as in `Recommender.fit`."""
        grouped = (replace(r, groups=group_users(r.per_user, people, seed=seed)) for r in self.rankings)
        return Scores(tuple(grouped), self.ratings)


def fit_temporal(
    make: Make,
    splits: pl.DataFrame,
    catalogue: pl.DataFrame,
    *,
    people: pl.DataFrame | None = None,
    feedback: TrainingFeedback | None = None,
    seed: int,
    progress: Progress = silent,
) -> Recommender:
    """A model fitted on the temporal training part only: the one that can be judged on what came after.

    Of `feedback` only what was known before that part ended joins it.
    """
    _require_time_order(splits)
    model, train = make(), interactions_of(splits, "temporal", "train")
    train = feedback.judged(splits) if feedback else train
    progress(f"{model.name}: fitting on the temporal training part, {len(train):,} ratings")
    return model.fit(train, catalogue, people=people, seed=seed, progress=progress)


def score_temporal(model: Recommender, splits: pl.DataFrame, *, progress: Progress = silent) -> Scores:
    """Lists, and ratings where the model predicts them, on the temporal validation and test part."""
    found = Scores()
    for part in ("validation", "test"):
        scored = interactions_of(splits, "temporal", part)
        progress(f"{model.name}: scoring the temporal {part} part, {len(scored):,} ratings")
        found += score_part(model, scored, earlier=splits_before(splits, part), protocol=f"temporal_{part}")
    return found


def score_part(model: Recommender, scored: pl.DataFrame, *, earlier: pl.DataFrame, protocol: str) -> Scores:
    """Lists with `earlier` masked, and ratings where the model predicts them; nothing where `scored` is empty."""
    if len(scored) == 0:
        return Scores()
    lists = score_lists(model, scored, protocol=protocol, hidden=earlier)
    ratings = (score_ratings(model, scored, protocol=protocol),) if isinstance(model, RatingPredictor) else ()
    return Scores((lists,), ratings)


def leave_one_out(
    make: Make,
    splits: pl.DataFrame,
    catalogue: pl.DataFrame,
    *,
    part: Literal["validation", "test"] = "test",
    people: pl.DataFrame | None = None,
    seed: int,
    progress: Progress = silent,
) -> Scores:
    """Lists for each user's held-out last movie (validation: the last but one), by a model fitted on all before."""
    scored = interactions_of(splits, "leave_one_out", part)
    if len(scored) == 0:
        return Scores()
    before = interactions_of(splits, "leave_one_out", *EARLIER[part])
    _require_last(scored, before, part)
    model = make()
    progress(f"{model.name}: leave-one-out by time, fitting on {len(before):,} ratings, {len(scored):,} to be found")
    model.fit(before, catalogue, people=people, seed=seed, progress=progress)
    return Scores((score_lists(model, scored, protocol=f"loo_{part}"),))


def cross_validate(
    make: Make,
    splits: pl.DataFrame,
    catalogue: pl.DataFrame,
    *,
    people: pl.DataFrame | None = None,
    seed: int,
    progress: Progress = silent,
) -> Scores:
    """Rating errors over the folds; nothing for a model that predicts no ratings."""
    if not isinstance(make(), RatingPredictor):
        return Scores()
    folds = splits["fold"].drop_nulls().unique().sort().to_list()
    if len(folds) < 2:
        raise EvaluationError(f"cross-validation needs at least 2 folds, the splits hold {len(folds)}")
    found: list[RatingResult] = []
    for fold in folds:
        model = make()
        progress(f"{model.name}: ratings, fold {len(found) + 1} of {len(folds)}")
        model.fit(
            _columns(splits.filter(pl.col("fold") != fold)), catalogue, people=people, seed=seed, progress=progress
        )
        if not isinstance(model, RatingPredictor):
            raise EvaluationError(
                f"the maker of {model.name} gave a model that predicts no ratings after one that does"
            )
        found.append(score_ratings(model, splits.filter(pl.col("fold") == fold), protocol="fold"))
    return Scores(ratings=(_over_folds(found),))


def interactions_of(splits: pl.DataFrame, protocol: str, *parts: str) -> pl.DataFrame:
    """The Interactions that `protocol` (a column of `splits`) assigns to these parts."""
    missing = {protocol, *INTERACTION_COLUMNS} - set(splits.columns)
    if missing:
        raise EvaluationError(f"the splits lack {', '.join(sorted(missing))}; re-materialize `splits`")
    return _columns(splits.filter(pl.col(protocol).cast(pl.String).is_in(parts)))


def splits_before(splits: pl.DataFrame, part: Part) -> pl.DataFrame:
    """The Interactions of the temporal parts before `part`."""
    return interactions_of(splits, "temporal", *EARLIER[part])


def _columns(splits: pl.DataFrame) -> pl.DataFrame:
    return splits.select(INTERACTION_COLUMNS)


def _over_folds(folds: list[RatingResult]) -> RatingResult:
    rmse, mse, mae = (np.array([getattr(f, name) for f in folds]) for name in ("rmse", "mse", "mae"))
    return RatingResult(
        protocol=f"cv{len(folds)}",
        n=sum(f.n for f in folds),
        n_cold=sum(f.n_cold for f in folds),
        rmse=float(rmse.mean()),
        mse=float(mse.mean()),
        mae=float(mae.mean()),
        rmse_sd=float(rmse.std(ddof=1)),
        mae_sd=float(mae.std(ddof=1)),
        per_user=_errors_over_folds(folds),
    )


def _errors_over_folds(folds: list[RatingResult]) -> pl.DataFrame:
    """The per-user errors of all folds together."""
    found = pl.concat([fold.per_user for fold in folds if fold.per_user is not None])
    return found.group_by("user_id").agg(pl.col("n", "squared", "absolute").sum()).sort("user_id")


def _require_last(scored: pl.DataFrame, before: pl.DataFrame, part: str) -> None:
    """Refuse a movie to be found after which its user rated others that the model is fitted on; ties are let pass."""
    last = before.group_by("user_id").agg(last=pl.col("timestamp").max())
    late = scored.join(last, on="user_id").filter(pl.col("last") > pl.col("timestamp"))
    if len(late):
        user, movie = late.select("user_id", "movie_id").row(0)
        raise EvaluationError(
            f"loo_{part}: user {user} rated others after movie {movie}, which is to be found; so did {len(late)} users "
            "in all; re-materialize `splits`"
        )


def _require_time_order(splits: pl.DataFrame) -> None:
    """Refuse temporal parts that overlap in time; equal timestamps on both sides of a border are let pass."""
    parts: tuple[Part, ...] = ("train", "validation", "test")
    spans = {part: interactions_of(splits, "temporal", part)["timestamp"] for part in parts}
    held = [(part, times.min(), times.max()) for part, times in spans.items() if len(times)]
    for (earlier, _, end), (later, start, _) in pairwise(held):
        if end > start:  # type: ignore[operator]
            raise EvaluationError(
                f"the temporal {earlier} part reaches to {end!s}, the {later} part begins at {start!s}, before that; "
                "re-materialize `splits`"
            )
