"""What a reward model sees of a state and a movie: numbers that mean the same whichever factorization they come from.

A taste's factors turn with every fit, so a reward model that read them would be of use in one fit only. It reads what
does not turn: expected stars and their doubt, how movies of each genre suit a taste, what was shown lately. So a model
learned yesterday judges an agent trained today.

    stars = base_i + a_i . taste,   doubt = sqrt(a_i^2 . variance),   overlap = genres_i . recent mix
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

STARS, WELL_KNOWN = 3.5, 0.7
"""Middles of ratings and of the popularity of what is shown."""
STATE_NUMBERS = 7
PRIOR = 0.3
"""Ratings at the common mean that a movie's own mean is worked out with. So few, because obscure movies are rated by
whom they are made for, and what they say of each other is worth more than it is sure."""
PAIR = (
    "stars",
    "level",
    "own mean",
    "popularity",
    "overlap",
    "doubt",
    "stars x popularity",
    "stars x overlap",
    "own mean x popularity",
    "popularity^2",
)


@dataclass(frozen=True)
class View:
    """Of one setting's movies and tastes; genres in the reward model's order."""

    layout: ObservationLayout
    movie_ids: IntArray
    design: FloatArray
    base: FloatArray
    own_mean: FloatArray
    """(n,) mean of what its ratings are above their users' means, stars."""
    popularity: FloatArray
    directions: FloatArray
    """(n, g)."""
    genre_design: FloatArray
    """(g, w) mean a_i of the movies of each genre."""
    genre_columns: IntArray
    """(g,) of the observation's genre mix; -1 where this setting lacks the genre."""

    @classmethod
    def of(cls, setting: AgentSetting, genre_names: tuple[str, ...] | None = None) -> Self:
        """`genre_names`: of the reward model; those of the setting where not given."""
        return cls.of_world(setting.world, setting.model, setting.training.histories, setting.layout, genre_names)

    @classmethod
    def of_world(
        cls,
        world: World,
        model: TasteModel,
        histories: Histories,
        layout: ObservationLayout,
        genre_names: tuple[str, ...] | None = None,
    ) -> Self:
        """`histories`: of the people that `model` and the popularity in `world` were made of."""
        names = world.genre_names if genre_names is None else genre_names
        places = {name: place for place, name in enumerate(world.genre_names)}
        columns = np.array([places.get(name, -1) for name in names], dtype=np.int64)
        directions = _columns(world.directions, columns)
        mass = directions.sum(axis=0)[:, None]
        genre_design = (directions.T @ model.design) / np.maximum(mass, 1e-9)
        return cls(
            layout,
            world.movies.values,
            model.design,
            model.base,
            own_means(histories, len(world)),
            world.popularity,
            directions,
            genre_design.astype(np.float32),
            columns,
        )

    def states(self, observations: FloatArray, asked: np.ndarray) -> FloatArray:
        """(b, `state_width`) of observations (b, layout.width)."""
        layout = self.layout
        mean, deviation = observations[:, layout.taste_mean], observations[:, layout.taste_deviation]
        own = [
            mean[:, :1],
            deviation.mean(axis=1, keepdims=True),
            observations[:, [layout.log_known, layout.last_reward, layout.mean_reward, layout.progress]],
            np.asarray(asked, dtype=np.float32)[:, None],
        ]
        suits = mean @ self.genre_design.T - mean[:, :1]
        return np.concatenate([*own, suits, self._mix(observations)], axis=1).astype(np.float32)

    @property
    def state_width(self) -> int:
        return STATE_NUMBERS + 2 * len(self.genre_columns)

    def pairs(self, observations: FloatArray, movies: IntArray) -> FloatArray:
        """(b, `PAIR`) numbers of one movie each."""
        layout, design = self.layout, self.design[movies]
        stars = self.base[movies] + np.einsum("bw,bw->b", observations[:, layout.taste_mean], design) - STARS
        doubt = np.sqrt(np.einsum("bw,bw->b", observations[:, layout.taste_deviation] ** 2, design**2))
        overlap = np.einsum("bg,bg->b", self._mix(observations), self.directions[movies])
        known = self.popularity[movies] - WELL_KNOWN
        own = self.own_mean[movies]
        parts = [stars, self.base[movies] - STARS, own, known, overlap, doubt]
        return np.stack([*parts, stars * known, stars * overlap, own * known, known**2], axis=1).astype(np.float32)

    def movie_inputs(self, content: FloatArray) -> FloatArray:
        """(n, d + 3) what psi is made of: content (n, d), levels and renown, columns of mean 0 and deviation 1."""
        own = [self.base[:, None], self.own_mean[:, None], self.popularity[:, None]]
        columns = np.concatenate([content, *own], axis=1)
        scaled = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-3)
        return np.clip(scaled, -5, 5).astype(np.float32)

    def _mix(self, observations: FloatArray) -> FloatArray:
        return _columns(observations[:, self.layout.genre_mix], self.genre_columns)


def own_means(histories: Histories, n: int) -> FloatArray:
    """(n,) mean of ratings less their user's mean, with `PRIOR` ratings of 0 each."""
    lengths = np.maximum(histories.lengths, 1)
    means = np.bincount(histories.rows, histories.ratings, minlength=len(histories)) / lengths
    above = histories.ratings - means[histories.rows]
    counts = np.bincount(histories.movies, minlength=n)
    found: FloatArray = (np.bincount(histories.movies, above, minlength=n) / (counts + PRIOR)).astype(np.float32)
    return found


def _columns(values: FloatArray, columns: IntArray) -> FloatArray:
    """These columns in this order; zeros for -1."""
    taken: FloatArray = np.where(columns >= 0, values[:, np.maximum(columns, 0)], 0).astype(np.float32)
    return taken
