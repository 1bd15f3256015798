"""Rating blend: several predictors of ratings as one, stacked by ridge regression on ratings that none was fitted on.

    r(u, i, t) = c + sum_m w_m r_m(u, i, t)

A random tenth of the ratings is held out inside `fit`, the parts are fitted on the rest, (c, w) minimizes the squared
error on the tenth plus |w - 1/m|^2 (Wolpert, 1992; Breiman, 1996), and the parts are fitted again on everything.
There are two such weightings: one of the held-out ratings predicted at their time, for times up to a user's last
rating, and one of the same predicted as of long after, for later times, when nobody knows the moment's mood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, field_validator, model_validator

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.base import RatingPredictor
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.models import model_class
from recsys_assets.recommenders.parts import (
    PartsConfig,
    build_parts,
    figures_of,
    figures_state,
    figures_text,
    fit_parts,
    part_score,
    part_scores,
    parts_state,
    restore_parts,
)
from recsys_assets.recommenders.times import last_times

LONG_AFTER = 10 * 365 * 86400
"""Seconds after the last of all ratings."""
ERRORS = "validation_errors"
WHAT_PARTS_SAY = {
    "bayesian_fm": "predicted from everything known of you, the movie and the moment",
    "rating_knn": "how you rated movies like it, and others of late",
    "baseline": "how you rate and how it is rated",
    "biased_mf": "how it matches your taste",
}


class RatingBlendConfig(PartsConfig):
    """Parts chosen on a tenth of the training part of fold 0 of ml-100k, held on ml-latest-small."""

    whole = "rating_blend"
    part_defaults: ClassVar = {
        "moments": {"chains": 2, "draws": 60},
        "minutes": {"chains": 1, "draws": 60, "moments": [86400, 60]},
    }
    """Fewer draws than `bayesian_fm` has alone, as two chains of different moments are averaged."""
    parts: dict[str, str] = Field(
        default={
            "moments": "bayesian_fm",
            "minutes": "bayesian_fm",
            "neighbours": "rating_knn",
            "biases": "baseline",
        },
        min_length=2,
        validate_default=True,
    )
    """Predictors to combine: a name of their own, and that of the model."""
    held_out_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of the ratings on which the weights are chosen."""
    max_held_out: PositiveInt = 100_000
    """At most this many of them."""

    @field_validator("parts", mode="after")
    @classmethod
    def _in_order_of_names(cls, parts: dict[str, str]) -> dict[str, str]:
        """Files do not keep the order of names, and weights are in that of the parts."""
        return dict(sorted(parts.items()))

    @model_validator(mode="after")
    def _parts_predict_ratings(self) -> Self:
        for name, model in self.parts.items():
            if not issubclass(model_class(model), RatingPredictor):
                raise ValueError(f"part {name!r} of the rating_blend is a {model}, which predicts no ratings")
        return self

    def models_of_parts(self) -> dict[str, str]:
        return self.parts


