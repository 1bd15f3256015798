"""What a search for settings may look at: validation figures, on data from which the test part has been taken out.

temporal       NDCG@10 on the temporal validation part, fitted on the training part
leave-one-out  NDCG@10 of each user's last movie but one, fitted on all before it
five-fold      RMSE on a random tenth of folds 1-4, fitted on their rest; fold 0 is never seen. Every rating is a test
               rating of some fold, so of a model tuned this way only the figure of fold 0 is untouched by tuning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.protocols import (
    INTERACTION_COLUMNS,
    Make,
    fit_temporal,
    interactions_of,
    leave_one_out,
)
from recsys_assets.evaluation.published import Published
from recsys_assets.evaluation.scoring import score_lists, score_ratings
from recsys_assets.recommenders import RatingPredictor

ObjectiveName = Literal["temporal", "leave-one-out", "five-fold"]
INNER_SHARE = 0.1


@dataclass(frozen=True)
class Objective:
    """A figure to be made as good as can be."""

    name: ObjectiveName
    label: str
    direction: Literal["maximize", "minimize"]
    score: Callable[[Make], float]

    def better(self, a: float, b: float) -> bool:
        return a > b if self.direction == "maximize" else a < b


def objective_of(name: ObjectiveName, data: Published, *, seed: int) -> Objective:
    """The objective on what of `data` may be seen; the rest is dropped here, before any model is made."""
    if name == "temporal":
        seen = without_test(data.splits, "temporal")
        return Objective(name, "NDCG@10, temporal validation", "maximize", _temporal(seen, data, seed))
    if name == "leave-one-out":
        seen = without_test(data.splits, "leave_one_out")
        return Objective(name, "NDCG@10, last movie but one", "maximize", _leave_one_out(seen, data, seed))
    rest, drawn = inner_tenth(data.splits, seed=seed)
    return Objective(name, "RMSE, a tenth of folds 1-4", "minimize", _rmse(rest, drawn, data, seed))


def without_test(splits: pl.DataFrame, protocol: str) -> pl.DataFrame:
    """Training and validation rows of a protocol, with no trace of the others."""
    return splits.filter(pl.col(protocol).cast(pl.String) != "test").select(*INTERACTION_COLUMNS, protocol)


def inner_tenth(splits: pl.DataFrame, *, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Interactions of folds 1-4, whatever their order, in two: nine tenths to fit on, a random tenth to score."""
    seen = splits.filter(pl.col("fold") != 0).sort("user_id", "movie_id").select(INTERACTION_COLUMNS)
    drawn = pl.Series(np.random.default_rng(seed).random(len(seen)) < INNER_SHARE)
    return seen.filter(~drawn), seen.filter(drawn)


def _temporal(seen: pl.DataFrame, data: Published, seed: int) -> Callable[[Make], float]:
    def score(make: Make) -> float:
        model = fit_temporal(make, seen, data.catalogue, people=data.people, seed=seed)
        validation = interactions_of(seen, "temporal", "validation")
        return score_lists(model, validation, protocol="temporal_validation", lengths=(10,)).at[0].ndcg

    return score


def _leave_one_out(seen: pl.DataFrame, data: Published, seed: int) -> Callable[[Make], float]:
    def score(make: Make) -> float:
        found = leave_one_out(make, seen, data.catalogue, part="validation", people=data.people, seed=seed)
        if not found.rankings:
            raise EvaluationError("no user has three ratings, so none can be held out; use a larger data set")
        return found.rankings[0].at[0].ndcg

    return score


def _rmse(rest: pl.DataFrame, drawn: pl.DataFrame, data: Published, seed: int) -> Callable[[Make], float]:
    def score(make: Make) -> float:
        model = make()
        if not isinstance(model, RatingPredictor):
            raise EvaluationError(f"{model.name} predicts no ratings; tune it by leave-one-out or temporal")
        model.fit(rest, data.catalogue, people=data.people, seed=seed)
        return score_ratings(model, drawn, protocol="inner_tenth").rmse

    return score
