"""Hybrid: several models as one, in whichever of two ways ranks better on a validation inside `fit`.

    rerank  the n best unseen movies of `generator`, ordered by the score of `ranker`; then the rest
    blend   score(u, i) = sum_m w_m (s_m(u, i) - mean_i s_m(u, .)) / std_i s_m(u, .),    w >= 0, sum w = 1

Burke (UMUAI 2002) calls them cascade and weighted hybrids. The last tenth of each user's ratings in time is held
out, the parts are fitted on the rest, n and w are chosen by NDCG@10, and the parts are fitted again on everything.
As each part alone is one of the w, the blend is never worse on validation than its best part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand, together
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.hybrid_search import Search, blended, hold_out, reranked, standardized
from recsys_assets.recommenders.parts import (
    NamedParts,
    build_parts,
    figures_of,
    figures_state,
    figures_text,
    fit_parts,
    part_scores,
    parts_state,
    restore_parts,
)

PART_WORDS = {
    "popularity": "many people rated it",
    "content": "its genres, people and plot, beside the movies named",
    "biased_mf": "the rating predicted for you",
    "svd": "the rating predicted for you",
    "markov": "watched around the movies you watched last",
    "ials": "watched by people of your taste",
}
"""What a part's share of the score means to the person who is shown it."""


class HybridConfig(NamedParts):
    whole = "hybrid"
    part_defaults: ClassVar = {"popularity": {"order": "count"}, "content": {"interest": 1.0, "half_life": 10}}
    """Tuned for the blend on validation parts of ml-latest-small and ml-100k."""
    parts: tuple[str, ...] = Field(default=("popularity", "content", "biased_mf", "markov", "ials"), min_length=2)
    """Names of the models to combine. The last two bring NDCG@10 on the temporal validation part from 0.253 to 0.256
    (ml-100k) and from 0.353 to 0.373 (ml-latest-small), seed 20261123. `svd` for `biased_mf` ranks no better: the
    difference on validation is within chance, and it is slower."""
    generator: str = "content"
    """The part whose best movies are re-ranked."""
    ranker: str = "biased_mf"
    """The part that re-ranks. Without both parts, `rerank` is not tried."""
    candidates: tuple[PositiveInt, ...] = (20, 50, 100, 200)
    """Numbers n of candidates that are tried."""
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    """Share of each user's ratings, the last ones, that is held out; at least one of two."""
    validation_users: PositiveInt = 1000
    """Users drawn for validation; more are slower and more exact."""


class Hybrid(Recommender):
    """Popularity, content, predicted rating, what follows the last movies and taste, together."""

    name = "hybrid"
    Config = HybridConfig
    config: HybridConfig
    parts: dict[str, Recommender]
    strategy: Literal["rerank", "blend"]
    weights: FloatArray
    """(n_parts,) of the blend."""
    candidates: int
    """n of `rerank`."""
    validation: dict[str, float]
    """NDCG@10 on the inner validation of each part, `rerank` and `blend`; empty where nobody rated two movies."""

    def _fit(self, data: TrainingData) -> None:
        split = hold_out(data.histories, share=self.config.validation_share, seed=data.seed)
        self.strategy, self.validation = "blend", {}
        self.weights = np.full(len(self.config.parts), 1 / len(self.config.parts), dtype=np.float32)
        self.candidates = self.config.candidates[0]
        if split.held.lengths.any():
            self._fit_parts(replace(data, histories=split.train))
            self._choose(Search.of(split, n_users=self.config.validation_users, seed=data.seed), data)
        self._fit_parts(data)

    def _fit_parts(self, data: TrainingData) -> None:
        self.parts = build_parts(self.config)
        fit_parts(self.parts, data, whole=self.name)

    def _choose(self, search: Search, data: TrainingData) -> None:
        scores = part_scores(self.parts, search.train, search.users)
        tried = {name: search.ndcg(own) for name, own in scores.items()}
        self.weights, tried["blend"] = search.best_weights([standardized(s) for s in scores.values()])
        if self._can_rerank():
            cascade = scores[self.config.generator], scores[self.config.ranker]
            by_n = {n: search.ndcg(reranked(*cascade, search.train, n)) for n in self.config.candidates}
            self.candidates, tried["rerank"] = max(by_n.items(), key=lambda item: item[1])
            self.strategy = "rerank" if tried["rerank"] > tried["blend"] else "blend"
        self.validation = tried
        data.progress(f"hybrid: {self.strategy}; NDCG@10 {figures_text(tried)}")

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        scores = part_scores(self.parts, histories, users)
        if self.strategy == "blend":
            return blended([standardized(s) for s in scores.values()], self.weights)
        return reranked(scores[self.config.generator], scores[self.config.ranker], histories, self.candidates)

    @property
    def knows_similar(self) -> bool:
        return any(part.knows_similar for part in self.parts.values())

    def _similar(self, movies: IntArray) -> FloatArray:
        """As the part of the largest weight that knows similar movies has it."""
        part = self._knowing
        return part._similar(movies) if part else super()._similar(movies)

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        part = self._knowing
        return part._similar_to(movies, others) if part else super()._similar_to(movies, others)

    @property
    def _knowing(self) -> Recommender | None:
        by_weight = [name for _, name in sorted(zip(-self.weights, self.parts, strict=True), key=lambda pair: pair[0])]
        return next((self.parts[name] for name in by_weight if self.parts[name].knows_similar), None)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        own = part_scores(self.parts, history, np.array([user]))
        if self.strategy == "rerank":
            return self._accounts_of_rerank(own, history, user, movies, scores)
        told = []
        for (name, part), weight in zip(self.parts.items(), self.weights.tolist(), strict=True):
            if weight > 0:
                z = standardized(own[name])[0, movies].astype(np.float64)
                scale = weight / max(float(own[name].std()), 1e-9)
                account = part._accounts(history, user, movies, own[name][0, movies].astype(np.float64))
                told.append(
                    account.share(
                        scale=scale, amounts=weight * z, label=PART_WORDS.get(name, f"the {name} model's score")
                    )
                )
        return together(told)

    def _accounts_of_rerank(
        self, own: dict[str, FloatArray], history: Histories, user: int, movies: IntArray, scores: Amounts
    ) -> Accounts:
        """Candidates have the ranker's scores, the others the generator's, below."""
        candidates = scores == own[self.config.ranker][0, movies]
        told = []
        for name, mine in ((self.config.ranker, candidates), (self.config.generator, ~candidates)):
            at = np.flatnonzero(mine)
            if len(at):
                values = own[name][0, movies[at]].astype(np.float64)
                told.append(self.parts[name]._accounts(history, user, movies[at], values).spread(at, len(movies)))
        left = np.where(candidates, 0.0, scores - own[self.config.generator][0, movies])
        label = f"not among the {self.candidates} best of {self.config.generator}"
        told.append(Accounts((Summand("part", label, np.where(left == 0, np.nan, left)),)))
        return together(told)

    def _can_rerank(self) -> bool:
        return {self.config.generator, self.config.ranker} <= set(self.config.parts)

    def _state(self) -> dict[str, NDArray[Any]]:
        own = {
            "rerank": np.array(self.strategy == "rerank"),
            "weights": self.weights,
            "candidates": np.array(self.candidates),
        }
        return own | figures_state(self.validation) | parts_state(self.parts)

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.strategy = "rerank" if state["rerank"] else "blend"
        self.weights, self.candidates = state["weights"], int(state["candidates"])
        self.validation = figures_of(state)
        self.parts = build_parts(self.config)
        restore_parts(self.parts, state, whole=self)
