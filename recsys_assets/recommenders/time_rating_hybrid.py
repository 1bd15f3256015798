"""The time- and rating-aware LSTM and the content model as one, weighted by a validation inside `fit`.

    score(u, i) = w z(lstm(u, i)) + (1 - w) z(content(u, i)),    z: of mean 0 and standard deviation 1 over movies

a weighted hybrid (Burke, UMUAI 2002) of `time_rating_lstm` and `time_rating_content`. Both are trained without each
user's last movie; w in [0, 1] is what ranks those movies best (NDCG@10); then both are trained again on everything.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.accounts import Accounts, Amounts, together
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.hybrid_search import Search, blended, standardized
from recsys_assets.recommenders.parts import (
    PartsConfig,
    build_parts,
    figures_of,
    figures_state,
    figures_text,
    part_scores,
    parts_state,
    restore_parts,
)
from recsys_assets.recommenders.sequence.inputs import Held, histories_of_sequences
from recsys_assets.recommenders.sequence.model import SequenceRecommender

PARTS = ("time_rating_lstm", "time_rating_content")
PART_WORDS = {
    "time_rating_lstm": "the order of what was watched, beside the movies named",
    "time_rating_content": "what the movies are about, beside the movies named",
}
"""What a part's share of the score means to the person who is shown it."""


class TimeRatingHybridConfig(PartsConfig):
    whole = "time_rating_hybrid"

    def models_of_parts(self) -> dict[str, str]:
        return {name: name for name in PARTS}


class TimeRatingHybrid(Recommender):
    """The next movie by both a memory of movies and a memory of what they are about."""

    name = "time_rating_hybrid"
    Config = TimeRatingHybridConfig
    config: TimeRatingHybridConfig
    parts: dict[str, SequenceRecommender]
    weights: FloatArray
    """(2,) of the parts, adding up to 1."""
    validation: dict[str, float]
    """NDCG@10 on the inner validation of each part and of the blend; empty where nobody rated three movies."""

    def _fit(self, data: TrainingData) -> None:
        self.parts, self.validation = self._unfitted(), {}
        self.weights = np.full(len(self.parts), 1 / len(self.parts), dtype=np.float32)
        for part in self.parts.values():
            part.adopt(data.users, data.movies, data.histories, data.catalogue)
        held = self.parts[PARTS[0]].hold_out(data)
        for part in self.parts.values():
            part.search(data, held)
        if len(held.targets):
            self._choose(held, data)
        for part in self.parts.values():
            part.refit(data)
            part.drop_checkpoints()
            part.fitted = True

    def training_curves(self) -> dict[str, dict[str, NDArray[Any]]]:
        """By the name of the part, what `evaluation.training_curves` draws."""
        return {name: part.curves.arrays() for name, part in self.parts.items()}

    def _choose(self, held: Held, data: TrainingData) -> None:
        histories = histories_of_sequences(held.histories)
        wanted = (np.arange(len(held.targets), dtype=np.int64) << 32) + held.targets
        search = Search(held.rows, histories, wanted, np.ones(len(wanted)))
        scores = part_scores(self.parts, histories, held.rows)
        tried = {name: search.ndcg(own) for name, own in scores.items()}
        self.weights, tried["blend"] = search.best_weights([standardized(s) for s in scores.values()])
        self.validation = tried
        data.progress(f"{self.name}: {self.weights[0]:.0%} {PARTS[0]}; NDCG@10 {figures_text(tried)}")

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        return blended([standardized(s) for s in part_scores(self.parts, histories, users).values()], self.weights)

    def _similar(self, movies: IntArray) -> FloatArray:
        """By the content part, whose vectors also movies have that nobody rated."""
        return self.parts["time_rating_content"]._similar(movies)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        own = part_scores(self.parts, history, np.array([user]))
        told = []
        for (name, part), weight in zip(self.parts.items(), self.weights.tolist(), strict=True):
            if weight > 0:
                z = standardized(own[name])[0, movies].astype(np.float64)
                scale = weight / max(float(own[name].std()), 1e-9)
                account = part._accounts(history, user, movies, own[name][0, movies].astype(np.float64))
                told.append(account.share(scale=scale, amounts=weight * z, label=PART_WORDS[name]))
        return together(told)

    def _unfitted(self) -> dict[str, SequenceRecommender]:
        return cast(dict[str, SequenceRecommender], build_parts(self.config))

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"weights": self.weights} | figures_state(self.validation) | parts_state(self.parts)

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.weights = state["weights"]
        self.validation = figures_of(state)
        self.parts = self._unfitted()
        restore_parts(self.parts, state, whole=self)
