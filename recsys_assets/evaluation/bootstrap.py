"""How far a mean may be off: the paired bootstrap over users (Efron and Tibshirani 1993, percentile interval).

Users are drawn with replacement, all figures of a drawn user together, so that what makes a user hard for two models
cancels out of their difference, and ratings of one user are never taken for independent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsys_assets.evaluation.errors import EvaluationError

if TYPE_CHECKING:
    import polars as pl

SAMPLES = 2000
DRAWS_AT_ONCE = 1 << 22
"""Users drawn per block of resamples: 32 MiB of indices."""


@dataclass(frozen=True)
class Interval:
    """A figure over `n` users, and the interval [`low`, `high`] of it; of two models, the figure of a - b."""

    mean: float
    low: float
    high: float
    n: int


def paired_bootstrap(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    seed: int,
    samples: int = SAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Interval of the mean of `a` - `b`, (n,) figures of the same users in the same order."""
    if len(a) != len(b) or len(a) == 0:
        raise EvaluationError(f"{len(a)} figures against {len(b)}; give both for the same users, at least one")
    difference = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)

    def mean(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(difference[drawn].mean(axis=1))

    low, high = _resampled(mean, len(difference), seed=seed, samples=samples, confidence=confidence)
    return Interval(float(difference.mean()), low, high, len(difference))


def mean_interval(
    values: NDArray[np.floating], *, seed: int, samples: int = SAMPLES, confidence: float = 0.95
) -> Interval:
    """Interval of the mean of one model's per-user figures (n,)."""
    return paired_bootstrap(values, np.zeros(len(values)), seed=seed, samples=samples, confidence=confidence)


def two_way_bootstrap(
    values: NDArray[np.floating], *, seed: int, samples: int = SAMPLES, confidence: float = 0.95
) -> Interval:
    """Interval of the mean of `values` (trainings, people), rows and columns both drawn with replacement.

    Each drawn row counts with each drawn column (Owen, 2007: at least as wide as it should be).
    """
    rng = np.random.default_rng(seed)
    n_seeds, n_users = values.shape
    rows = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), samples)
    columns = rng.multinomial(n_users, np.full(n_users, 1 / n_users), samples)
    means = np.einsum("ks,su,ku->k", rows, values.astype(np.float64), columns, optimize=True) / values.size
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(values.mean()), float(low), float(high), n_users)


def rmse_interval(errors: pl.DataFrame, *, seed: int, samples: int = SAMPLES, confidence: float = 0.95) -> Interval:
    """Interval of the RMSE over all ratings; `errors` has a user a row: `n` ratings, the sum `squared` of errors^2."""
    squared, n = errors["squared"].to_numpy(), errors["n"].to_numpy()
    return _rmse_interval([(squared, 1.0)], n, seed=seed, samples=samples, confidence=confidence)


def rmse_difference(
    a: pl.DataFrame, b: pl.DataFrame, *, seed: int, samples: int = SAMPLES, confidence: float = 0.95
) -> Interval:
    """Interval of RMSE(a) - RMSE(b) of the same ratings; frames as for `rmse_interval`, with `user_id`."""
    both = a.join(b.select("user_id", other="squared", other_n="n"), on="user_id", how="inner").sort("user_id")
    if not len(a) == len(b) == len(both) or not (both["n"] == both["other_n"]).all():
        raise EvaluationError("errors of different ratings were to be compared; give both for the same ones")
    parts = [(both["squared"].to_numpy(), 1.0), (both["other"].to_numpy(), -1.0)]
    return _rmse_interval(parts, both["n"].to_numpy(), seed=seed, samples=samples, confidence=confidence)


def _rmse_interval(
    parts: list[tuple[NDArray[np.float64], float]],
    n: NDArray[np.int64],
    *,
    seed: int,
    samples: int,
    confidence: float,
) -> Interval:
    """Of the signed sum of the RMSE of `parts`, each (sums of squared errors by user, sign)."""
    if len(n) == 0:
        raise EvaluationError("there is no rating whose error could be resampled")

    def rmse(drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        count = n[drawn].sum(axis=1)
        return np.asarray(sum(sign * np.sqrt(squared[drawn].sum(axis=1) / count) for squared, sign in parts))

    low, high = _resampled(rmse, len(n), seed=seed, samples=samples, confidence=confidence)
    return Interval(float(rmse(np.arange(len(n))[None, :])[0]), low, high, len(n))


def _resampled(
    figure: Callable[[NDArray[np.int64]], NDArray[np.float64]], n: int, *, seed: int, samples: int, confidence: float
) -> tuple[float, float]:
    """Percentile interval of `figure`, which gives (s,) values for users drawn as (s, n)."""
    if not 0 < confidence < 1 or samples < 1:
        raise EvaluationError(f"confidence {confidence} of {samples} samples; give one inside 0-1, of at least 1")
    rng = np.random.default_rng(seed)
    found = np.empty(samples)
    step = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, samples, step):
        block = found[start : start + step]
        block[:] = figure(rng.integers(n, size=(len(block), n)))
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
