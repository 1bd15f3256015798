"""The posterior mean of a factorization machine, as biases and factors.

A factorization machine of features x, w0 + sum_f w_f x_f + sum_{f<g} (v_f . v_g) x_f x_g, whose features are in two
sides, splits into (bias of one side) + (bias of the other) + (factors of one) . (factors of the other), with

    factors = sum_f x_f v_f,    bias = sum_f w_f x_f + (|factors|^2 - sum_f x_f^2 |v_f|^2) / 2.

Over the draws of a Gibbs sampler, biases are averaged; the mean of the products is one product of all draws' factors
side by side, of which the largest singular directions are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.fm_features import Block, Moments

Array = NDArray[np.float64]
PENDING = 2
"""Draws are added up to this many times the rank before they are compressed."""


@dataclass(frozen=True)
class Draw:
    """One draw of all parameters: columns of moments first, then of users, then of movies."""

    mean: float
    weights: Array
    """w (d,)."""
    factors: Array
    """v (d, f)."""
    group_weights: Array
    """Prior means (n_groups,) of w."""
    group_factors: Array
    """Prior means (n_groups, f) of v."""


@dataclass(frozen=True)
class Side:
    """`bias` (n,) and `factors` (n, f) of n rows."""

    bias: Array
    factors: Array

    @classmethod
    def of(cls, block: Block, weights: Array, factors: Array) -> Self:
        x = block.values
        total = x @ factors
        own = x.multiply(x) @ (factors**2).sum(axis=1)
        return cls(x @ weights + ((total**2).sum(axis=1) - own) / 2, total)

    def take(self, rows: NDArray[np.integer]) -> Side:
        return Side(self.bias[rows], self.factors[rows])

    def join(self, weights: Array | float, factors: Array) -> Side:
        """One more feature each, of value 1."""
        return Side(self.bias + weights + (self.factors * factors).sum(axis=1), self.factors + factors)


def rows_of(draw: Draw, users: Block, moments: Moments) -> Side:
    """Rows of users and of their moments, each with all shorter moments at the mean of their kind."""
    sizes = [len(k) for k in moments.keys]
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(int)
    columns = slice(starts[-1], starts[-1] + users.values.shape[1])
    levels = [Side.of(users, draw.weights[columns], draw.factors[columns])]
    for parents, start, stop in zip(moments.parents, starts[:-1], starts[1:], strict=True):
        levels.append(levels[-1].take(parents).join(draw.weights[start:stop], draw.factors[start:stop]))
    for group in range(len(sizes)):
        for level in range(group + 1):
            levels[level] = levels[level].join(draw.group_weights[group], draw.group_factors[group])
    return Side(np.concatenate([s.bias for s in levels]), np.concatenate([s.factors for s in levels]))


class MeanProduct:
    """The mean over draws of left @ right.T, as one product of at most `rank` columns."""

    def __init__(self, rank: int) -> None:
        self.rank, self.draws = rank, 0
        self.parts: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def add(self, left: Array, right: Array) -> None:
        self.parts.append((left.astype(np.float32), right.astype(np.float32)))
        self.draws += 1
        if sum(part.shape[1] for part, _ in self.parts) > (1 + PENDING) * self.rank:
            self._compress()

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Left (n, r) and right (m, r), float32."""
        self._compress()
        left, right = self.parts[0]
        return left / np.float32(self.draws), right

    def _compress(self) -> None:
        left, right = (np.concatenate(side, axis=1) for side in zip(*self.parts, strict=True))
        left_back, left_root = _root(left)
        right_back, right_root = _root(right)
        u, s, vt = np.linalg.svd(left_root.T @ right_root, full_matrices=False)
        kept = slice(0, self.rank)
        scale = np.sqrt(s[kept])
        self.parts = [(_turned(left, left_back, u[:, kept] * scale), _turned(right, right_back, vt[kept].T * scale))]


def _root(side: NDArray[np.float32]) -> tuple[Array | None, Array]:
    """B and R with side = Q R', Q = side B orthonormal; None for B where Q is the identity."""
    if len(side) <= side.shape[1]:
        return None, side.T.astype(np.float64)
    values, vectors = np.linalg.eigh((side.T @ side).astype(np.float64))
    root = np.sqrt(np.maximum(values, 1e-7 * max(values[-1], 1e-30)))
    return vectors / root, vectors * root


def _turned(side: NDArray[np.float32], back: Array | None, onto: Array) -> NDArray[np.float32]:
    return onto.astype(np.float32) if back is None else side @ (back @ onto).astype(np.float32)


@dataclass(frozen=True)
class Centred:
    """mean + row_bias + movie_bias + row_factors . movie_factors, with means over users and rated movies moved out:
    an unknown user, or an unknown movie, is one with no bias and no factors."""

    mean: float
    row_bias: NDArray[Any]
    row_factors: NDArray[Any]
    movie_bias: NDArray[Any]
    movie_factors: NDArray[Any]


class Posterior:
    """Adds up draws."""

    def __init__(self, users: Block, movies: Block, moments: Moments, *, rank: int) -> None:
        self.users, self.movies, self.moments = users, movies, moments
        self.product = MeanProduct(rank)
        self.mean = 0.0
        self.row_bias = np.zeros(moments.n_users + sum(map(len, moments.keys)))
        self.movie_bias = np.zeros(movies.values.shape[0])

    def add(self, draw: Draw) -> None:
        rows = rows_of(draw, self.users, self.moments)
        n = self.movies.values.shape[1]
        movies = Side.of(self.movies, draw.weights[-n:], draw.factors[-n:])
        self.mean += draw.mean
        self.row_bias += rows.bias
        self.movie_bias += movies.bias
        self.product.add(rows.factors, movies.factors)

    def centred(self, users: NDArray[np.bool_], movies: NDArray[np.bool_]) -> Centred:
        """The mean of all draws; `users` and `movies` say over which means are taken."""
        n, draws = self.moments.n_users, self.product.draws
        p, q = self.product.result()
        mean, a, b = self.mean / draws, self.row_bias / draws, self.movie_bias / draws
        middle = p[:n][users].mean(axis=0)
        b, p = b + q @ middle, p - middle
        middle = q[movies].mean(axis=0)
        a, q = a + p @ middle, q - middle
        shift_a, shift_b = a[:n][users].mean(), b[movies].mean()
        a, b = (a - shift_a).astype(np.float32), (b - shift_b).astype(np.float32)
        return Centred(float(mean + shift_a + shift_b), a, np.ascontiguousarray(p), b, np.ascontiguousarray(q))
