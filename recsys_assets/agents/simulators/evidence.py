"""What rating logs say of boredom and patience: estimates beside the constants that simulated people are given.

- Boredom: stars by which a rating falls short of what taste foretells, for each unit of overlap with the genres rated
  just before in the session (as `Temper.memory` counts them), within users.
- Patience: share of ratings after which a session ends, and what a bad rating and a streak of them add, within users.

A session is a user's ratings without a break of half an hour. People who list what they saw years ago are not people
before a list of recommendations, so this brackets the constants from below; it does not replace them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.agents.simulators.base import STREAK, Temper
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.evaluation.bootstrap import Interval
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

BREAK_SECONDS = 1800
LAGS = 12
"""Movies back that count for exposure; what is further is forgotten (0.7 ** 12 = 0.014)."""
Z = 1.96
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Of the logs of `n_ratings` ratings; intervals are 95 % over users."""

    n_ratings: int
    session_lengths: IntArray
    """(n,) ratings in a row without a break."""
    boredom: Interval
    """Stars lost with full overlap; below 0 where likeness is rather liked."""
    leave: Interval
    """Share of ratings that are not bad after which the session ends."""
    leave_when_bad: Interval
    """Added by a bad rating."""
    leave_after_streak: Interval
    """Added by the third bad one in a row, and further ones."""

    def temper(self, temper: Temper) -> Temper:
        """People as bored and as patient as the logs have them, else as `temper`."""
        found = {name: max(0.0, getattr(self, name).mean) for name in CONSTANTS}
        return temper.model_copy(update=found)

    def sentence(self, temper: Temper) -> str:
        """Constants of `temper` beside what logs say of them."""
        said = [
            f"{name.replace('_', ' ')} {getattr(temper, name):g} (logs: {e.mean:+.3f}, {e.low:+.3f} to {e.high:+.3f})"
            for name in CONSTANTS
            for e in [getattr(self, name)]
        ]
        return f"assumed of people: {'; '.join(said)}"


CONSTANTS = ("boredom", "leave", "leave_when_bad", "leave_after_streak")
"""Of `Temper`, which rating logs say something about."""


def behaviour_evidence(histories: Histories, model: TasteModel, world: World, temper: Temper) -> Evidence:
    """From all ratings of people, whose tastes are taken from the same ratings."""
    n, rows = len(histories.movies), histories.rows
    session = sessions_of(histories)
    bad = histories.ratings < temper.stars[2]
    last = np.append(np.diff(session) != 0, True)[:n]
    streak = bad_streaks(bad, session) >= STREAK
    more = _within(last.astype(np.float64), np.stack([bad, streak], axis=1).astype(np.float64), users=rows)
    good = np.bincount(rows[~bad & last], minlength=len(histories))
    return Evidence(
        n,
        np.bincount(session),
        _boredom(histories, model, world, session, memory=temper.memory),
        _share(good, np.bincount(rows[~bad], minlength=len(histories))),
        more[0],
        more[1],
    )


def sessions_of(histories: Histories) -> IntArray:
    """(n_ratings,) number of the session that each rating is in, rising."""
    rows, times = histories.rows, histories.timestamps
    begins = (np.diff(rows, prepend=-1) != 0) | (np.diff(times, prepend=times[:1]) > BREAK_SECONDS)
    return np.cumsum(begins) - 1


def bad_streaks(bad: np.ndarray, session: IntArray) -> IntArray:
    """(n,) bad ratings in a row up to and with each, within its session."""
    place = np.arange(len(bad))
    first = np.diff(session, prepend=-1) != 0
    before = np.maximum(np.where(~bad, place, -1), np.where(first, place - 1, -1))
    return place - np.maximum.accumulate(before) if len(bad) else place


def overlaps(movies: IntArray, session: IntArray, directions: FloatArray, *, memory: float) -> FloatArray:
    """(n,) overlap of each movie with those before it in its session, as simulated people feel it."""
    total = np.zeros(len(movies), dtype=np.float32)
    for lag in range(1, min(LAGS, len(movies) - 1) + 1):
        same = np.flatnonzero(session[lag:] == session[:-lag])
        alike = np.einsum("ng,ng->n", directions[movies[same + lag]], directions[movies[same]])
        total[same + lag] += (1 - memory) * memory ** (lag - 1) * alike
    return total


def _boredom(histories: Histories, model: TasteModel, world: World, session: IntArray, *, memory: float) -> Interval:
    movies = histories.movies.astype(np.int64)
    residual = histories.ratings - model.rate(model.believe(histories).mean[histories.rows], movies)
    overlap = overlaps(movies, session, world.directions, memory=memory)
    slope = _within(residual.astype(np.float64), overlap[:, None].astype(np.float64), users=histories.rows)[0]
    return Interval(-slope.mean, -slope.high, -slope.low, slope.n)


def _within(y: Array, x: Array, *, users: IntArray) -> list[Interval]:
    """Least squares of y (n,) on x (n, k), both less each user's mean; errors of one user go together.

    Not within sessions: people leave after bad movies, so that the end of a session says how its last movie was.
    """
    y, x = _centred(y[:, None], users)[:, 0], _centred(x, users)
    inverse = np.linalg.pinv(x.T @ x)
    slope = inverse @ (x.T @ y)
    pull = x * (y - x @ slope)[:, None]
    by_user = np.stack([np.bincount(users, pull[:, k]) for k in range(x.shape[1])], axis=1)
    error = Z * np.sqrt(np.diag(inverse @ (by_user.T @ by_user) @ inverse))
    n = len(np.unique(users))
    return [Interval(float(s), float(s - e), float(s + e), n) for s, e in zip(slope, error, strict=True)]


def _centred(values: Array, group: IntArray) -> Array:
    counts = np.maximum(np.bincount(group), 1)
    means = np.stack([np.bincount(group, column) / counts for column in values.T], axis=1)
    centred: Array = values - means[group]
    return centred


def _share(events: IntArray, chances: IntArray) -> Interval:
    """Share of all chances that events are, by user; its error as that of a ratio (delta method)."""
    share = float(events.sum() / max(1, chances.sum()))
    error = Z * float(np.sqrt(((events - share * chances) ** 2).sum())) / max(1, int(chances.sum()))
    return Interval(share, share - error, share + error, len(events))
