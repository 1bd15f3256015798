"""The DQN in `RandomUsers-v0`: the same network and training, in sessions of people whose tastes are random directions.

The state is what a service can believe of a taste (`act_belief`): mean and deviation of each of the features' weights,
the last and mean reward, and how far the session is. The start is the bandit of that belief, greedy but for `doubt`:

    start(i) = mean . x_i + doubt * sqrt(x_i^2 . variance)

so what can be learned is when to try and when to profit. Rewards are expected over the noise of a person's answers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys_assets.agents.actions import NOT_SHOWN
from recsys_assets.agents.dqn.config import DqnConfig, NetworkConfig
from recsys_assets.agents.dqn.items import ItemInputs
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.environments.act_belief import ActBelief, act_chances, acts_of
from recsys_assets.agents.environments.random_users import RandomUsersConfig, RandomUsersSessions
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.features.splitmix import mix
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

if TYPE_CHECKING:
    from recsys_assets.agents.dqn.curves import Look

PEOPLE = 500
"""Who looks are made with, a session of each with each seed."""
TRAINING, VALIDATION = 1, 2
"""Purposes of draws: people of training, of looks, and of a comparison (0) are never the same."""
DEFAULTS = DqnConfig(
    network=NetworkConfig(start_scale=3.0),
    steps=60_000,
    buffer_size=40_000,
    batch_size=256,
    learning_starts=2_000,
    evaluate_every=10_000,
    evaluation_seeds=4,
    learning_rate=1e-3,
    epsilon=(0.3, 0.1),
)
"""`start_scale`: reward that a unit of felt is worth, from the thresholds; the rest as tried on validation people."""
DOUBT = 0.3


class _World:
    """As much of a world as sessions to learn from are asked for."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n


@dataclass
class _Simulator:
    world: _World
    name: str = "random users"


class BeliefSessions:
    """`RandomUsersSessions` as `PatientSessions` are used: observations of beliefs, expected rewards, nobody leaves."""

    def __init__(self, features: FloatArray, config: RandomUsersConfig | None = None, *, purpose: int) -> None:
        self.inner = RandomUsersSessions(features, config)
        self.config, self.rewards, self.purpose = self.inner.config, self.inner.config.rewards, purpose
        self.layout = layout_of(self.inner)
        self.simulator = _Simulator(_World(len(features)))
        self.known = nobody(PEOPLE)

    def reset(self, users: IntArray, seeds: IntArray) -> FloatArray:
        n = len(users)
        self.users, self.seeds = np.asarray(users, dtype=np.int64), np.asarray(seeds, dtype=np.int64)
        self.inner.reset(session_seeds(self.users, self.seeds, purpose=self.purpose))
        self.belief = ActBelief(self.inner.vectors, self.config, n)
        self.steps, self.acts = np.zeros(n, dtype=np.int64), np.full_like(self.inner.shown, NOT_SHOWN)
        self.total, self.last = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
        self.stay, self.survival = np.ones(n, dtype=np.float32), np.ones(n, dtype=np.float32)
        self.ended = np.zeros(n, dtype=bool)
        return self.observations()

    def restart(self, rows: IntArray, users: IntArray, seeds: IntArray) -> None:
        """All sessions end together, so all begin anew."""
        if len(rows) != len(self.users):
            raise ValueError(f"{len(rows)} of {len(self.users)} sessions are to begin anew; they all end together")
        self.reset(users, seeds)

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """Observations, rewards (b,) expected over the noise, ended (b,)."""
        movies, place = np.asarray(movies, dtype=np.int64), self.inner.steps
        expected = act_chances(self.inner, movies) @ self.rewards.table()
        _, rewards, acts = self.inner.step(movies)
        self.belief.learn(movies, acts)
        self.acts[:, place] = acts
        self.last, self.total, self.steps = rewards, self.total + rewards, self.steps + 1
        self.ended = np.full(len(movies), self.inner.ended)
        return self.observations(), expected.astype(np.float32), self.ended.copy()

    def observations(self) -> FloatArray:
        return observed(self.layout, self.belief, self.inner.shown, self.acts, self.total, self.last, users=self.users)


def layout_of(sessions: RandomUsersSessions) -> ObservationLayout:
    """A belief of every feature's weight, no exposure to genres."""
    return ObservationLayout(sessions.features.shape[1], 0, sessions.config.horizon)


