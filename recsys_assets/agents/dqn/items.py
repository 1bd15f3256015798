"""What a Q-network knows of movies and states without learning: the supervised start, and the inputs of what it learns.

The start is the tuned re-ranker's score (`policies.simple.BeliefPolicy`),

    start = base_i + a_i . taste + popularity * pop_i + doubt * sqrt(a_i^2 . variance) - variety * genres_i . mix

and the `PAIR` numbers of a state and a movie are its parts, so that the network may weigh them anew in every state.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from recsys_assets.agents.actions import Act
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, IntArray

PAIR = (
    "start below the best",
    "expected stars",
    "stars of the average taste",
    "popularity",
    "overlap",
    "doubt",
    "expected stars x popularity",
    "expected stars x overlap",
    "popularity squared",
)
"""Numbers of a movie in a state. Whoever does not consider a movie cannot like it, hence products."""
WELL_KNOWN = 0.7
"""The middle of the popularity of what is shown."""
PAIR_SCALE = 3.0
"""Brings them to about unit deviation over a shortlist."""
SHORTLIST = ("best start", "mean start of ten", "last start")
"""Numbers of a state's shortlist."""
STARS, STREAK = 3.5, 3
"""The middle of the scale; bad steps in a row beyond which their number says no more."""


@dataclass(frozen=True)
class ItemInputs:
    """Columns of one row a movie, and the weights of the start."""

    design: FloatArray
    """(n, w) a_i."""
    base: FloatArray
    """(n,) stars."""
    popularity: FloatArray
    """(n,) 0-1."""
    directions: FloatArray
    """(n, g) of length 1 or 0."""
    features: FloatArray
    """(n, d) what psi is made of, each column of mean 0 and deviation 1."""
    weights: FloatArray
    """(3,) of popularity, doubt and variety in the start."""

    @cached_property
    def squares(self) -> FloatArray:
        """(w, n) of `design`, for the doubt about a movie."""
        return np.ascontiguousarray((self.design**2).T)

    def __len__(self) -> int:
        return len(self.base)

    def arrays(self) -> dict[str, FloatArray]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def item_inputs(world: World, model: TasteModel, weights: Weights, *, text: bool = False) -> ItemInputs:
    """`text`: the movies' content vectors too, which are wide; without them psi knows tastes, genres, renown and what a
    sequence model says."""
    columns = [model.design[:, 1:], model.base[:, None], world.popularity[:, None], world.directions, world.sequence]
    features = np.concatenate([*columns, world.features] if text else columns, axis=1)
    scaled = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-3)
    return ItemInputs(
        model.design.astype(np.float32),
        model.base.astype(np.float32),
        world.popularity.astype(np.float32),
        world.directions.astype(np.float32),
        np.clip(scaled, -5, 5).astype(np.float32),
        np.array([weights.popularity, weights.doubt, weights.variety], dtype=np.float32),
    )


def bad_streak(acts: IntArray) -> FloatArray:
    """Bad steps in a row up to now (b,) / `STREAK`, 1 at most, of the acts (b, horizon) of sessions."""
    steps = (acts >= 0).sum(axis=1)
    place = np.arange(acts.shape[1])
    last_good = np.where((acts >= 0) & (acts < Act.SKIP), place, -1).max(axis=1)
    streak: FloatArray = (np.minimum(steps - 1 - last_good, STREAK) / STREAK).astype(np.float32)
    return streak


def state_columns(observations: FloatArray, layout: ObservationLayout) -> FloatArray:
    """(b, `state_width`) what the network reads of a state beside its shortlist."""
    streak = bad_streak(layout.acts_of(observations))[:, None]
    return np.concatenate([observations[:, layout.features], streak], axis=1)


def state_width(layout: ObservationLayout) -> int:
    return layout.features.stop + 1
