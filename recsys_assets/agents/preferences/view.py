"""What a reward model sees of a state and a movie: numbers that mean the same whichever factorization they come from.

A taste's factors turn with every fit, so a reward model that read them would be of use in one fit only. It reads what
does not turn: where a movie stands, what a person leans to, what their taste adds, its doubt, what was shown lately. So
a model learned yesterday judges an agent trained today.

    level = level_i - 3.5,   leaning = z_i . y_u,   taste = q_i . p_u,   doubt = sqrt(a_i^2 . variance)
    liked = level + leaning + taste,   overlap = genres_i . recent mix
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.preferences.leanings import Evidence, Leanings
from recsys_assets.agents.preferences.standing import standings
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

STARS, WELL_KNOWN = 3.5, 0.7
"""Middles of ratings and of the popularity of what is shown."""
STATE_NUMBERS, ASKED = 7, 6
"""Before the genres; and the place of `States.asked`, 0 or 1."""
LINEAR = ("level", "leaning", "taste")
"""The first numbers of a pair: what a reward starts as the weighted sum of."""
PAIR = (
    *LINEAR,
    "popularity",
    "overlap",
    "doubt",
    "liked x popularity",
    "liked x overlap",
    "level x popularity",
    "popularity^2",
)


@dataclass(frozen=True)
class States:
    """b moments of people."""

    observations: FloatArray
    """(b, layout.width)."""
    leanings: FloatArray
    """(b, w) of `Leanings.believe`."""
    asked: np.ndarray
    """(b,) bool, see `Opinions`."""

    def __len__(self) -> int:
        return len(self.asked)

    def take(self, rows: IntArray | slice) -> States:
        return States(self.observations[rows], self.leanings[rows], self.asked[rows])


@dataclass(frozen=True)
class View:
    """Of one setting's movies and tastes; genres in the reward model's order."""

    layout: ObservationLayout
    movie_ids: IntArray
    design: FloatArray
    leanings: Leanings
    """Its levels are where feedback moved them to."""
    popularity: FloatArray
    directions: FloatArray
    """(n, g)."""
    genre_columns: IntArray
    """(g,) of the observation's genre mix, and of genres among traits; -1 where this setting lacks the genre."""

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
        leanings = Leanings.fit(histories, world, standings(histories, world))
        return cls(
            layout,
            world.movies.values,
            model.design,
            replace(leanings, level=leanings.level + model.moved),
            world.popularity,
            _columns(world.directions, columns),
            columns,
        )

    def at(self, observations: FloatArray, held: Evidence, *, asked: np.ndarray) -> States:
        """Moments as a reward model reads them. `held`: of the people that observations name by row, from before their
        session; what they did in it is in the observations."""
        layout = self.layout
        own = held.take(layout.users_of(observations))
        acts = self.leanings.evidence_of_acts(layout.shown_of(observations), layout.acts_of(observations))
        return States(observations, self.leanings.believe(own + acts), np.asarray(asked, dtype=bool))

    def states(self, states: States) -> FloatArray:
        """(b, `state_width`)."""
        layout, observations = self.layout, states.observations
        mean, deviation = observations[:, layout.taste_mean], observations[:, layout.taste_deviation]
        own = [
            mean[:, :1],
            deviation.mean(axis=1, keepdims=True),
            observations[:, [layout.log_known, layout.last_reward, layout.mean_reward, layout.progress]],
            states.asked.astype(np.float32)[:, None],
        ]
        suits = _columns(states.leanings[:, 1 : 1 + layout.genres], self.genre_columns)
        return np.concatenate([*own, suits, self._mix(observations)], axis=1).astype(np.float32)

    @property
    def state_width(self) -> int:
        return STATE_NUMBERS + 2 * len(self.genre_columns)

    def pairs(self, states: States, movies: IntArray) -> FloatArray:
        """(b, `PAIR`) numbers of one movie each."""
        layout, observations, design = self.layout, states.observations, self.design[movies]
        level = self.leanings.level[movies] - STARS
        leaning = np.einsum("bw,bw->b", states.leanings[:, 1:], self.leanings.traits[movies, 1:])
        taste = np.einsum("bw,bw->b", observations[:, layout.taste_mean][:, 1:], design[:, 1:])
        doubt = np.sqrt(np.einsum("bw,bw->b", observations[:, layout.taste_deviation] ** 2, design**2))
        overlap = np.einsum("bg,bg->b", self._mix(observations), self.directions[movies])
        known, liked = self.popularity[movies] - WELL_KNOWN, level + leaning + taste
        parts = [level, leaning, taste, known, overlap, doubt]
        return np.stack([*parts, liked * known, liked * overlap, level * known, known**2], axis=1).astype(np.float32)

    def movie_inputs(self, content: FloatArray) -> FloatArray:
        """(n, d + 2) what psi is made of: content (n, d), level and renown, columns of mean 0 and deviation 1."""
        columns = np.concatenate([content, self.leanings.level[:, None], self.popularity[:, None]], axis=1)
        scaled = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-3)
        return np.clip(scaled, -5, 5).astype(np.float32)

    def _mix(self, observations: FloatArray) -> FloatArray:
        return _columns(observations[:, self.layout.genre_mix], self.genre_columns)


def _columns(values: FloatArray, columns: IntArray) -> FloatArray:
    """These columns in this order; zeros for -1."""
    taken: FloatArray = np.where(columns >= 0, values[:, np.maximum(columns, 0)], 0).astype(np.float32)
    return taken