def observed(
    layout: ObservationLayout,
    belief: ActBelief,
    shown: IntArray,
    acts: IntArray,
    total: FloatArray,
    last: FloatArray,
    *,
    users: IntArray | None = None,
) -> FloatArray:
    """Observations (b, layout.width). Beliefs are given in units of the prior's deviation, as the network likes them;
    `random_users_items` has the movies' side in the inverse."""
    rows = layout.empty(len(total))
    steps = (shown != NOT_SHOWN).sum(axis=1)
    unit = np.sqrt(belief.prior)
    rows[:, layout.taste_mean], rows[:, layout.taste_deviation] = belief.mean / unit, np.sqrt(belief.variance) / unit
    rows[:, layout.last_reward], rows[:, layout.mean_reward] = last, total / np.maximum(steps, 1)
    rows[:, layout.progress] = steps / layout.horizon
    rows[:, layout.user] = 0 if users is None else users
    rows[:, layout.shown], rows[:, layout.acts] = shown, acts
    return rows


def random_users_items(features: FloatArray, config: RandomUsersConfig, *, doubt: float = DOUBT) -> ItemInputs:
    """What the network knows of movies: their unit vectors, and how the features of a movie stand to all others'."""
    vectors = RandomUsersSessions(features, config).vectors
    nothing = np.zeros(len(vectors), dtype=np.float32)
    scaled = (vectors - vectors.mean(axis=0)) / np.maximum(vectors.std(axis=0), 1e-3)
    return ItemInputs(
        (vectors * np.sqrt(config.strength**2 / vectors.shape[1])).astype(np.float32),
        nothing,
        nothing,
        np.zeros((len(vectors), 0), dtype=np.float32),
        np.clip(scaled, -5, 5).astype(np.float32),
        np.array([0, doubt, 0], dtype=np.float32),
    )


@dataclass(frozen=True)
class RandomUsersTraining:
    """`policy` is the best look's; the first look is the start."""

    policy: QPolicy
    looks: tuple[Look, ...]
    bound: float
    steps_per_second: float
    """Movies shown in training per CPU second."""
    stopped: str


def train_in_random_users(
    features: FloatArray,
    dqn: DqnConfig = DEFAULTS,
    config: RandomUsersConfig | None = None,
    *,
    seed: int,
    doubt: float = DOUBT,
    progress: Progress = silent,
) -> RandomUsersTraining:
    """Train from the bandit on; the best look at people of validation draws is kept."""
    from recsys_assets.agents.dqn.teacher import TeachingVecEnv
    from recsys_assets.agents.dqn.training import build_in
    from recsys_assets.agents.dqn.watch import Watch

    config = config or RandomUsersConfig()
    learning, judging = (BeliefSessions(features, config, purpose=p) for p in (TRAINING, VALIDATION))
    items, bound = random_users_items(features, config, doubt=doubt), config.rewards.bound(config.horizon)
    env = TeachingVecEnv(learning, dqn.envs, seed=seed)  # type: ignore[arg-type]
    model = build_in(env, dqn, items, seed=seed)
    watch, cpu = Watch(judging, dqn, bound=bound, progress=progress), time.process_time()  # type: ignore[arg-type]
    model.learn(dqn.steps, callback=watch, log_interval=dqn.steps)
    watch.look()
    seconds = max(1e-9, time.process_time() - cpu)
    return RandomUsersTraining(
        watch.best, tuple(watch.looks), bound, model.num_timesteps / seconds, watch.stopped or "all steps done"
    )


@dataclass
class DqnPlayer:
    """A trained agent as one of `session_bandits`' players."""

    policy: QPolicy
    name: str = "dqn"

    def begin(self, sessions: RandomUsersSessions) -> None:
        n, self._sessions = len(sessions.seeds), sessions
        self._belief = ActBelief(sessions.vectors, sessions.config, n)
        self._acts = np.full_like(sessions.shown, NOT_SHOWN)
        self._total, self._last = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
        self._nobody = nobody(1)

    def scores(self, sessions: RandomUsersSessions) -> FloatArray:
        seen = observed(self.policy.layout, self._belief, sessions.shown, self._acts, self._total, self._last)
        return self.policy.ranking(seen, known=self._nobody)

    def learn(self, movies: IntArray, rewards: FloatArray) -> None:
        acts = acts_of(rewards, self._sessions.config.rewards)
        self._belief.learn(movies, acts)
        self._acts[:, self._sessions.steps - 1] = acts
        self._last, self._total = rewards, self._total + rewards


def nobody(n: int) -> Histories:
    """n people of whom nothing is known."""
    empty: Any = np.zeros(0, dtype=np.int64)
    return Histories(np.zeros(n + 1, dtype=np.int64), empty.astype(np.int32), empty.astype(np.float32), empty)


def session_seeds(users: IntArray, seeds: IntArray, *, purpose: int) -> IntArray:
    """A person for each (user, seed), others for each purpose; below 2^40, and above any that a comparison asks for."""
    key = np.asarray(users).astype(np.uint64) * np.uint64(2**32) + np.asarray(seeds).astype(np.uint64)
    mixed = mix(key * np.uint64(4) + np.uint64(purpose))
    found: IntArray = ((mixed >> np.uint64(25)) | np.uint64(1 << 39)).astype(np.int64)
    return found
