"""Agents of sessions as recommenders: lists are what an agent would show first, whichever way it has learned.

A known user and a newcomer are the same to it: both are a belief made of their ratings, or of genres they named
(`newcomers`). Lists can be blended with content and biased to genres (`modes`), as the config says or, for one
occasion, as `in_mode` is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.modes import Mode, named
from recsys_assets.agents.newcomers import LEARNED, AgentNewcomers, nobody
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.accounts import Accounts, Amounts, OfRatings, Summand, together
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.once import once
from recsys_assets.recommenders.results import ModelError, Route


class AnsweringConfig(BaseModel, extra="forbid"):
    """How an agent that has learned answers."""

    alpha: float = Field(default=0.0, ge=0, le=1)
    """Weight of likeness of content; 0: the agent alone, 1: content alone."""
    genres: tuple[str, ...] = ()
    """Genre-biased mode: movies of these genres are raised in the list of everyone of whom ratings are known."""
    genre_bias: float = Field(default=1.0, ge=0)
    """By how many standard deviations of the scores, for a movie of just these genres."""


class SessionAgent(Recommender):
    """A subclass learns in `_fit` and gives what it has learned to `_keep`."""

    config: AnsweringConfig
    heard: pl.DataFrame | None = None
    texts: pl.DataFrame | None = None

    def hear(self, events: pl.DataFrame, texts: pl.DataFrame | None = None) -> None:
        """Accepted events of feedback, beside the ratings, and what their texts say. `judges` teach nothing."""
        self.heard, self.texts = events, texts

    def in_mode(
        self, *, alpha: float | None = None, genres: Sequence[str] | None = None, genre_bias: float | None = None
    ) -> Self:
        """The same agent, answering in another mode; what is not given stays as it is. Nothing is trained."""
        asked = {"alpha": alpha, "genres": genres, "genre_bias": genre_bias}
        changes = {name: value for name, value in asked.items() if value is not None}
        other = copy(self)
        try:
            other.config = type(self.config).model_validate(self.config.model_dump() | changes)
        except ValidationError as error:
            first = error.errors()[0]
            raise ModelError(f"mode of {self.name}, {first['loc'][0]}: {first['msg']}") from error
        other._mode()
        return other

    def route(self, n_ratings: int, *, genres: Sequence[str] = ()) -> Route:
        found = super().route(n_ratings, genres=genres)
        return replace(found, part=self.name) if genres and not n_ratings else found

    def believing(self, taste: TasteModel) -> Self:
        """The same agent with other levels of movies; `taste` has its factors. What it learned stays."""
        other, policy = copy(self), copy(self.policy)
        policy.items = replace(policy.items, base=taste.base)
        other._keep(policy, taste, self.features)
        return other

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        values = once(self.policy, "values", histories, lambda: self._values(histories))
        return self._mode().blended(values, histories)

    def _similar(self, movies: IntArray) -> FloatArray:
        """Cosine of content."""
        cosines: FloatArray = self.content[movies] @ self.content.T
        return cosines

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        cosines: FloatArray = self.content[movies] @ self.content[others].T
        return cosines

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        values = once(self.policy, "values", history, lambda: self._values(history))[0]
        of_values = self._accounts_of_values(history, movies, values[movies].astype(np.float64))
        return self._mode().accounts(values, of_values, self._rated(history), movies, history)

    def _accounts_of_values(self, history: Histories, movies: IntArray, values: Amounts) -> Accounts:
        """Summands of Q: the parts of the supervised start, the taste by the ratings it is believed from, the rest."""
        level = self.taste.base[movies].astype(np.float64)
        taste = self.taste.shares(history, movies).astype(np.float64)
        renown = (self.policy.items.weights[0] * self.policy.items.popularity[movies]).astype(np.float64)
        learned = values - level - taste.sum(axis=1) - renown
        return together(
            [
                named(OfRatings(self._rated(history), taste, "your taste, as it shows in ")),
                Accounts(
                    (
                        Summand("bias", "how this movie is rated", level),
                        Summand("popularity", "known to many", renown),
                        Summand("part", LEARNED, learned),
                    )
                ),
            ]
        )

    def _mode(self) -> Mode:
        c = self.config
        return Mode.of(self.catalogue, self.content, alpha=c.alpha, bias=c.genre_bias, genres=c.genres)

    def _values(self, histories: Histories) -> FloatArray:
        """(b, n) by which all movies are ranked in no mode."""
        beliefs = self.taste.belief_once(histories)
        rows = self.policy.layout.beginning(beliefs.mean, beliefs.deviation, histories.lengths)
        return self.policy.ranking(rows, known=nobody())

    def _keep(self, policy: QPolicy, taste: TasteModel, features: FloatArray) -> None:
        self.policy, self.taste, self.features = policy, taste, features
        centred = features - features.mean(axis=0)
        self.content = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
        self.newcomers = AgentNewcomers.beside(self.newcomers, policy, taste)

    def _state(self) -> dict[str, NDArray[Any]]:
        policy = {f"policy.{k}": v for k, v in self.policy.to_arrays().items()}
        taste = {f"taste.{k}": v for k, v in self.taste.to_arrays().items()}
        return {**policy, **taste, "features": self.features}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        policy, taste = (
            {k.removeprefix(kind): v for k, v in state.items() if k.startswith(kind)} for kind in ("policy.", "taste.")
        )
        self._keep(QPolicy.of_arrays(policy), TasteModel.of_arrays(taste), state["features"])
