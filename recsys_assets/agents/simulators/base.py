"""What all simulated people have in common: a session's state, and what they do with a movie in it.

Shown movie i at a step, a person first *considers* it at all, more likely the better known it is; a movie that is not
considered is ignored. A considered movie is felt as

    felt = taste(u, i) + noise - boredom * overlap(i, what was shown lately)

in rating points, and the act follows from where that falls among the temper's `cuts`. After the act they may leave, the
more likely the worse it went. Draws are hashes of (seed, user, step, movie): two policies that show the same movie at
the same step get the same answer, so that their difference is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveInt
from scipy.special import ndtr, ndtri

from recsys_assets.agents.actions import Act
from recsys_assets.agents.world import World
from recsys_assets.features.splitmix import mix
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

STREAK = 3
"""Bad steps in a row that exhaust a person's patience."""


class Temper(BaseModel, extra="forbid", frozen=True):
    """How people of a simulator are, beside their tastes.

    The cuts are fitted to training users' ratings (`calibration`). How bored or patient people are before a list of
    recommendations no public log tells: `evidence` sets what rating logs bear out beside the constants, and the report
    repeats its comparison with none, half and twice of them, and with what the logs bear out.
    """

    stars: tuple[float, float, float] = (4.25, 3.75, 3.25)
    """Given stars from which a movie counts as liked, watched, clicked; below the last it is skipped."""
    felt: tuple[float, float, float] | None = None
    """The same on the scale of felt stars, which is narrower. None: fitted by the setting; as `stars` without one."""
    boredom: NonNegativeFloat = 1.5
    """Stars lost by a movie just like all that was shown lately."""
    memory: float = Field(default=0.7, ge=0, lt=1)
    """Share of the exposure to genres that is left after a step."""
    considered: tuple[float, float] = (0.35, 0.65)
    """Chance that an unknown movie is considered, and how much that of the best known exceeds it."""
    leave: NonNegativeFloat = 0.03
    """Chance to leave after any step."""
    leave_when_bad: NonNegativeFloat = 0.15
    """Added after a skip or an ignored movie."""
    leave_after_streak: NonNegativeFloat = 0.5
    """Added after `STREAK` of these in a row."""
    horizon: PositiveInt = 20
    """Steps of the longest session."""

    @property
    def cuts(self) -> tuple[float, float, float]:
        """Felt stars from which a movie is liked, watched, clicked."""
        return self.felt or self.stars


@dataclass(frozen=True)
class Moment:
    """Where b sessions stand when a movie is shown; columns of one row a session."""

    users: IntArray
    """(b,) rows of the simulator's people."""
    steps: IntArray
    """(b,) movies shown before."""
    exposure: FloatArray
    """(b, g) lately shown genres, each direction of length 1 at most."""
    bad_streak: IntArray
    """(b,) bad steps in a row up to now."""
    shown: IntArray
    """(b, horizon) movies shown before, then -1."""
    seeds: IntArray
    """(b,) of the session's draws."""


@dataclass(frozen=True)
class Answer:
    """What b people did. `acts` (b,) of `Act`, `left` (b,) whether they went away after it."""

    acts: IntArray
    left: np.ndarray


class Simulator(Protocol):
    """People of one group under one model of their behaviour."""

    @property
    def name(self) -> str: ...

    @property
    def world(self) -> World: ...

    @property
    def temper(self) -> Temper: ...

    @property
    def known(self) -> Histories:
        """What a service knows of each when sessions begin."""

    def respond(self, moment: Moment, movies: IntArray) -> Answer:
        """What they do with `movies` (b,)."""

    def expected(self, users: IntArray) -> FloatArray:
        """True taste (b, n): what each movie would be felt to be, unbored and without noise. For oracles and tests."""


def considers(world: World, temper: Temper, movies: IntArray) -> FloatArray:
    """Chance (b,) that each movie is considered."""
    least, more = temper.considered
    chance: FloatArray = least + more * world.popularity[movies]
    return chance


def judge(temper: Temper, felt: FloatArray, considered: np.ndarray) -> IntArray:
    """Acts (b,) by felt stars."""
    like, watch, click = temper.cuts
    acts = np.select([felt >= like, felt >= watch, felt >= click], [Act.LIKE, Act.WATCH, Act.CLICK], Act.SKIP)
    return np.where(considered, acts, Act.IGNORE).astype(np.int64)


def act_chances(temper: Temper, felt: FloatArray, deviation: float, considered: FloatArray) -> FloatArray:
    """Chance (b, 5) of each `Act`, for felt stars of mean `felt` (b,) and normal noise: `judge` on average."""
    reached = [1 - ndtr((cut - felt) / deviation) for cut in temper.cuts]
    like, watch, click = reached
    chances = np.stack([like, watch - like, click - watch, 1 - click], axis=1) * considered[:, None]
    return np.concatenate([chances, 1 - considered[:, None]], axis=1).astype(np.float32)


def leave_chances(temper: Temper, acts: IntArray, bad_streak: IntArray) -> FloatArray:
    """Chance (b,) to go away after `acts`, given the streak before them."""
    bad = acts >= Act.SKIP
    chance: FloatArray = temper.leave + temper.leave_when_bad * bad
    chance = chance + temper.leave_after_streak * (bad & (bad_streak + 1 >= STREAK))
    return np.minimum(chance, 1.0)


def leaves(temper: Temper, acts: IntArray, bad_streak: IntArray, draw: np.ndarray) -> np.ndarray:
    """Who goes away (b,), given the streak before this act."""
    gone: np.ndarray = draw < leave_chances(temper, acts, bad_streak)
    return gone


def draws(moment: Moment, movies: IntArray, *, purpose: int) -> np.ndarray:
    """(b,) numbers in (0, 1) that depend on seed, user, step, movie and purpose, and on nothing else."""
    state = mix(moment.seeds.astype(np.uint64) * np.uint64(8) + np.uint64(purpose))
    for part in (moment.users, moment.steps, movies):
        state = mix(state) ^ part.astype(np.uint64)
    return ((mix(state) >> np.uint64(11)).astype(np.float64) + 0.5) / float(1 << 53)


def normal_draws(moment: Moment, movies: IntArray, *, purpose: int) -> FloatArray:
    """(b,) standard normal."""
    drawn: FloatArray = ndtri(draws(moment, movies, purpose=purpose)).astype(np.float32)
    return drawn
