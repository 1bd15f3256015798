"""Tiny worlds whose best policies are known by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from recsys_assets.agents.actions import Act
from recsys_assets.agents.dqn.config import DqnConfig, NetworkConfig
from recsys_assets.agents.dqn.items import ItemInputs, item_inputs
from recsys_assets.agents.dqn.teacher import TeachingVecEnv
from recsys_assets.agents.environments.expected import PatientSessions
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.simulators.base import Answer, Moment, Temper, draws
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories, Ids, IntArray

NO_START = Weights(popularity=0.0, doubt=0.0, variety=0.0)


def nobodys(n: int) -> Histories:
    """Of n people of whom nothing is known."""
    none = np.zeros(0, dtype=np.int64)
    return Histories(np.zeros(n + 1, dtype=np.int64), none.astype(np.int32), none.astype(np.float32), none)


def world_of(genres: list[str]) -> World:
    """One movie per genre named, all as well known."""
    n = len(genres)
    catalogue = pl.DataFrame({"movie_id": np.arange(1, n + 1), "genres": [[genre] for genre in genres]})
    return World.of(Ids(np.arange(1, n + 1)), catalogue, np.ones(n, dtype=np.int64), np.zeros((n, 0), dtype=np.float32))


def tasteless(n: int) -> TasteModel:
    """Everybody finds all movies alike."""
    return TasteModel(
        np.full(n, 3.5, dtype=np.float32), np.ones((n, 1), dtype=np.float32), np.eye(1, dtype=np.float32), 1.0
    )


@dataclass
class Bait:
    """Three states, told by the genre shown last: nothing, bait, work.

    Bait is liked (1.5) and drives everybody away; work is clicked (0.4), nobody leaves, and then work is liked. With
    4 steps: bait at once 1.5; bait at the second step 0.4 + 1.5; work throughout 0.4 + 3 * 1.5 = 4.9, the optimum.
    """

    world: World
    temper: Temper
    known: Histories
    name: str = "bait"
    work: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.work = self.world.directions[:, self.world.genre_names.index("work")] > 0

    @classmethod
    def make(cls) -> Bait:
        return cls(
            world_of(["bait", "bait", "work", "work", "work", "work"]), Temper(horizon=4, memory=0.0), nobodys(8)
        )

    def respond(self, moment: Moment, movies: IntArray) -> Answer:
        chances = self.chances(moment, movies)
        return Answer(chances.argmax(axis=1), self.leave_chances(moment, chances.argmax(axis=1)) > 0.5)

    def chances(self, moment: Moment, movies: IntArray) -> FloatArray:
        last = np.where(moment.steps > 0, moment.shown[np.arange(len(movies)), np.maximum(moment.steps - 1, 0)], 0)
        worked = self.work[last] & (moment.steps > 0)
        acts = np.where(self.work[movies] & ~worked, Act.CLICK, Act.LIKE)
        self._baited = ~self.work[movies]
        return np.eye(5, dtype=np.float32)[acts]

    def leave_chances(self, moment: Moment, acts: IntArray) -> FloatArray:
        return self._baited.astype(np.float32)

    def expected(self, users: IntArray) -> FloatArray:
        return np.zeros((len(users), len(self.world)), dtype=np.float32)


@dataclass
class Coins:
    """Every movie is liked with the chance of its popularity, else skipped, and half of those who skip leave."""

    world: World
    temper: Temper
    known: Histories
    name: str = "coins"

    def respond(self, moment: Moment, movies: IntArray) -> Answer:
        liked = draws(moment, movies, purpose=1) < self.world.popularity[movies]
        acts = np.where(liked, Act.LIKE, Act.SKIP).astype(np.int64)
        return Answer(acts, draws(moment, movies, purpose=2) < self.leave_chances(moment, acts))

    def chances(self, moment: Moment, movies: IntArray) -> FloatArray:
        found = np.zeros((len(movies), 5), dtype=np.float32)
        found[:, Act.LIKE] = self.world.popularity[movies]
        found[:, Act.SKIP] = 1 - found[:, Act.LIKE]
        return found

    def leave_chances(self, moment: Moment, acts: IntArray) -> FloatArray:
        return np.where(acts == Act.SKIP, 0.5, 0.0).astype(np.float32)

    def expected(self, users: IntArray) -> FloatArray:
        return np.broadcast_to(self.world.popularity, (len(users), len(self.world)))


def small_config(**changes: object) -> DqnConfig:
    """A network and a run of seconds."""
    network = NetworkConfig(trunk=(32,), width=8, psi=16, pair=16, shortlist=20, product_rate=1.0)
    given = {
        "network": network,
        "envs": 8,
        "batch_size": 64,
        "learning_starts": 64,
        "target_every": 64,
        "evaluate_every": 400,
        "evaluation_seeds": 2,
        "buffer_size": 4_000,
        "n_steps": 2,
        "learning_rate": 3e-3,
        "gamma": 0.99,
        "follow_start": 0.0,
        **changes,
    }
    return DqnConfig.model_validate(given)


def env_of(simulator: Bait | Coins, *, seed: int, envs: int = 8) -> tuple[TeachingVecEnv, ItemInputs]:
    """Sessions to learn from and what a network knows of the movies."""
    model = tasteless(len(simulator.world))
    env = TeachingVecEnv(PatientSessions(simulator, model), envs, seed=seed)
    return env, item_inputs(simulator.world, model, NO_START)
