"""Next item: what several models propose, ordered by how people chose before.

Candidates are the unseen movies with the highest sum of the parts' standardized scores. Candidate i is described by
x(u, i): every part's score as a share of the best candidate's, the logarithm of that, and a few facts (`MovieFacts`):

    score(i | history) = w . x(u, i),    w = the conditional logit of `choice`

where w is learned from the last events of users, which the parts were fitted without; then the parts are fitted again
on everything. It is a cascade whose second stage is learned, but linear: few weights can be learned from little data,
and a score is a sum that can be told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand, together
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.choice import choice_weights
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.hybrid_search import standardized
from recsys_assets.recommenders.next_item_events import NextEvents
from recsys_assets.recommenders.next_item_features import FACTS, MovieFacts
from recsys_assets.recommenders.next_item_parts import build_parts, fit_parts, opinions, part_of, share
from recsys_assets.recommenders.once import once
from recsys_assets.recommenders.parts import NamedParts, part_scores, parts_state, restore_parts
from recsys_assets.recommenders.ranking import hide, top_k

BLOCK_ELEMENTS = 1 << 23
"""Scores of events held at once while learning, events x movies: 32 MiB a part."""


class NextItemConfig(NamedParts):
    """Defaults tuned on leave-one-out validation of ml-100k and ml-latest-small together.

    `user_kernel` as a seventh part was better on validation (NDCG@10 0.150 instead of 0.149 and 0.108 instead of 0.105
    on five events of each user), but on the last movies 0.142 instead of 0.139 on ml-100k and 0.079 instead of 0.082
    on ml-latest-small: no sure gain, so it is left out.
    """

    whole = "next_item"

    parts: tuple[str, ...] = Field(
        default=("markov", "markov_events", "markov_lasting", "markov_forward", "ease", "ease_lasting"), min_length=1
    )
    """Names of `PARTS` or of models; "sasrec" may be among them, and is slow to fit."""
    candidates: PositiveInt = 200
    """Movies of each user that are ordered by what was learned; the others follow."""
    events_per_user: PositiveInt = 5
    """Last events of each user that are learned from, at most half of theirs."""
    most_events: PositiveInt = 10_000
    """Events that are learned from; users are drawn where there are more."""
    regularization: NonNegativeFloat = 3e-3
    """Pulls the weights towards 0."""

    @model_validator(mode="after")
    def _shared_models_are_parts(self) -> Self:
        for name in self.parts:
            if (of := part_of(name).of) is not None and of not in self.parts:
                raise ValueError(f"part {name} needs part {of}, whose model it shares; add it to the parts")
        return self

    def models_of_parts(self) -> dict[str, str]:
        return {name: part_of(name).model for name in self.parts}


@dataclass(frozen=True)
class Shortlist:
    """Candidates of b users, and what is known of them."""

    scores: dict[str, FloatArray]
    """(b, n_movies) of each part."""
    together: FloatArray
    """(b, n_movies) mean of the standardized scores."""
    movies: IntArray
    """(b, c) unseen movies, best first; -1 where fewer remain."""
    features: FloatArray
    """(b, c, n_features)."""


class NextItem(Recommender):
    """What will be watched next, by all that a history tells."""

    name = "next_item"
    Config = NextItemConfig
    config: NextItemConfig
    parts: dict[str, Recommender]
    facts: MovieFacts
    weights: FloatArray
    """(2 n_parts + 4,) of the features: share and logarithm of each part, then `FACTS`."""

    def _fit(self, data: TrainingData) -> None:
        c = self.config
        events = NextEvents.of(data.histories, per_user=c.events_per_user, most=c.most_events, seed=data.seed)
        self.weights = np.zeros(2 * len(c.parts) + len(FACTS), dtype=np.float32)
        self.weights[: 2 * len(c.parts)] = 1.0
        if len(events):
            self._fit_parts(replace(data, histories=events.train))
            self._learn(events, data)
        self._fit_parts(data)

    def _fit_parts(self, data: TrainingData) -> None:
        self.parts = build_parts(self.config.parts, self.config.part_configs)
        fit_parts(self.parts, data)
        self.facts = MovieFacts.of(data.histories, data.catalogue)

    def _learn(self, events: NextEvents, data: TrainingData) -> None:
        features, chosen = [], []
        step = max(1, BLOCK_ELEMENTS // len(data.movies))
        for start in range(0, len(events), step):
            block = np.arange(start, min(start + step, len(events)))
            listed = self._shortlist(events.before.take(block), np.full(len(block), -1))
            hits = listed.movies == events.movies[block, None]
            found = hits.any(axis=1)
            features.append(listed.features[found])
            chosen.append(hits[found].argmax(axis=1))
        x, y = np.concatenate(features), np.concatenate(chosen)
        data.progress(f"next_item: {len(y):,} of {len(events):,} next movies are among {x.shape[1]} candidates")
        if len(y):
            self.weights = choice_weights(x, y, regularization=self.config.regularization)

    def _shortlist(self, histories: Histories, users: IntArray) -> Shortlist:
        scores = part_scores(self.parts, histories, users)
        together = np.zeros((len(histories), len(self.movies)), dtype=np.float32)
        for own in scores.values():
            together += standardized(own) / np.float32(len(scores))
        unseen = together.copy()
        hide(unseen, histories)
        movies, _ = top_k(unseen, min(self.config.candidates, len(self.movies)))
        safe = np.maximum(movies, 0)
        told = [opinions(np.take_along_axis(own, safe, axis=1), name) for name, own in scores.items()]
        features = np.concatenate([*told, self.facts.features(histories, safe)], axis=2)
        return Shortlist(scores, together, movies, features)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        return self._ordered(once(self, "shortlist", histories, lambda: self._shortlist(histories, users)))

    def _ordered(self, listed: Shortlist) -> FloatArray:
        """Candidates by `weights`; below them all others, in the order of the parts together."""
        value = listed.features @ self.weights
        real = listed.movies >= 0
        least = np.where(real, value, np.inf).min(axis=1, keepdims=True)
        below = np.where(np.isfinite(least), least, 0) - 1
        scores = listed.together - listed.together.max(axis=1, keepdims=True) + below
        rows, places = np.nonzero(real)
        scores[rows, listed.movies[rows, places]] = value[rows, places]
        return scores.astype(np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        listed = once(self, "shortlist", history, lambda: self._shortlist(history, np.array([user])))
        order = np.argsort(listed.movies[0])
        place = order[np.minimum(np.searchsorted(listed.movies[0], movies, sorter=order), len(order) - 1)]
        inside = listed.movies[0, place] == movies
        n, at = len(self.parts), np.flatnonzero(inside)
        shares = listed.features[0, place[at]].astype(np.float64) * self.weights
        told = []
        by_part = shares[:, : 2 * n].reshape(len(at), n, 2).sum(axis=2)
        for (name, part), amounts in zip(self.parts.items(), by_part.T, strict=True):
            own = listed.scores[name][0, movies[at]].astype(np.float64)
            scale = np.where(own > 0, amounts / np.where(own > 0, own, 1), 0)
            account = part._accounts(history, user, movies[at], own)
            told.append(account.share(scale=scale, amounts=amounts, label=part_of(name).words))
        facts = [Summand("part", label, v) for label, v in zip(FACTS.values(), shares[:, 2 * n :].T, strict=True)]
        outside = np.where(inside, np.nan, scores)
        label = f"not among the {self.config.candidates} candidates for the next movie"
        known = together([*told, Accounts(tuple(facts))]).spread(at, len(movies))
        return together([known, Accounts((Summand("part", label, outside),))])

    def _state(self) -> dict[str, NDArray[Any]]:
        fitted = {name: part for name, part in self.parts.items() if part_of(name).of is None}
        return {"weights": self.weights} | parts_state(fitted)

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.weights = state["weights"]
        self.facts = MovieFacts.of(self.histories, self.catalogue)
        self.parts = build_parts(self.config.parts, self.config.part_configs)
        own = {name: part for name, part in self.parts.items() if part_of(name).of is None}
        restore_parts(own, state, whole=self)
        for name, part in self.parts.items():
            if (of := part_of(name).of) is not None:
                share(self.parts[of], part)
