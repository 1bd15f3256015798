"""What a recommender answers with, and the one error it raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, IntArray


class ModelError(Exception):
    """A model asked for what it can't do, or an export that can't be trusted; says which and what to do."""


@dataclass(frozen=True)
class Recommendations:
    """Top-k lists. `users` (n,), `movies` (n, k) int64 ids, `scores` (n, k) float32; -1 and -inf where fewer remain."""

    users: IntArray
    movies: IntArray
    scores: FloatArray
    fallback: NDArray[np.bool_]
    """(n,) True where the user has no history and popularity answered."""


@dataclass(frozen=True)
class Reason:
    """One summand of a score."""

    kind: Literal["history", "genre", "popularity", "bias", "factors", "part"]
    label: str
    contribution: float
    movie_id: int | None = None
    rating: float | None = None
    """What the user gave that movie, where the reason is one of theirs."""
    how: str = ""
    """Words before the title of that movie, where more is meant than that it was rated."""

    @property
    def words(self) -> str:
        """To the person who is shown it."""
        if self.kind != "history" or self.rating is None:
            return self.label
        if self.how:
            return f"{self.how}{self.label}, which you gave {self.rating:g}"
        return f"you gave {self.label} {self.rating:g}"


@dataclass(frozen=True)
class Route:
    """Who answers a user, and why: a decision that can be shown."""

    part: str
    """Name of the model that answers."""
    why: str


@dataclass(frozen=True)
class Explanation:
    """Why a movie has its score: the contributions of `reasons` add up to `score`, largest first."""

    user_id: int
    movie_id: int
    score: float
    reasons: tuple[Reason, ...]
    route: Route | None = None
    """Who gave that score, and why it was them who answered."""
