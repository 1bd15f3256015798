"""What a reward model is taught: pairs of a group's users, and what a network reads of them.

Tastes foretell the ratings they were made of far better than anybody else's (pairs of ml-latest-small: .81 right,
validation users' .64), and a network that is taught on them learns to trust tastes that far. So each fold of training
users is seen through tastes, levels and renown fitted on the other folds (`crossfit`); a view (`view`) means the same
whichever fit it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from recsys_assets.agents.crossfit import fold_rows, tastes_of
from recsys_assets.agents.preferences.opinions import Opinions, rating_opinions
from recsys_assets.agents.preferences.pairs import PairConfig, draw_pairs
from recsys_assets.agents.preferences.view import States, View
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, IntArray


@dataclass(frozen=True)
class Seen:
    """Opinions of some people, and the view they are seen through."""

    view: View
    opinions: Opinions

    @cached_property
    def states(self) -> States:
        """Of the opinions, as the view reads them."""
        known = self.opinions.known
        held = self.view.leanings.evidence(known, self.opinions.known_weights)
        return self.view.at(self.opinions.observations, held, asked=self.opinions.asked)


@dataclass(frozen=True)
class Lesson:
    """`p` pairs as a network reads them."""

    states: FloatArray
    """(p, view.state_width)."""
    better: FloatArray
    """(p, PAIR) numbers of the better movie."""
    worse: FloatArray
    better_rows: IntArray
    """(p,) rows of the stacked inputs of all views' movies."""
    worse_rows: IntArray
    weights: FloatArray
    people: IntArray
    """(p,) whose preference it is."""
    asked: np.ndarray
    """(p,) bool, see `Opinions`."""

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, rows: IntArray | np.ndarray) -> Lesson:
        return Lesson(*(getattr(self, field.name)[rows] for field in fields(self)))


def content_of(world: World) -> FloatArray:
    """(n, d) genres and text of each movie; its rating, the last column, is of users and left to the view."""
    return world.features[:, :-1]


def lesson_of(seen: Sequence[Seen], config: PairConfig, *, seed: int) -> Lesson:
    """Pairs drawn of each, so that the caps of one source do not silence another; rows counted through all views."""
    offsets = np.cumsum([0, *(len(s.view.movie_ids) for s in seen)])
    parts = [
        _of(s, config, int(offset), seed=seed + n) for n, (s, offset) in enumerate(zip(seen, offsets, strict=False))
    ]
    return Lesson(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Lesson)))


def seen_by_folds(setting: AgentSetting, *, folds: int, cuts: int) -> list[Seen]:
    """Ratings of training users, each fold of users through what the other folds teach.

    Of hardly any users there are no folds: they are seen through what they teach themselves.
    """
    parts = fold_rows(setting, folds)
    if not parts:
        return [seen_by_all(setting, "train", cuts=cuts)]
    return [_seen_fold(setting, own, others, cuts) for own, others in parts]


def seen_by_all(setting: AgentSetting, group: Group, *, cuts: int = 1) -> Seen:
    """Ratings of users that the setting's tastes were not fitted on: validation or held-out ones."""
    return Seen(View.of(setting), rating_opinions(setting, group, cuts=cuts))


def _seen_fold(setting: AgentSetting, own: IntArray, others: IntArray, cuts: int) -> Seen:
    training, model = tastes_of(setting, others)
    counts = np.bincount(training.histories.movies, minlength=len(setting.world))
    world = World.of(setting.world.movies, setting.world.catalogue, counts, setting.world.features)
    view = View.of_world(world, model, training.histories, setting.layout, setting.world.genre_names)
    return Seen(view, rating_opinions(setting, "train", cuts=cuts, model=model, rows=own))


def _of(seen: Seen, config: PairConfig, offset: int, *, seed: int) -> Lesson:
    view, opinions = seen.view, seen.opinions
    pairs = draw_pairs(opinions, config, seed=seed)
    states = seen.states.take(pairs.states)
    return Lesson(
        view.states(states),
        view.pairs(states, pairs.better),
        view.pairs(states, pairs.worse),
        pairs.better + offset,
        pairs.worse + offset,
        pairs.weights,
        opinions.people[pairs.states],
        states.asked,
    )
