"""LinUCB: a linear bandit over what is known of movie and user, which learns within each session.

    score(i) = theta . x_i + alpha * sqrt(x_i' A^-1 x_i),  A = ridge I + sum x x',  theta = prior + A^-1 sum x surprise

(Li et al., WWW 2010). x_i are an intercept, renown, the rating that is expected of the user when the session begins,
likeness to what was shown lately, and content brought down to `width` numbers; `prior` is the ridge regression shared
by all of training users' sessions. Each act changes theta and A^-1 by an exact rank-one step (Sherman and Morrison), so
that nothing but the observation has to be kept between steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from recsys_assets.agents.actions import Rewards
from recsys_assets.agents.environments.rollout import SessionLog, rollout
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.simple import RandomPolicy, ScoringPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

MIDDLE_STARS = 3.5
"""Expected ratings are counted from here, to be of the size of the other numbers."""
SHARED_RIDGE = 10.0
ALPHAS, RIDGES = (0.0, 0.1, 0.3, 1.0), (5.0, 20.0, 80.0)
"""Tried on validation users."""


@dataclass
class LinUcbPolicy(ScoringPolicy):
    """`vectors` (n, d) of movies alone; `prior` (d + 2,): of these, of the expected rating, and of the likeness."""

    model: TasteModel | None = None
    vectors: FloatArray | None = None
    prior: FloatArray | None = None
    rewards: Rewards = field(default_factory=Rewards)
    memory: float = 0.7
    """As observations count what was shown lately (`Temper.memory`)."""
    ridge: float = 20.0
    alpha: float = 0.1
    name: str = "LinUCB"

    def begin(self, known: Histories, layout: ObservationLayout) -> None:
        super().begin(known, layout)
        assert self.model is not None
        self._means = self.model.believe(known).mean

    def scores(self, observations: FloatArray, rng: np.random.Generator) -> FloatArray:
        layout = self.layout
        users, shown = layout.users_of(observations), layout.shown_of(observations)
        theta, directions = self._learned(users, shown, layout.acts_of(observations))
        stars, overlap = self._stars(users), observations[:, layout.genre_mix] @ self.world.directions.T
        scores = self._along(theta, stars, overlap)
        if self.alpha:
            assert self.vectors is not None
            spread = ((self.vectors**2).sum(axis=1) + stars**2 + overlap**2) / self.ridge
            for direction in directions:
                spread -= self._along(direction, stars, overlap) ** 2
            scores += self.alpha * np.sqrt(np.maximum(spread, 0))
        return scores

    def contexts(self, users: IntArray, shown: IntArray) -> FloatArray:
        """(b, horizon, d + 2) of the movies `shown` (b, horizon) as they stood when shown; zeros where none was."""
        assert self.vectors is not None
        assert self.model is not None
        there, movies = (shown >= 0)[:, :, None], np.maximum(shown, 0)
        genres = np.where(there, self.world.directions[movies], 0)
        overlap, exposure = np.zeros(shown.shape, dtype=np.float32), np.zeros_like(genres[:, 0])
        for step in range(shown.shape[1]):
            overlap[:, step] = np.einsum("bg,bg->b", exposure, genres[:, step])
            exposure = self.memory * exposure + (1 - self.memory) * genres[:, step]
        stars = self.model.base[movies] - MIDDLE_STARS
        stars = stars + np.einsum("bw,bsw->bs", self._means[users], self.model.design[movies])
        x = np.concatenate([self.vectors[movies], stars[:, :, None], overlap[:, :, None]], axis=2)
        return np.where(there, x, 0).astype(np.float32)

    def _learned(self, users: IntArray, shown: IntArray, acts: IntArray) -> tuple[FloatArray, list[FloatArray]]:
        """theta (b, d + 2), and what each act took off A^-1: vectors whose outer products are to be subtracted."""
        assert self.prior is not None
        x, rewards = self.contexts(users, shown), self.rewards.of(np.maximum(acts, 0))
        theta = np.broadcast_to(self.prior, (len(users), len(self.prior))).astype(np.float32)
        inverse = np.broadcast_to(
            np.eye(len(self.prior), dtype=np.float32) / self.ridge, (len(users), *[len(self.prior)] * 2)
        )
        taken = []
        for step in range(int((shown >= 0).sum(axis=1).max(initial=0))):
            theta, inverse, off = rank_one(theta, inverse, x[:, step], rewards[:, step])
            taken.append(off)
        return theta, taken

    def _stars(self, users: IntArray) -> FloatArray:
        """(b, n) rating expected when the session began."""
        assert self.model is not None
        return self.model.predict(self._means[users]) - MIDDLE_STARS

    def _along(self, weights: FloatArray, stars: FloatArray, overlap: FloatArray) -> FloatArray:
        """Products (b, n) of `weights` (b, d + 2) with the context of every movie."""
        assert self.vectors is not None
        along: FloatArray = weights[:, :-2] @ self.vectors.T
        along += weights[:, -2:-1] * stars
        along += weights[:, -1:] * overlap
        return along


def rank_one(
    theta: FloatArray, inverse: FloatArray, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """theta (b, d) and A^-1 (b, d, d) after `y` (b,) was seen at `x` (b, d), and v with A^-1 after = before - v v'.

    Where x is 0, nothing changes.
    """
    along = np.einsum("bij,bj->bi", inverse, x)
    size = 1 + np.einsum("bi,bi->b", x, along)
    surprise = y - np.einsum("bi,bi->b", theta, x)
    off = along / np.sqrt(size)[:, None]
    return theta + along * (surprise / size)[:, None], inverse - off[:, :, None] * off[:, None, :], off


def fit_linucb(
    setting: AgentSetting,
    *,
    seed: int,
    width: int = 24,
    sessions: int = 500,
    rounds: int = 4,
    progress: Progress = silent,
) -> LinUcbPolicy:
    """Learn `prior` in `rounds` x `sessions` sessions of training users, then choose alpha and ridge by validation.

    The first round shows movies at random; in each later one the bandit plays with what it learned so far.
    """
    vectors = movie_vectors(setting, width=width)
    train = setting.sessions(setting.simulator_a("train"))
    rng = np.random.default_rng(seed)
    policy = LinUcbPolicy(
        setting.world,
        model=setting.model,
        vectors=vectors,
        prior=np.zeros(vectors.shape[1] + 2, dtype=np.float32),
        rewards=setting.config.rewards,
        memory=setting.config.temper.memory,
    )
    gram, moment = SHARED_RIDGE * np.eye(len(policy.prior)), np.zeros(len(policy.prior))  # type: ignore[arg-type]
    for number in range(rounds):
        people = rng.integers(0, len(train.known), sessions)
        actor = policy if number else RandomPolicy(setting.world)
        log = rollout(actor, train, people, seeds=np.array([1_000 * seed + number]))
        policy.begin(train.known, train.layout)
        for x, y in _rows(policy, log):
            gram, moment = gram + x.T @ x, moment + x.T @ y
        policy = replace(policy, prior=np.linalg.solve(gram, moment).astype(np.float32))
        progress(f"LinUCB: round {number + 1}/{rounds}, return {log.returns.mean():.2f} of training users")
    return _tuned(setting, policy)


def movie_vectors(setting: AgentSetting, *, width: int) -> FloatArray:
    """(n, 2 + width): intercept, renown, and the main directions of content, each of variance 1 / width."""
    features = setting.world.features - setting.world.features.mean(axis=0)
    rank = min(width, *features.shape)
    u, _, _ = np.linalg.svd(features, full_matrices=False)
    content = u[:, :rank] * np.sqrt(len(features) / rank)
    columns = [np.ones((len(features), 1)), setting.world.popularity[:, None], content]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _rows(policy: LinUcbPolicy, log: SessionLog) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Contexts (m, d) and rewards (m,) of all that was shown, some sessions at a time."""
    for start in range(0, len(log.users), 512):
        part = slice(start, start + 512)
        there = log.movies[part] >= 0
        yield policy.contexts(log.users[part], log.movies[part])[there].astype(np.float64), log.rewards[part][there]


def _tuned(setting: AgentSetting, policy: LinUcbPolicy) -> LinUcbPolicy:
    """With the alpha and ridge of the highest return of validation users."""
    sessions = setting.sessions(setting.simulator_a("validation"))
    users = np.arange(len(sessions.known))
    tried = [replace(policy, alpha=alpha, ridge=ridge) for alpha in ALPHAS for ridge in RIDGES]
    returns = [rollout(p, sessions, users, seeds=np.arange(2)).returns.mean() for p in tried]
    return tried[int(np.argmax(returns))]
