"""Blend of models of who chose what: a weighted sum of their scores, each standardized per user.

    score(u, i) = sum_m w_m (s_m(u, i) - mean_j s_m(u, j)) / std_j s_m(u, j),    w >= 0, sum w = 1

with mean and deviation over the movies j that u has not seen.

The parts err differently: weights between movies, factors, and a kernel between users. Without given weights the last
tenth of each user's ratings in time is held out, the parts are fitted on the rest, w is chosen by NDCG@10, and the
parts are fitted again on everything: twice the time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from recsys_assets.recommenders.accounts import Accounts, Amounts, together
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.hybrid_search import Search, hold_out, standardized_unseen
from recsys_assets.recommenders.parts import (
    NamedParts,
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

PART_WORDS = {
    "norm_ease": "what goes with the movies named",
    "ials": "how it matches your taste, beside the movies named",
    "user_kernel": "people of your taste chose it",
}
"""What a part's share of the score means to the person who is shown it."""


class TopnBlendConfig(NamedParts):
    whole = "topn_blend"
    parts: tuple[str, ...] = Field(default=("norm_ease", "ials", "user_kernel"), min_length=2)
    """Names of the models to combine."""
    weights: tuple[NonNegativeFloat, ...] | None = None
    """w of each part, brought to sum 1; none: chosen in `fit`."""
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of each user's ratings, the last ones, that is held out to choose; at least one of two."""
    validation_users: PositiveInt = 1000
    """Users drawn to choose; more are slower and more exact."""

    @model_validator(mode="after")
    def _weights_are_of_parts(self) -> Self:
        if self.weights is not None and (len(self.weights) != len(self.parts) or sum(self.weights) <= 0):
            raise ValueError(f"weights must be one for each of {len(self.parts)} parts and not all 0")
        return self


class TopnBlend(Recommender):
    """Several models of who chose what as one."""

    name = "topn_blend"
    Config = TopnBlendConfig
    config: TopnBlendConfig
    parts: dict[str, Recommender]
    weights: FloatArray
    """(n_parts,)."""
    validation: dict[str, float]
    """NDCG@10 on the inner validation of each part and of the blend; empty where weights were given."""

    def _fit(self, data: TrainingData) -> None:
        n, given = len(self.config.parts), self.config.weights
        self.validation = {}
        self.weights = np.array(given or (1.0,) * n, dtype=np.float32)
        self.weights /= self.weights.sum()
        split = None if given else hold_out(data.histories, share=self.config.validation_share, seed=data.seed)
        if split is not None and split.held.lengths.any():
            self._fit_parts(replace(data, histories=split.train))
            search = Search.of(split, n_users=self.config.validation_users, seed=data.seed)
            scores = part_scores(self.parts, search.train, search.users)
            self.validation = {name: search.ndcg(own) for name, own in scores.items()}
            scaled = [standardized_unseen(s, search.train) for s in scores.values()]
            self.weights, self.validation["blend"] = search.best_weights(scaled)
            weights = self.weights.round(3).tolist()
            data.progress(f"topn_blend: weights {weights}; NDCG@10 {figures_text(self.validation)}")
        self._fit_parts(data)

    def _fit_parts(self, data: TrainingData) -> None:
        self.parts = build_parts(self.config)
        fit_parts(self.parts, data, whole=self.name)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        total = np.zeros((len(histories), len(self.movies)), dtype=np.float32)
        for part, weight in zip(self.parts.values(), self.weights, strict=True):
            if weight:
                total += weight * standardized_unseen(part_score(part, histories, users), histories)
        return total

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        used = {name: part for (name, part), weight in zip(self.parts.items(), self.weights, strict=True) if weight > 0}
        own = part_scores(used, history, np.array([user]))
        told = []
        for (name, part), weight in zip(used.items(), self.weights[self.weights > 0].tolist(), strict=True):
            z = standardized_unseen(own[name], history)[0, movies].astype(np.float64)
            scale = weight / max(float(np.delete(own[name][0], history.movies).std()), 1e-9)
            account = part._accounts(history, user, movies, own[name][0, movies].astype(np.float64))
            label = PART_WORDS.get(name, f"the {name} model's score")
            told.append(account.share(scale=scale, amounts=weight * z, label=label))
        return together(told)

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"weights": self.weights} | figures_state(self.validation) | parts_state(self.parts)

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.weights = state["weights"]
        self.validation = figures_of(state)
        self.parts = build_parts(self.config)
        restore_parts(self.parts, state, whole=self)
