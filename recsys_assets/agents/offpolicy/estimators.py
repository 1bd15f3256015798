"""What a policy would have earned a decision, by logs of another.

    IPS    mean of w r                                  unbiased, of large variance (Horvitz and Thompson, 1952)
    SNIPS  sum of w r / sum of w                        nearly unbiased, within the rewards' range (Swaminathan and
                                                        Joachims, NeurIPS 2015)
    DM     mean of q(policy)                            as good as the reward model
    DR     mean of q(policy) + w (r - q(shown))         right if either the propensities or the model are (Dudik et al.,
                                                        ICML 2011)
    SNDR   mean of q(policy) + sum of w (r - q) / sum of w    the same, self-normalized: less variance, a little bias

with w = target / propensity. Intervals are the bootstrap over users. There is no figure where the logs are worth fewer
than `LEAST` decisions of the policy's own (a handful of lucky ones would decide it, and a reward model would have to be
trusted blindly), nor where the policy does what the logs could not show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recsys_assets.agents.offpolicy.logs import Floats, MatchedLog, RewardModel, effective_sample_size

Estimator = Literal["ips", "snips", "dm", "dr", "sndr"]
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)
MODELLED: tuple[Estimator, ...] = ("dm", "dr", "sndr")
LEAST = 100.0
LEAST_COVERED = 0.9
"""Share of what a policy does that the logs must have been able to show."""
SAMPLES = 1000
COUNTS_AT_ONCE = 1 << 22
"""Counts of drawn users that are held at once: 32 MiB."""


@dataclass(frozen=True)
class PolicyValue:
    """Reward a decision, with its 95 % interval; none where the logs are too few or too far from the policy."""

    estimator: Estimator
    value: float | None
    low: float | None
    high: float | None
    ess: float
    """Effective decisions, of weights before any cap."""
    n: int
    covered: float = 1.0
    """Share of what the policy does that the logs could have shown."""
    refused: str = ""
    """Why there is no value."""


def policy_value(
    log: MatchedLog,
    estimator: Estimator,
    *,
    model: RewardModel | None = None,
    cap: float | None = None,
    seed: int = 0,
    samples: int = SAMPLES,
) -> PolicyValue:
    """`model` is needed by `dm`, `dr` and `sndr`; `cap` limits weights.

    A cap trades variance for a bias that nothing measures, so it makes no log good enough: the effective size that
    decides is that of the weights as they are.
    """
    if estimator in MODELLED and model is None:
        raise ValueError(f"{estimator} needs a reward model; fit one on other decisions (`fit_reward_model`)")
    if cap is not None and cap <= 0:
        raise ValueError(f"a cap of {cap} leaves no weight; it must be above 0")
    ess = effective_sample_size(log.weights())
    covered = 1.0 if log.covered is None else float(log.covered.mean())
    if reason := _refusal(len(log), ess, covered):
        return PolicyValue(estimator, None, None, None, ess, len(log), covered, reason)
    sums = _sums_by_user(log, model, log.weights(cap=cap))
    value = float(_estimate(estimator, sums.sum(axis=0)))
    low, high = _interval(estimator, sums, seed=seed, samples=samples)
    return PolicyValue(estimator, value, low, high, ess, len(log), covered)


def _refusal(n: int, ess: float, covered: float) -> str:
    if ess < LEAST:
        return (
            f"{n:,} decisions are worth {ess:.0f} of this policy's own, fewer than {LEAST:.0f}: log more, or log by a "
            "policy that is nearer to it"
        )
    if covered < LEAST_COVERED:
        return (
            f"the logs could have shown {covered:.0%} of what this policy does, less than {LEAST_COVERED:.0%}: log by "
            "a policy that has its movies among the candidates"
        )
    return ""


def _sums_by_user(log: MatchedLog, model: RewardModel | None, weights: Floats) -> Floats:
    """(n_users, 5) sums of 1, w, w r, q(policy), w (r - q(shown)): all that an estimate is made of."""
    rows = np.unique(log.users, return_inverse=True)[1]
    nothing = np.zeros(len(log))
    expected, taken = (nothing, nothing) if model is None else (model.expected, model.taken)
    columns = (nothing + 1, weights, weights * log.rewards, expected, weights * (log.rewards - taken))
    return np.stack([np.bincount(rows, column) for column in columns], axis=1)


def _estimate(estimator: Estimator, sums: Floats) -> Floats:
    """Of sums (..., 5)."""
    n, weight, earned, expected, missed = np.moveaxis(sums, -1, 0)
    weight = np.maximum(weight, 1e-12)
    match estimator:
        case "ips":
            found = earned / n
        case "snips":
            found = earned / weight
        case "dm":
            found = expected / n
        case "dr":
            found = (expected + missed) / n
        case "sndr":
            found = expected / n + missed / weight
    return np.asarray(found)


def _interval(estimator: Estimator, sums: Floats, *, seed: int, samples: int) -> tuple[float, float]:
    """Percentile bootstrap (Efron and Tibshirani 1993): users are drawn with replacement."""
    users, rng = len(sums), np.random.default_rng(seed)
    found, step = np.empty(samples), max(1, COUNTS_AT_ONCE // users)
    for start in range(0, samples, step):
        block = found[start : start + step]
        times = rng.multinomial(users, np.full(users, 1 / users), size=len(block))
        block[:] = _estimate(estimator, times @ sums)
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
