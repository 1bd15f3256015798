"""Opinions: what somebody in some state thought of a movie, on one scale whatever told it.

    value in [-1, 1] as `feedback.preferences` has it;  a state is an observation (`agents.observation`)

Of ratings: a state is a user's belief from their earlier ratings, and the opinions are the later ones, so that no
rating is foretold from itself. Several cuts of the same history give several states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.users import Group, KnownSplit, split_known
from recsys_assets.feedback.preferences import PreferenceConfig
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.warehouse.tables import RATING_MAX, RATING_MIN


@dataclass(frozen=True)
class Opinions:
    """`m` opinions in `s` states. Only those of one state are ever compared."""

    layout: ObservationLayout
    observations: FloatArray
    """(s, layout.width)."""
    asked: np.ndarray
    """(s,) bool: were the movies put before the person (a list), or did they pick them themselves (ratings)?"""
    people: IntArray
    """(s,) whose; caps and weights are per person."""
    states: IntArray
    """(m,) rows of `observations`."""
    movies: IntArray
    """(m,) movie indices."""
    values: FloatArray
    """(m,) -1 to 1."""
    weights: FloatArray
    """(m,) 0 to 1."""
    known: Histories
    """What was known of people: row `layout.user` of an observation, -1 of whom nothing is."""
    known_weights: FloatArray
    """How far each of its ratings counts: 1, and less for acts that are taken for stars."""

    def __len__(self) -> int:
        return len(self.states)


def joined(parts: Sequence[Opinions]) -> Opinions:
    """All of them; the same `people` are the same in every part."""
    layout = parts[0].layout
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("observations", "asked", "people", "movies", "values", "weights", "known_weights")
    }
    states = np.concatenate([part.states + start for part, start in zip(parts, _starts(parts, "people"), strict=True)])
    rows = [
        np.where((own := layout.users_of(part.observations)) >= 0, own + start, -1)
        for part, start in zip(parts, _starts(parts, "known"), strict=True)
    ]
    columns["observations"][:, layout.user] = np.concatenate(rows)
    return Opinions(layout, states=states, known=stacked([part.known for part in parts]), **columns)


def stacked(parts: Sequence[Histories]) -> Histories:
    """The rows of all of them, one after another."""
    indptr = np.concatenate([[0], np.cumsum(np.concatenate([part.lengths for part in parts]))]).astype(np.int64)
    movies, ratings, timestamps = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("movies", "ratings", "timestamps")
    )
    return Histories(indptr, movies, ratings, timestamps)


def value_of_stars(stars: FloatArray, config: PreferenceConfig | None = None) -> FloatArray:
    """The scale of `feedback.preferences` for arrays: -1 at the fewest stars, 0 at neutral ones, 1 at the most."""
    neutral = (config or PreferenceConfig()).neutral_stars
    off = np.asarray(stars, dtype=np.float32) - np.float32(neutral)
    return np.where(off < 0, off / (neutral - RATING_MIN), off / (RATING_MAX - neutral)).astype(np.float32)


def rating_opinions(
    setting: AgentSetting,
    group: Group,
    *,
    cuts: int = 1,
    model: TasteModel | None = None,
    rows: IntArray | None = None,
) -> Opinions:
    """Later ratings of the users of `group` given their earlier ones; the first cut is the setting's own.

    `model`: by which tastes are believed, the setting's where not given. `rows` (n,) of the group's users: only theirs.
    """
    rows = np.arange(len(setting.users[group])) if rows is None else rows
    histories, ids = setting.histories[group].take(rows), setting.users[group][rows]
    own = setting.splits[group]
    splits = [
        KnownSplit(own.known.take(rows), own.hidden.take(rows)),
        *(split_known(histories, ids, seed=setting.seed + 7919 * n) for n in range(1, cuts)),
    ]
    return joined([_of_split(setting.layout, model or setting.model, split, ids) for split in splits])


def believed(
    model: TasteModel, layout: ObservationLayout, known: Histories, weights: FloatArray | None = None
) -> FloatArray:
    """Observations of people with these known ratings, each of which counts as far as `weights` say."""
    beliefs = model.believe(known, weights)
    rows = layout.beginning(beliefs.mean, beliefs.deviation, known.lengths)
    rows[:, layout.user] = np.arange(len(known))
    return rows


def _of_split(layout: ObservationLayout, model: TasteModel, split: KnownSplit, ids: IntArray) -> Opinions:
    hidden = split.hidden
    return Opinions(
        layout,
        believed(model, layout, split.known),
        np.zeros(len(ids), dtype=bool),
        ids,
        hidden.rows,
        hidden.movies.astype(np.int64),
        value_of_stars(hidden.ratings),
        np.ones(len(hidden.movies), dtype=np.float32),
        split.known,
        np.ones(len(split.known.movies), dtype=np.float32),
    )


def _starts(parts: Sequence[Opinions], name: str) -> IntArray:
    return np.cumsum([0, *(len(getattr(part, name)) for part in parts)])[:-1]
