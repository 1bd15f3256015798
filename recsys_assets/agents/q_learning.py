"""Q-learning in a table: the simplest agent there is, on groups of people and groups of movies (Watkins, 1989).

    state   (group of the taste as it is believed now, group of the movie shown last, or none yet)
    action  a group of movies; of it the best known to be good, that was not shown, is shown
    Q(s, a) <- Q(s, a) + n(s, a)^-power * (r + gamma * max_b Q(s', b) - Q(s, a))

Groups are k-means of training users' beliefs and of movies' factors. It tells what a table can do that a network has to
beat; it is a baseline and no model to be served. Sessions are played side by side, so that several updates of one cell
fall together: their mean is taken as one, which is the same update in expectation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, Field, PositiveFloat, PositiveInt

from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.base import hide_known
from recsys_assets.agents.policies.simple import ScoringPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, IntArray

NAME = "Q-learning on groups"


class QLearningConfig(BaseModel, extra="forbid", frozen=True):
    """Of the table and of learning; sizes by the return of validation people of the synthetic data: 7.6, where more
    groups of movies give 6.3 (10), 5.4 (40), and the most rated movies 5.9."""

    people: PositiveInt = 6
    """Groups of tastes."""
    movies: PositiveInt = 5
    """Groups of movies."""
    sessions: PositiveInt = 8_000
    """Of training users."""
    at_once: PositiveInt = 400
    gamma: float = Field(default=0.95, ge=0, lt=1)
    power: float = Field(default=0.7, gt=0.5, le=1)
    """Of the learning rate: between 0.5 and 1 Q converges (Even-Dar and Mansour, 2003)."""
    epsilon: tuple[float, float] = (0.5, 0.05)
    """Share of actions by chance, at first and at last."""
    renown: PositiveFloat = 2.0
    """Stars that the best known movie has over an unknown one within its group: who never heard of one ignores it."""


@dataclass
class QTable:
    """`values` and `visits` (states, actions)."""

    values: FloatArray
    visits: FloatArray
    gamma: float
    power: float

    @classmethod
    def empty(cls, states: int, actions: int, *, gamma: float, power: float) -> QTable:
        values, visits = np.zeros((2, states, actions), dtype=np.float32)
        return cls(values, visits, gamma, power)

    def learn(
        self, states: IntArray, actions: IntArray, rewards: FloatArray, after: IntArray, ended: np.ndarray
    ) -> None:
        """Of n transitions; `ended` (n,): nothing follows."""
        follows = np.where(ended, 0.0, self.values[after].max(axis=1))
        cells = states * self.values.shape[1] + actions
        n = self.values.size
        times = np.bincount(cells, minlength=n)
        targets = np.bincount(cells, rewards + self.gamma * follows, minlength=n)
        seen = np.flatnonzero(times)
        self.visits.reshape(-1)[seen] += 1
        rate = self.visits.reshape(-1)[seen] ** -self.power
        flat = self.values.reshape(-1)
        flat[seen] += rate * (targets[seen] / times[seen] - flat[seen])


@dataclass
class GroupPolicy(ScoringPolicy):
    """Greedy in the table, then by what is known to be good."""

    name: str = NAME
    table: QTable | None = None
    centres: FloatArray = field(default_factory=lambda: np.zeros((1, 1), dtype=np.float32))
    """(p, w) of the groups of tastes."""
    group: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(n,) of each movie."""
    order: FloatArray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    """(n,) 0-1, by which the movies of a group are shown."""

    def states(self, observations: FloatArray) -> IntArray:
        """(b,) rows of the table."""
        layout: ObservationLayout = self.layout
        tastes = observations[:, layout.taste_mean]
        near = ((tastes[:, None, :] - self.centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        shown = layout.shown_of(observations)
        steps = (shown >= 0).sum(axis=1)
        last = shown[np.arange(len(shown)), np.maximum(steps - 1, 0)]
        none = int(self.group.max()) + 1
        return near * (none + 1) + np.where(steps > 0, self.group[np.maximum(last, 0)], none)

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        assert self.table is not None
        return self.of_groups(self.table.values[self.states(observations)])

    def of_groups(self, preferences: FloatArray) -> FloatArray:
        """(b, n) for what is thought of each group (b, g): the order of groups first, within one that of its movies."""
        places = preferences.argsort(axis=1).argsort(axis=1)
        scores: FloatArray = 2 * places[:, self.group] + self.order
        return scores.astype(np.float32)


def fit_q_learning(
    setting: AgentSetting, config: QLearningConfig | None = None, *, seed: int, progress: Progress = silent
) -> GroupPolicy:
    """Play sessions of training users in simulator A."""
    config, rng = config or QLearningConfig(), np.random.default_rng(seed)
    sessions = setting.sessions(setting.simulator_a("train"))
    policy = _untaught(setting, config, seed=seed)
    policy.begin(sessions.known, sessions.layout)
    rounds = -(-config.sessions // config.at_once)
    for number in range(rounds):
        first, last = config.epsilon
        epsilon = first + (last - first) * number / max(1, rounds - 1)
        people = rng.integers(0, len(sessions.known), config.at_once)
        observations = sessions.reset(people, rng.integers(0, 2**31, config.at_once))
        while len(live := np.flatnonzero(~sessions.ended)):
            observations = _step(policy, sessions, observations, live, epsilon, rng)
        if (number + 1) % max(1, rounds // 5) == 0:
            progress(f"{NAME}: {number + 1}/{rounds}, return {sessions.total.mean():.2f} of training users")
    return policy


def _step(
    policy: GroupPolicy,
    sessions: Sessions,
    observations: FloatArray,
    live: IntArray,
    epsilon: float,
    rng: np.random.Generator,
) -> FloatArray:
    """One movie for everybody who is still there, and what is learned of it."""
    assert policy.table is not None
    seen, table = observations[live], policy.table
    states = policy.states(seen)
    preferences = np.where(rng.random((len(live), 1)) < epsilon, rng.random(table.values[states].shape), 0)
    preferences = np.where(preferences.any(axis=1, keepdims=True), preferences, table.values[states])
    scores = policy.of_groups(preferences)
    hide_known(scores, seen, sessions.known, sessions.layout)
    movies = np.full(len(sessions.users), -1, dtype=np.int64)
    movies[live] = scores.argmax(axis=1)
    after, rewards, ended = sessions.step(movies)
    actions = policy.group[movies[live]]
    table.learn(states, actions, rewards[live], policy.states(after[live]), ended[live])
    return after


def _untaught(setting: AgentSetting, config: QLearningConfig, *, seed: int) -> GroupPolicy:
    """Groups, and an empty table."""
    model, world = setting.model, setting.world
    group, _ = _groups(model.design[:, 1:], config.movies, seed=seed)
    _, centres = _groups(model.believe(setting.histories["train"]).mean, config.people, seed=seed)
    good = model.base + config.renown * world.popularity
    order = (good - good.min()) / max(1e-9, float(np.ptp(good)))
    actions = int(group.max()) + 1
    table = QTable.empty(len(centres) * (actions + 1), actions, gamma=config.gamma, power=config.power)
    return GroupPolicy(world, table=table, centres=centres, group=group, order=order.astype(np.float32))


def _groups(rows: FloatArray, k: int, *, seed: int) -> tuple[IntArray, FloatArray]:
    """k-means: the group (n,) of each row, all in use, and the centres (k, d)."""
    from sklearn.cluster import KMeans

    k = min(k, len(np.unique(rows, axis=0)))
    found = KMeans(k, n_init=4, random_state=seed).fit(rows.astype(np.float64))
    used, group = np.unique(found.labels_, return_inverse=True)
    return group.astype(np.int64), found.cluster_centers_[used].astype(np.float32)
