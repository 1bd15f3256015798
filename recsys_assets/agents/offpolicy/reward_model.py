"""A model of rewards for the direct and doubly robust estimators: ridge regression, cross-fitted over users.

Each decision is judged by a model that saw nothing of its user: a model that had would know the noise of the very
reward it is to be compared with, and make the estimate surer than it is (Chernozhukov et al., 2018).
"""

from __future__ import annotations

import numpy as np

from recsys_assets.agents.offpolicy.logs import DecisionLog, Floats, RewardModel
from recsys_assets.recommenders.data import FloatArray, IntArray

FOLDS = 5


def fit_reward_model(
    log: DecisionLog,
    features: FloatArray,
    target: FloatArray,
    *,
    folds: int = FOLDS,
    ridge: float = 1.0,
    seed: int = 0,
) -> RewardModel:
    """`features` (n, k, d) of each candidate at its moment, `target` (n, k) as in `DecisionLog.matched`.

    Of a linear model the mean of predictions is the prediction of the mean. What the policy shows beyond the candidates
    is taken to be like what it shows of them. Raises ValueError where there are fewer users than `folds`.
    """
    shown = features[np.arange(len(log)), log.places]
    share = target / np.maximum(target.sum(axis=1, keepdims=True), 1e-12)
    wanted = np.einsum("nk,nkd->nd", share, features)
    return cross_fitted(log.users, shown, wanted, log.rewards, folds=folds, ridge=ridge, seed=seed)


def cross_fitted(
    users: IntArray,
    shown: Floats,
    wanted: Floats,
    rewards: Floats,
    *,
    folds: int = FOLDS,
    ridge: float = 1.0,
    seed: int = 0,
) -> RewardModel:
    """`shown`, `wanted` (n, d): features of what was shown, and their mean over what the policy would show."""
    rows = np.unique(users, return_inverse=True)[1]
    if int(rows.max()) + 1 < folds:
        raise ValueError(f"{int(rows.max()) + 1} users are too few for {folds} folds; log more, or ask for fewer")
    fold = (np.random.default_rng(seed).permutation(int(rows.max()) + 1) % folds)[rows]
    shown, wanted = shown.astype(np.float64), wanted.astype(np.float64)
    taken, expected = np.zeros(len(rows)), np.zeros(len(rows))
    for number in range(folds):
        inside = fold == number
        level, theta = _ridge(shown[~inside], rewards[~inside], ridge)
        taken[inside], expected[inside] = level + shown[inside] @ theta, level + wanted[inside] @ theta
    return RewardModel(taken, expected)


def _ridge(x: Floats, y: Floats, ridge: float) -> tuple[float, Floats]:
    """Intercept, which is free, and weights of standardized columns."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    z, level = (x - mean) / scale, float(y.mean())
    theta = np.linalg.solve(z.T @ z + ridge * np.eye(z.shape[1]), z.T @ (y - level)) / scale
    return level - float(mean @ theta), theta
