"""Matrix factorization by variational Bayes: how far ratings bear tastes out, neither more nor less.

    r(u, i) = mean + b_i + b_u + q_i . p_u + noise
    (b_u, p_u) ~ N(0, S_u),  b_i ~ N(0, s_b),  q_i ~ N(0, I),  noise ~ N(0, s2)

Users and movies are Gaussians with covariances, updated in turn in closed form; S_u, s_b and s2 by maximizing the bound
(Lim and Teh, KDD Cup 2007; Nakajima et al., JMLR 2013). A factorization by gradient descent explains its own training
ratings too well, and simulated people made of it would be surer of their tastes than anybody is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import Histories

Array = NDArray[np.float64]


@dataclass
class Side:
    """Gaussians of one side: `mean` (n, w), `covariance` (n, w, w) of (bias, factors), around 0 with `prior` (w, w)."""

    mean: Array
    covariance: Array
    prior: Array


@dataclass(frozen=True)
class Factorization:
    """`users` and `movies` of the fit, the ratings' `mean`, and `noise`, the variance s2 in squared rating points."""

    mean: float
    users: Side
    movies: Side
    noise: float


def factorize(
    histories: Histories, n_movies: int, *, factors: int, rounds: int, seed: int, progress: Progress = silent
) -> Factorization:
    """Fit on all ratings of `histories`; `rounds` of both sides."""
    rng, width = np.random.default_rng(seed), factors + 1
    ratings = histories.matrix(n_movies).astype(np.float64)
    mean = float(ratings.data.mean()) if ratings.nnz else 3.5
    users = Side(np.zeros((len(histories), width)), _alike(len(histories), 0.1 * np.eye(width)), 0.2 * np.eye(width))
    movies = Side(rng.normal(0, 0.3, (n_movies, width)), _alike(n_movies, 0.1 * np.eye(width)), np.eye(width))
    movies.mean[:, 0] = 0
    by_movie, noise = ratings.T.tocsr(), 1.0
    for number in range(rounds):
        _update(users, movies, ratings, mean, noise)
        users.prior = _second_moment(users)
        _update(movies, users, by_movie, mean, noise)
        movies.prior[0, 0] = _second_moment(movies)[0, 0]
        noise = _noise(users, movies, ratings, mean)
        if (number + 1) % 10 == 0:
            progress(f"tastes: round {number + 1}/{rounds}, noise {noise**0.5:.4f} rating points")
    return Factorization(mean, users, movies, noise)


def expected_products(other: Side) -> tuple[Array, Array]:
    """Of a = (1, factors) of each of n: E[a a'] (n, w, w), and E[a bias] - E[a] E[bias] (n, w)."""
    design = _design(other)
    products = design[:, :, None] * design[:, None, :]
    products[:, 1:, 1:] += other.covariance[:, 1:, 1:]
    cross = np.zeros_like(design)
    cross[:, 1:] = other.covariance[:, 1:, 0]
    return products, cross


def _update(side: Side, other: Side, ratings: sparse.csr_matrix, mean: float, noise: float) -> None:
    """Each row of `side` given all of `other`: sums over ratings are products with a sparse matrix."""
    width = side.mean.shape[1]
    products, cross = expected_products(other)
    seen = ratings.copy()
    seen.data = np.ones_like(seen.data)
    residual = ratings.copy()
    residual.data = residual.data - mean - other.mean[residual.indices, 0]
    gram = (seen @ products.reshape(len(products), -1)).reshape(-1, width, width) / noise
    target = (residual @ _design(other) - seen @ cross) / noise
    side.covariance = np.linalg.inv(gram + np.linalg.inv(side.prior))
    side.mean = np.einsum("nij,nj->ni", side.covariance, target)


def _noise(users: Side, movies: Side, ratings: sparse.csr_matrix, mean: float) -> float:
    """E[(r - prediction)^2] under both sides' Gaussians."""
    coo = ratings.tocoo()
    squares = 0.0
    for start in range(0, coo.nnz, 1 << 16):
        u, i, r = (x[start : start + (1 << 16)] for x in (coo.row, coo.col, coo.data))
        a, d = _design(movies)[i], _design(users)[u]
        error = r - mean - movies.mean[i, 0] - np.einsum("ni,ni->n", a, users.mean[u])
        spread = np.einsum("ni,nij,nj->n", a, users.covariance[u], a)
        spread += np.einsum("ni,nij,nj->n", d, movies.covariance[i], d)
        spread += np.einsum("nij,nij->n", users.covariance[u, 1:, 1:], movies.covariance[i, 1:, 1:])
        squares += float((error**2 + spread).sum())
    return squares / max(1, coo.nnz)


def _second_moment(side: Side) -> Array:
    moment: Array = (side.mean.T @ side.mean + side.covariance.sum(axis=0)) / max(1, len(side.mean))
    return moment + 1e-6 * np.eye(len(moment))


def _design(side: Side) -> Array:
    return np.concatenate([np.ones((len(side.mean), 1)), side.mean[:, 1:]], axis=1)


def _alike(n: int, one: Array) -> Array:
    return np.broadcast_to(one, (n, *one.shape)).copy()