class RatingBlend(RatingPredictor):
    """The most exact predictor of ratings, and the slowest to fit."""

    name = "rating_blend"
    Config = RatingBlendConfig
    config: RatingBlendConfig
    parts: dict[str, RatingPredictor]
    weights: NDArray[np.float64]
    """(2, n_parts): for times up to a user's last rating, and for later ones."""
    constants: NDArray[np.float64]
    """(2,) rating points."""
    validation: dict[str, float]
    """RMSE on the held-out tenth of each part and, last, of the blend; empty where nothing could be held out."""

    def _fit(self, data: TrainingData) -> None:
        self.weights = np.full((2, len(self.config.parts)), 1 / len(self.config.parts))
        self.constants, self.validation = np.zeros(2), {}
        held = self._held_out(data)
        if held.any() and not held.all():
            self._fit_parts(replace(data, histories=_only(data.histories, ~held)))
            self._weigh(_only(data.histories, held), int(data.histories.timestamps.max()) + LONG_AFTER)
            data.progress(f"rating_blend: RMSE {figures_text(self.validation)}")
        self._fit_parts(data)

    def _held_out(self, data: TrainingData) -> NDArray[np.bool_]:
        n = len(data.histories.movies)
        held = np.zeros(n, dtype=np.bool_)
        size = min(int(self.config.held_out_share * n), self.config.max_held_out)
        held[np.random.default_rng(data.seed).permutation(n)[:size]] = True
        return held

    def _fit_parts(self, data: TrainingData) -> None:
        self.parts = self._unfitted()
        fit_parts(self.parts, data, whole=self.name)

    def _weigh(self, held: Histories, later: int) -> None:
        rows, movies, truth = held.rows, held.movies.astype(np.int64), held.ratings.astype(np.float64)
        for time, at in enumerate((held.timestamps, np.full(len(truth), later))):
            by_part = self._parts_predict(rows, movies, at)
            self.weights[time], self.constants[time] = stack(by_part, truth)
            if time == 0:
                by_all = np.column_stack([by_part, by_part @ self.weights[0] + self.constants[0]])
                errors = np.sqrt(((np.clip(by_all, 0.5, 5) - truth[:, None]) ** 2).mean(axis=0))
                self.validation = dict(zip([*self.parts, "blend"], errors.tolist(), strict=True))

    def _parts_predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> NDArray[np.float64]:
        """(n, n_parts)."""
        by_part = [part._predict(users, movies, at) for part in self.parts.values()]
        return np.column_stack(by_part).astype(np.float64)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        scores = np.full((len(users), len(self.movies)), self.constants[0], dtype=np.float32)
        for part, weight in zip(self.parts.values(), self.weights[0], strict=True):
            scores += np.float32(weight) * part_score(part, histories, users)
        return scores

    def _predict(self, users: IntArray, movies: IntArray, at: IntArray | None) -> FloatArray:
        last = last_times(self.histories.take(users))
        later = np.zeros(len(users), dtype=np.int64) if at is None else (at > last).astype(np.int64)
        by_part = self._parts_predict(users, movies, at)
        return ((by_part * self.weights[later]).sum(axis=1) + self.constants[later]).astype(np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        own = part_scores(self.parts, history, np.array([user]))
        others = [Summand("bias", "what the parts have in common", np.full(len(movies), float(self.constants[0])))]
        for name, weight in zip(self.parts, self.weights[0].tolist(), strict=True):
            label = WHAT_PARTS_SAY.get(self.parts[name].name, f"the {name} part's rating")
            others.append(Summand("part", label, weight * own[name][0, movies].astype(np.float64)))
        return Accounts(tuple(others))

    def _unfitted(self) -> dict[str, RatingPredictor]:
        return cast(dict[str, RatingPredictor], build_parts(self.config))

    def _state(self) -> dict[str, NDArray[Any]]:
        own = {"weights": self.weights, "constants": self.constants}
        return own | figures_state(self.validation, values=ERRORS) | parts_state(self.parts)

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.weights, self.constants = state["weights"], state["constants"]
        self.validation = figures_of(state, values=ERRORS)
        self.parts = self._unfitted()
        restore_parts(self.parts, state, whole=self)


def stack(told: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Weights (m,) and constant of predictions (n, m): least squares plus the distance of the weights from 1 / m."""
    m = told.shape[1]
    equal, middle = np.full(m, 1 / m), told.mean(axis=0)
    x, y = told - middle, truth - truth.mean()
    weights = equal + np.linalg.solve(x.T @ x + np.eye(m), x.T @ (y - x @ equal))
    return weights, float(truth.mean() - middle @ weights)


def _only(histories: Histories, chosen: NDArray[np.bool_]) -> Histories:
    columns = histories.movies[chosen], histories.ratings[chosen], histories.timestamps[chosen]
    return Histories.from_columns(histories.rows[chosen], len(histories), *columns)
