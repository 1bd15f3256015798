"""Logged decisions: what was shown among which movies, with which probability, and what it earned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import IntArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class DecisionLog:
    """n decisions of a logging policy. What another policy would do stands beside it, for the same moments."""

    users: IntArray
    """(n,): decisions of one user are not independent, and are drawn together in intervals."""
    rewards: Floats
    """(n,)."""
    propensities: Floats
    """(n,) probability with which the logging policy showed what it showed; above 0."""
    target: Floats
    """(n,) probability with which the policy to be judged would have shown it."""

    def __post_init__(self) -> None:
        lengths = {len(self.users), len(self.rewards), len(self.propensities), len(self.target)}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"columns of {sorted(lengths)} decisions; give as many of each, one at least")
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
        found = (self.target / self.propensities).astype(np.float64)
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
