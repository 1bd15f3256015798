"""Conditional logit: which weights make the chosen of several candidates the most likely (McFadden, 1974).

    P(y | candidates) = exp(w . x_y) / sum_c exp(w . x_c),    w = argmin mean(-log P) + regularization |w * s|^2

with s the standard deviation of each feature. It is what a linear model of rankings learns from softmax loss; the
problem is convex, so there is one answer and no seed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, IntArray

MOST_STEPS = 100


def choice_weights(features: FloatArray, chosen: IntArray, *, regularization: float) -> FloatArray:
    """w (n_features,) from features (n, n_candidates, n_features) and the place of the chosen candidate (n,)."""
    from scipy.optimize import minimize

    n, _, width = features.shape
    spread = np.maximum(features.std(axis=(0, 1), dtype=np.float64), 1e-6).astype(np.float32)
    x = (features - features.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)) / spread
    taken = x[np.arange(n), chosen].mean(axis=0, dtype=np.float64)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        utility = x @ w.astype(np.float32)
        utility -= utility.max(axis=1, keepdims=True)
        share = np.exp(utility)
        total = share.sum(axis=1, keepdims=True)
        share /= total
        missed = np.log(total[:, 0]) - utility[np.arange(n), chosen]
        expected = (share.reshape(-1) @ x.reshape(-1, width)) / n
        value = float(missed.mean(dtype=np.float64)) + regularization * float(w @ w)
        return value, expected - taken + 2 * regularization * w

    found = minimize(loss, np.zeros(width), jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
    return (found.x / spread).astype(np.float32)
