"""Logged decisions: what could be shown, with which probability each, what was shown, and what it earned.

`DecisionLog` is what a stochastic policy writes down. `MatchedLog` puts beside it what another policy would have done
at the same moments: all that the estimators need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, IntArray

Floats = NDArray[np.floating[Any]]
TOLERANCE = 1e-4
"""By which float32 probabilities may miss their sum."""


@dataclass(frozen=True)
class DecisionLog:
    """n decisions, among k candidates each; -1 with probability 0 where there were fewer."""

    users: IntArray
    """(n,): decisions of one user are not independent, and are drawn together in intervals."""
    contexts: FloatArray
    """(n, d) what the policy saw."""
    candidates: IntArray
    """(n, k) movies."""
    probabilities: FloatArray
    """(n, k) with which the logging policy shows each; rows add up to 1."""
    places: IntArray
    """(n,) of what was shown among the candidates."""
    rewards: FloatArray
    """(n,)."""

    def __post_init__(self) -> None:
        same_length(self.users, self.contexts, self.candidates, self.probabilities, self.places, self.rewards)
        sums = self.probabilities.sum(axis=1)
        if (off := np.abs(sums - 1) > TOLERANCE).any():
            row = int(np.flatnonzero(off)[0])
            raise ValueError(f"decision {row}: probabilities of its candidates add up to {sums[row]:.4f}, not to 1")

    def __len__(self) -> int:
        return len(self.users)

    @property
    def movies(self) -> IntArray:
        """(n,) what was shown."""
        return self.candidates[np.arange(len(self)), self.places]

    @property
    def propensities(self) -> FloatArray:
        """(n,) probability of it."""
        return self.probabilities[np.arange(len(self)), self.places]

    def take(self, rows: IntArray) -> DecisionLog:
        """These decisions, in this order."""
        return DecisionLog(
            self.users[rows],
            self.contexts[rows],
            self.candidates[rows],
            self.probabilities[rows],
            self.places[rows],
            self.rewards[rows],
        )

    def matched(self, target: FloatArray) -> MatchedLog:
        """`target` (n, k): the probability with which the policy to be judged shows each candidate.

        Rows may add up to less than 1: the rest is what it would show that the logs could not have.
        """
        if target.shape != self.candidates.shape:
            raise ValueError(f"probabilities of {target.shape} candidates, the log has {self.candidates.shape}")
        possible = np.where(self.probabilities > 0, target, 0)
        shown = target[np.arange(len(self)), self.places]
        return MatchedLog(self.users, self.rewards, self.propensities, shown, possible.sum(axis=1))

    def to_frame(self) -> pl.DataFrame:
        """One row a decision: `user, movie, propensity, reward, place, candidates, probabilities, context`."""
        columns = {"user": self.users, "movie": self.movies, "propensity": self.propensities, "reward": self.rewards}
        lists: dict[str, Any] = {
            "candidates": self.candidates,
            "probabilities": self.probabilities,
            "context": self.contexts,
        }
        return pl.DataFrame(columns | {"place": self.places}).with_columns(
            pl.Series(name, values).arr.to_list() for name, values in lists.items()
        )

    @classmethod
    def of_frame(cls, frame: pl.DataFrame) -> Self:
        """From the columns of `to_frame`."""
        contexts, candidates, probabilities = (
            np.array(frame[name].to_list()) for name in ("context", "candidates", "probabilities")
        )
        return cls(
            frame["user"].to_numpy(),
            contexts.astype(np.float32).reshape(len(frame), -1),
            candidates.astype(np.int64),
            probabilities.astype(np.float32),
            frame["place"].to_numpy(),
            frame["reward"].to_numpy(),
        )


@dataclass(frozen=True)
class MatchedLog:
    """Decisions of a logging policy, and what the policy to be judged would have done at each."""

    users: IntArray
    """(n,)."""
    rewards: Floats
    """(n,)."""
    propensities: Floats
    """(n,) probability with which the logging policy showed what it showed; above 0."""
    target: Floats
    """(n,) probability with which the policy to be judged would have shown it."""
    covered: Floats | None = None
    """(n,) probability with which that policy shows something that the logging policy could have shown too."""

    def __post_init__(self) -> None:
        covered = [] if self.covered is None else [self.covered]
        same_length(self.users, self.rewards, self.propensities, self.target, *covered)
        if not ((self.propensities > 0) & (self.propensities <= 1)).all():
            raise ValueError(
                "propensities must be above 0 and at most 1: without the chance of what was shown nothing can be "
                "said of what another policy would have earned. Leave such decisions out."
            )
        if not ((self.target >= 0) & (self.target <= 1)).all():
            raise ValueError("probabilities of the policy to be judged must be 0-1")

    def __len__(self) -> int:
        return len(self.users)

    def weights(self, *, cap: float | None = None) -> Floats:
        """(n,) target / propensity, at most `cap`: some bias for less variance (Ionides, JCGS 2008)."""
        found = self.target.astype(np.float64) / self.propensities.astype(np.float64)
        return found if cap is None else np.minimum(found, cap)


@dataclass(frozen=True)
class RewardModel:
    """What a model of rewards says, fitted on other decisions than it is asked of.

    `taken` (n,) of what was shown; `expected` (n,) of the policy to be judged: the mean over what it would show.
    """

    taken: Floats
    expected: Floats


def effective_sample_size(weights: Floats) -> float:
    """(sum w)^2 / sum w^2 (Kish, 1965): how many equally weighted decisions say as much."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def same_length(*columns: NDArray[Any]) -> None:
    """Raises ValueError where there are no decisions, or not as many in each column."""
    lengths = {len(column) for column in columns}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"columns of {sorted(lengths)} decisions; give as many of each, one at least")
