"""Policies that learn nothing: by chance, by popularity, by the belief of a taste, and by the taste itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.base import hide_known
from recsys_assets.agents.simulators.base import Simulator
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


@dataclass
class ScoringPolicy(ABC):
    """Shows the movie with the highest score that may be shown. A subclass gives `scores`."""

    world: World
    name: str = ""
    known: Histories = field(init=False, repr=False)
    layout: ObservationLayout = field(init=False, repr=False)

    def begin(self, known: Histories, layout: ObservationLayout) -> None:
        self.known, self.layout = known, layout

    def act(self, observations: FloatArray, rng: np.random.Generator) -> IntArray:
        scores = np.array(self.scores(observations, rng), dtype=np.float32)
        hide_known(scores, observations, self.known, self.layout)
        return scores.argmax(axis=1).astype(np.int64)

    @abstractmethod
    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        """(b, n_movies)."""


@dataclass
class RandomPolicy(ScoringPolicy):
    """Any movie."""

    name: str = "random"

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        return rng.random((len(observations), len(self.world)), dtype=np.float32)


@dataclass
class PopularPolicy(ScoringPolicy):
    """The most rated movies."""

    name: str = "most rated"

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        return np.broadcast_to(self.world.popularity, (len(observations), len(self.world)))


@dataclass
class BeliefPolicy(ScoringPolicy):
    """The highest weighted sum of expected rating, popularity, doubt and likeness to what was shown lately.

        score = rating + popularity * pop_i + doubt * sd(rating) - variety * overlap(genres shown lately, i)

    Weights of 0 but for the rating: greedy. With `variety` tuned, it is the rival that an agent has to beat.
    """

    model: TasteModel | None = None
    popularity: float = 0.0
    doubt: float = 0.0
    variety: float = 0.0
    name: str = "greedy"

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        assert self.model is not None
        layout = self.layout
        scores = self.model.predict(observations[:, layout.taste_mean])
        scores += self.popularity * self.world.popularity
        if self.variety:
            scores -= self.variety * (observations[:, layout.genre_mix] @ self.world.directions.T)
        if self.doubt:
            spread = (observations[:, layout.taste_deviation] ** 2) @ (self.model.design**2).T
            scores += self.doubt * np.sqrt(spread)
        return scores


@dataclass
class OraclePolicy(ScoringPolicy):
    """Knows every taste, and minds variety: about the best that can be had. Nobody can use it; it marks the ceiling."""

    simulator: Simulator | None = None
    popularity: float = 0.0
    variety: float = 0.0
    name: str = "knows the taste"

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        assert self.simulator is not None
        scores = self.simulator.expected(self.layout.users_of(observations)).astype(np.float32)
        scores = scores + self.popularity * self.world.popularity
        return scores - self.variety * (observations[:, self.layout.genre_mix] @ self.world.directions.T)
