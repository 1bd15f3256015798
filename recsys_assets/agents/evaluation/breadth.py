"""How broad a policy's sessions are: of movies, of genres, between people; and whether it repeats itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.environments.rollout import SessionLog
from recsys_assets.agents.world import World


@dataclass(frozen=True)
class Breadth:
    """Of one log of sessions."""

    coverage: float
    """Share of all movies that were shown to somebody."""
    genre_coverage: float
    """Share of all genres in a session, on average."""
    diversity: float
    """1 - mean cosine of genres between two movies of a session."""
    personalization: float
    """1 - mean share of movies that two people's sessions have in common."""
    repeats: int
    """Movies shown twice in a session: 0, or the policy is broken."""


def breadth_of(log: SessionLog, world: World) -> Breadth:
    """All figures of `log`."""
    return Breadth(*_movies_and_genres(log, world), personalization(log), _repeats(log))


def _repeats(log: SessionLog) -> int:
    ordered = np.sort(log.movies, axis=1)
    return int(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).sum())


def _movies_and_genres(log: SessionLog, world: World) -> tuple[float, float, float]:
    """Coverage of movies, of genres within sessions, and diversity within sessions."""
    shown = log.movies >= 0
    coverage = len(np.unique(log.movies[shown])) / len(world)
    directions = np.where(shown[:, :, None], world.directions[np.maximum(log.movies, 0)], 0)
    genres = float((directions.sum(axis=1) > 0).mean())
    total = directions.sum(axis=1)
    n = shown.sum(axis=1)
    pairs = n * (n - 1)
    cosines = (total**2).sum(axis=1) - (directions**2).sum(axis=(1, 2))
    several = pairs > 0
    diversity = 1 - float((cosines[several] / pairs[several]).mean()) if several.any() else 0.0
    return coverage, genres, diversity


def personalization(log: SessionLog) -> float:
    """Of people's first sessions: 1 - |common| / length of the shorter, over pairs."""
    n_users = len(np.unique(log.users))
    first = log.movies[:n_users]
    lists = [row[row >= 0] for row in first]
    flat = np.concatenate(lists) if lists else np.zeros(0, dtype=np.int64)
    columns = np.unique(flat, return_inverse=True)[1]
    rows = np.repeat(np.arange(n_users), [len(x) for x in lists])
    seen = np.zeros((n_users, int(columns.max(initial=0)) + 1), dtype=np.float32)
    seen[rows, columns] = 1
    lengths = seen.sum(axis=1)
    shorter = np.maximum(np.minimum(lengths[:, None], lengths[None, :]), 1)
    shares = (seen @ seen.T) / shorter
    off = ~np.eye(n_users, dtype=bool)
    return 1 - float(shares[off].mean()) if n_users > 1 else 0.0
