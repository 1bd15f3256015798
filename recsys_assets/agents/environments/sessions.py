"""Many sessions at once, in columns: what every environment, training run and evaluation steps through.

Beside the simulator stands what a service does meanwhile: it keeps a belief of each taste, which every act that says
something of it changes as a rating would (`RATING_OF_ACT`, less certain than a rating), and the exposure to genres.
"""

from __future__ import annotations

import numpy as np

from recsys_assets.agents.actions import NOT_SHOWN, Act, Rewards
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.simulators.base import Moment, Simulator
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import FloatArray, IntArray

RATING_OF_ACT = np.array([4.75, 4.0, 3.5, 2.5, 3.0], dtype=np.float32)
"""Stars that a service takes an `Act` for."""
NOISE_OF_ACT = np.array([2.0, 2.0, 2.0, 2.0, np.inf], dtype=np.float32)
"""Times a rating's variance; an ignored movie says nothing of taste."""


class SessionError(ValueError):
    """A movie that may not be shown."""


class Sessions:
    """b sessions of one simulator. Ended ones are to be reset; stepping them is an error of the caller."""

    def __init__(self, simulator: Simulator, model: TasteModel, rewards: Rewards | None = None) -> None:
        """`model`: what the service believes by; not the simulator's own."""
        self.simulator, self.model, self.rewards = simulator, model, rewards or Rewards()
        world, temper = simulator.world, simulator.temper
        self.layout = ObservationLayout(model.width, world.n_genres, temper.horizon)
        self.known = simulator.known
        self._start = model.believe(simulator.known)
        self._log_known = (np.log1p(simulator.known.lengths) / 10).astype(np.float32)
        self._known_keys = np.sort(simulator.known.rows * len(world) + simulator.known.movies)

    def reset(self, users: IntArray, seeds: IntArray) -> FloatArray:
        """Begin a session of each of `users` (b,), row of the simulator's people; `seeds` (b,) of their draws."""
        b, layout = len(users), self.layout
        self.users, self.seeds = users.astype(np.int64), seeds.astype(np.int64)
        self.beliefs = self._start.take(self.users)
        self.exposure = np.zeros((b, layout.genres), dtype=np.float32)
        self.shown = np.full((b, layout.horizon), NOT_SHOWN, dtype=np.int64)
        self.acts = np.full((b, layout.horizon), NOT_SHOWN, dtype=np.int64)
        self.steps = np.zeros(b, dtype=np.int64)
        self.bad_streak = np.zeros(b, dtype=np.int64)
        self.total, self.last = np.zeros(b, dtype=np.float32), np.zeros(b, dtype=np.float32)
        self.ended = np.zeros(b, dtype=bool)
        return self.observations()

    def restart(self, rows: IntArray, users: IntArray, seeds: IntArray) -> None:
        """Begin anew in some `rows` of the columns, with other people."""
        self.users[rows], self.seeds[rows] = users, seeds
        fresh = self._start.take(users)
        self.beliefs.mean[rows], self.beliefs.covariance[rows] = fresh.mean, fresh.covariance
        for column, value in ((self.exposure, 0), (self.shown, NOT_SHOWN), (self.acts, NOT_SHOWN), (self.steps, 0)):
            column[rows] = value
        self.bad_streak[rows], self.total[rows], self.last[rows], self.ended[rows] = 0, 0, 0, False

    def step(self, movies: IntArray) -> tuple[FloatArray, FloatArray, np.ndarray]:
        """Show one movie in each session: observations (b, width), rewards (b,), ended (b,).

        Sessions that ended before stay as they are, with reward 0. Raises SessionError for a movie that the user knew
        or was shown: a policy that does so is wrong.
        """
        live = np.flatnonzero(~self.ended)
        rewards = np.zeros(len(self.users), dtype=np.float32)
        if len(live):
            chosen = np.asarray(movies, dtype=np.int64)[live]
            self._refuse_repeats(live, chosen)
            acts, left = self._ask(live, chosen)
            rewards[live] = self.rewards.of(acts)
            self._remember(live, chosen, acts, rewards[live])
            self.ended[live] = left | (self.steps[live] >= self.layout.horizon)
        return self.observations(), rewards, self.ended.copy()

    def observations(self) -> FloatArray:
        """(b, layout.width) as they stand."""
        layout = self.layout
        rows = layout.empty(len(self.users))
        rows[:, layout.taste_mean] = self.beliefs.mean
        rows[:, layout.taste_deviation] = self.beliefs.deviation
        rows[:, layout.genre_mix] = self.exposure
        rows[:, layout.last_reward] = self.last
        rows[:, layout.mean_reward] = self.total / np.maximum(self.steps, 1)
        rows[:, layout.progress] = self.steps / layout.horizon
        rows[:, layout.log_known] = self._log_known[self.users]
        rows[:, layout.user] = self.users
        rows[:, layout.shown], rows[:, layout.acts] = self.shown, self.acts
        return rows

    def _refuse_repeats(self, live: IntArray, movies: IntArray) -> None:
        n = len(self.simulator.world)
        if ((movies < 0) | (movies >= n)).any():
            raise SessionError(
                f"movie {int(movies[(movies < 0) | (movies >= n)][0])} is none of the {n:,} of this world"
            )
        shown = (self.shown[live] == movies[:, None]).any(axis=1)
        key = self.users[live] * n + movies
        place = np.minimum(np.searchsorted(self._known_keys, key), max(0, len(self._known_keys) - 1))
        known = self._known_keys[place] == key if len(self._known_keys) else np.zeros(len(key), dtype=bool)
        if (shown | known).any():
            row = int(np.flatnonzero(shown | known)[0])
            why = "was shown in this session" if shown[row] else "is among the user's known ratings"
            raise SessionError(f"movie {movies[row]} {why}; a policy masks both (`policies.base.hide_known`)")

    def _moment(self, live: IntArray) -> Moment:
        """What the simulator is asked about: where these sessions stand."""
        return Moment(
            self.users[live],
            self.steps[live],
            self.exposure[live],
            self.bad_streak[live],
            self.shown[live],
            self.seeds[live],
        )

    def _ask(self, live: IntArray, movies: IntArray) -> tuple[IntArray, np.ndarray]:
        answer = self.simulator.respond(self._moment(live), movies)
        return answer.acts, answer.left

    def _remember(self, live: IntArray, movies: IntArray, acts: IntArray, rewards: FloatArray) -> None:
        temper, world = self.simulator.temper, self.simulator.world
        after = self.model.update(
            self.beliefs.take(live), movies, RATING_OF_ACT[acts], noise=NOISE_OF_ACT[acts] * self.model.noise
        )
        self.beliefs.mean[live], self.beliefs.covariance[live] = after.mean, after.covariance
        self.exposure[live] = temper.memory * self.exposure[live] + (1 - temper.memory) * world.directions[movies]
        self.shown[live, self.steps[live]], self.acts[live, self.steps[live]] = movies, acts
        self.steps[live] += 1
        self.bad_streak[live] = np.where(acts >= Act.SKIP, self.bad_streak[live] + 1, 0)
        self.total[live] += rewards
        self.last[live] = rewards
