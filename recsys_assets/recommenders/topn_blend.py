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
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveInt, model_validator

from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.hybrid_search import Search, hold_out, standardized_unseen
from recsys_assets.recommenders.results import Reason

PART_WORDS = {
    "norm_ease": "what goes with the movies named",
    "ials": "how it matches your taste, beside the movies named",
    "user_kernel": "people of your taste chose it",
}
"""What a part's share of the score means to the person who is shown it."""


class TopnBlendConfig(BaseModel, extra="forbid"):
    parts: tuple[str, ...] = Field(default=("norm_ease", "ials", "user_kernel"), min_length=2)
    """Names of the models to combine."""
    part_configs: dict[str, dict[str, Any]] = {}
    """Config fields of parts by name."""
    weights: tuple[NonNegativeFloat, ...] | None = None
    """w of each part, brought to sum 1; none: chosen in `fit`."""
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of each user's ratings, the last ones, that is held out to choose; at least one of two."""
    validation_users: PositiveInt = 1000
    """Users drawn to choose; more are slower and more exact."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.parts)) < len(self.parts) or "topn_blend" in self.parts:
            raise ValueError(f"parts must be different models and no topn_blend, found {', '.join(self.parts)}")
        if unused := set(self.part_configs) - set(self.parts):
            raise ValueError(f"part_configs names {', '.join(sorted(unused))}, not among the parts")
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
            scores = {name: part._score(search.train, search.users) for name, part in self.parts.items()}
            self.validation = {name: search.ndcg(own) for name, own in scores.items()}
            scaled = [standardized_unseen(s, search.train) for s in scores.values()]
            self.weights, self.validation["blend"] = search.best_weights(scaled)
            told = ", ".join(f"{k} {v:.4f}" for k, v in self.validation.items())
            data.progress(f"topn_blend: weights {self.weights.round(3).tolist()}; NDCG@10 {told}")
        self._fit_parts(data)

    def _fit_parts(self, data: TrainingData) -> None:
        self.parts = self._unfitted()
        for name, part in self.parts.items():
            data.progress(f"topn_blend: fitting {name} on {len(data.histories.movies)} ratings")
            part.fit_data(data)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        total = np.zeros((len(histories), len(self.movies)), dtype=np.float32)
        for part, weight in zip(self.parts.values(), self.weights, strict=True):
            if weight:
                total += weight * standardized_unseen(part._score(histories, users), histories)
        return total

    def _explain(self, history: Histories, user: int, movie: int, score: float) -> list[Reason]:
        reasons: list[Reason] = []
        for (name, part), weight in zip(self.parts.items(), self.weights.tolist(), strict=True):
            if weight > 0:
                own = part._score(history, np.array([user]))
                share = weight * float(standardized_unseen(own, history)[0, movie])
                scale = weight / max(float(np.delete(own[0], history.movies).std()), 1e-9)
                told = part._explain(history, user, movie, float(own[0, movie]))
                shown = [replace(r, contribution=r.contribution * scale) for r in told if r.kind == "history"]
                rest = share - sum(r.contribution for r in shown)
                reasons += [*shown, Reason("part", PART_WORDS.get(name, f"the {name} model's score"), rest)]
        return reasons

    def _unfitted(self) -> dict[str, Recommender]:
        from recsys_assets.recommenders.models import build

        return {name: build(name, self.config.part_configs.get(name)) for name in self.config.parts}

    def _state(self) -> dict[str, NDArray[Any]]:
        own = {
            "weights": self.weights,
            "validation_names": np.array(list(self.validation), dtype=np.str_),
            "validation_scores": np.array(list(self.validation.values()), dtype=np.float64),
        }
        return own | {f"parts.{n}.{k}": v for n, p in self.parts.items() for k, v in p._state().items()}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.weights = state["weights"]
        names, scores = state["validation_names"].tolist(), state["validation_scores"].tolist()
        self.validation = dict(zip(names, scores, strict=True))
        self.parts = self._unfitted()
        for name, part in self.parts.items():
            prefix = f"parts.{name}."
            part.adopt(self.users, self.movies, self.histories, self.catalogue)
            part._restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
            part.fitted = True
