"""Choices of simulated people: in the middle of a session a list is put before them, and what they do is seen.

What a person would do with a movie they are shown, rating logs do not say: they hold only what people chose to watch.
So training users are asked in simulator A, as an online service would ask real ones: lists drawn by the supervised
start's softmax (Gumbel's top k), acts as opinions of one state. Real feedback joins them (`feedback.py`), on one scale.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, NonNegativeInt, PositiveFloat, PositiveInt

from recsys_assets.agents.actions import Act
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.policies.base import hide_known
from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.preferences.opinions import Opinions
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.simulators.base import Moment
from recsys_assets.agents.users import Group
from recsys_assets.feedback.preferences import PreferenceConfig
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


class ChoiceConfig(BaseModel, extra="forbid", frozen=True):
    """Whom to ask, and how often."""

    sessions: NonNegativeInt = 1_500
    """Of training users; 0: nobody is asked, and ratings and feedback are all there is."""
    list_length: PositiveInt = 6
    among: PositiveInt = 200
    """Lists are drawn from so many of the best by the start."""
    spread: PositiveFloat = 0.5
    """Stars: temperature of the softmax that lists are drawn by. Wider lists tell more of what is not liked."""


def value_of_acts(config: PreferenceConfig | None = None) -> FloatArray:
    """(5,) value of each `Act`."""
    config = config or PreferenceConfig()
    return np.array([getattr(config, act.name.lower()).value for act in Act], dtype=np.float32)


def simulated_choices(
    setting: AgentSetting, group: Group, weights: Weights, config: ChoiceConfig | None = None, *, seed: int
) -> Opinions:
    """Lists before the users of `group` in simulator A; each session goes on with the first movie of its list."""
    config, rng = config or ChoiceConfig(), np.random.default_rng([seed, 17])
    sessions = setting.sessions(setting.simulator_a(group))
    policy = belief_policy(setting, weights)
    policy.begin(sessions.known, sessions.layout)
    people = rng.integers(0, len(sessions.known), config.sessions)
    observations = sessions.reset(people, rng.integers(0, 2**31, config.sessions))
    seen: list[tuple[FloatArray, IntArray, IntArray, IntArray]] = []
    while not sessions.ended.all():
        live = np.flatnonzero(~sessions.ended)
        lists = _draw_lists(policy.scores(observations[live], rng), observations[live], sessions, config, rng)
        acts = np.stack([_acts(sessions, live, column) for column in lists.T], axis=1)
        seen.append((observations[live].copy(), sessions.users[live].copy(), lists, acts))
        shown = np.full(config.sessions, -1, dtype=np.int64)
        shown[live] = lists[:, 0]
        observations, _, _ = sessions.step(shown)
    return _as_opinions(setting, group, sessions.known, seen)


def _draw_lists(
    scores: FloatArray, observations: FloatArray, sessions: Sessions, config: ChoiceConfig, rng: np.random.Generator
) -> IntArray:
    """(b, list_length) movies, in the order drawn without replacement from softmax(scores / spread) over the best."""
    scores = np.array(scores, dtype=np.float32)
    hide_known(scores, observations, sessions.known, sessions.layout)
    best = _largest(scores, config.among)
    noisy = np.take_along_axis(scores, best, axis=1) + (config.spread * rng.gumbel(size=best.shape)).astype(np.float32)
    return np.take_along_axis(best, _largest(noisy, config.list_length), axis=1)


def _largest(values: FloatArray, k: int) -> IntArray:
    """(b, k) places of the largest in each row, largest first."""
    k = min(k, values.shape[1])
    best = np.argpartition(-values, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(values, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1).astype(np.int64)


def _acts(sessions: Sessions, live: IntArray, movies: IntArray) -> IntArray:
    moment = Moment(
        sessions.users[live],
        sessions.steps[live],
        sessions.exposure[live],
        sessions.bad_streak[live],
        sessions.shown[live],
        sessions.seeds[live],
    )
    return sessions.simulator.respond(moment, movies).acts


def _as_opinions(
    setting: AgentSetting, group: Group, known: Histories, seen: list[tuple[FloatArray, IntArray, IntArray, IntArray]]
) -> Opinions:
    layout = setting.layout
    observations = np.concatenate([s[0] for s in seen]) if seen else layout.empty(0)
    people = np.concatenate([s[1] for s in seen]) if seen else np.zeros(0, dtype=np.int64)
    lists = np.concatenate([s[2] for s in seen]) if seen else np.zeros((0, 1), dtype=np.int64)
    acts = np.concatenate([s[3] for s in seen]) if seen else np.zeros((0, 1), dtype=np.int64)
    states = np.repeat(np.arange(len(lists), dtype=np.int64), lists.shape[1])
    return Opinions(
        layout,
        observations,
        np.ones(len(people), dtype=bool),
        setting.users[group][people],
        states,
        lists.reshape(-1),
        value_of_acts()[acts.reshape(-1)],
        np.ones(len(states), dtype=np.float32),
        known,
        np.ones(len(known.movies), dtype=np.float32),
    )
