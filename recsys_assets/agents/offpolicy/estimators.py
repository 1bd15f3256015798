"""What a policy would have earned a decision, by logs of another.

    IPS    mean of w r                                  unbiased, of large variance (Horvitz and Thompson, 1952)
    SNIPS  sum of w r / sum of w                        nearly unbiased, within the rewards' range (Swaminathan and
                                                        Joachims, NeurIPS 2015)
    DM     mean of q(policy)                            as good as the reward model
    DR     mean of q(policy) + w (r - q(shown))         right if either the propensities or the model are (Dudik et al.,
                                                        ICML 2011)

with w = target / propensity. Intervals are the bootstrap over users. Below `LEAST` effective decisions there is no
figure: a handful of lucky ones would decide it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recsys_assets.agents.offpolicy.logs import DecisionLog, Floats, RewardModel, effective_sample_size

Estimator = Literal["ips", "snips", "dm", "dr"]
LEAST = 100.0
SAMPLES = 1000


@dataclass(frozen=True)
class PolicyValue:
    """Reward a decision, with its 95 % interval; none where the logs are too few or too far from the policy."""

    estimator: Estimator
    value: float | None
    low: float | None
    high: float | None
    ess: float
    """Effective decisions."""
    n: int
    refused: str = ""
    """Why there is no value."""


def policy_value(
    log: DecisionLog,
    estimator: Estimator,
    *,
    model: RewardModel | None = None,
    cap: float | None = None,
    seed: int = 0,
    samples: int = SAMPLES,
) -> PolicyValue:
    """`model` is needed by `dm` and `dr`; `cap` limits weights. The direct method needs no weights, and no `LEAST`."""
    if estimator in ("dm", "dr") and model is None:
        raise ValueError(f"{estimator} needs a reward model; fit one on other decisions (`fit_reward_model`)")
    weights = log.weights(cap=cap)
    ess = effective_sample_size(weights)
    if estimator != "dm" and ess < LEAST:
        return PolicyValue(
            estimator,
            None,
            None,
            None,
            ess,
            len(log),
            f"{len(log):,} decisions are worth {ess:.0f} of this policy's own, fewer than {LEAST:.0f}: log more, or "
            "log by a policy that is nearer to it",
        )
    terms, norms = _terms(log, estimator, model, weights)
    value = float(terms.sum() / norms.sum())
    low, high = _interval(log, terms, norms, seed=seed, samples=samples)
    return PolicyValue(estimator, value, low, high, ess, len(log))


def _terms(log: DecisionLog, estimator: Estimator, model: RewardModel | None, weights: Floats) -> tuple[Floats, Floats]:
    """(n,) numerators and denominators whose sums' ratio is the estimate."""
    ones = np.ones(len(log))
    if estimator == "ips":
        return weights * log.rewards, ones
    if estimator == "snips":
        return weights * log.rewards, weights
    assert model is not None
    expected = model.expected.astype(np.float64)
    if estimator == "dm":
        return expected, ones
    return expected + weights * (log.rewards - model.taken), ones


def _interval(log: DecisionLog, terms: Floats, norms: Floats, *, seed: int, samples: int) -> tuple[float, float]:
    """Percentile bootstrap (Efron and Tibshirani 1993) over users."""
    rows = np.unique(log.users, return_inverse=True)[1]
    n = int(rows.max()) + 1
    by_user, norm_by_user = np.bincount(rows, terms, n), np.bincount(rows, norms, n)
    drawn = np.random.default_rng(seed).integers(0, n, (samples, n))
    estimates = by_user[drawn].sum(axis=1) / np.maximum(norm_by_user[drawn].sum(axis=1), 1e-12)
    low, high = np.quantile(estimates, [0.025, 0.975])
    return float(low), float(high)


def fit_reward_model(
    features: Floats,
    log: DecisionLog,
    expected_features: Callable[[np.ndarray], Floats],
    *,
    folds: int = 3,
    ridge: float = 1.0,
    seed: int = 0,
) -> RewardModel:
    """Ridge regression of rewards on `features` (n, d) of what was shown, cross-fitted over users.

    `expected_features(rows)` gives the mean features (len(rows), d) of what the policy to be judged would show at these
    decisions: of a linear model the mean of predictions is the prediction of the mean.
    """
    rows = np.unique(log.users, return_inverse=True)[1]
    fold = np.random.default_rng(seed).integers(0, folds, int(rows.max()) + 1)[rows]
    taken, expected = np.zeros(len(log)), np.zeros(len(log))
    x = np.concatenate([np.ones((len(log), 1)), features], axis=1)
    for number in range(folds):
        inside, outside = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if len(inside) == 0:
            continue
        gram = x[outside].T @ x[outside] + ridge * np.eye(x.shape[1])
        theta = np.linalg.solve(gram, x[outside].T @ log.rewards[outside])
        taken[inside] = x[inside] @ theta
        expected[inside] = theta[0] + expected_features(inside) @ theta[1:]
    return RewardModel(taken, expected)
