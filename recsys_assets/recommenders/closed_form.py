"""The maths of linear item-item autoencoders in closed form, in float32 and in place.

With Z (users x movies) and P = (Z'Z + lambda I)^-1, the weights B that minimize |Z - Z B|^2 + lambda |B|^2 with a zero
diagonal are B_ji = -P_ji / P_ii off the diagonal (Steck, WWW 2019). Memory: one movies x movies float32 matrix.
"""

from __future__ import annotations

import time

import numpy as np
from scipy import linalg, sparse

from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray
from recsys_assets.recommenders.results import ModelError

BLOCK_ELEMENTS = 1 << 24
"""Values of a dense block, 64 MiB."""
DENSE_GAIN = 300
"""Dense multiplications done in the time of one sparse one."""
MANY = 5_000
"""Movies from which an inverse takes so long that it is told of."""
DENSE_SHARE = 0.02
"""Share of values that are not 0 from which a sparse matrix is multiplied as a dense one."""
DENSE_ROWS = 32
"""Rows from which that pays: a dense product reads all weights, of however few rows, a sparse one those it needs."""


def gram(z: sparse.csr_matrix, progress: Progress = silent) -> FloatArray:
    """The lower triangle of Z'Z (m, m) in Fortran order; what is above it is undefined."""
    users, movies = z.shape
    products = float(np.square(np.diff(z.indptr), dtype=np.float64).sum())
    if users * movies**2 < DENSE_GAIN * products:
        return _dense_gram(z)
    found = np.empty((movies, movies), dtype=np.float32, order="F")
    movies_by_user, by_movie, step = z.T.tocsr(), z.tocsc(), max(1, BLOCK_ELEMENTS // movies)
    told = time.monotonic()
    for start in range(0, movies, step):
        block = by_movie[:, start : start + step].tocsr()
        found[start:, start : start + step] = (movies_by_user[start:] @ block).toarray()
        if time.monotonic() - told > 2:
            told = time.monotonic()
            progress(f"pairs of {min(start + step, movies):,} of {movies:,} movies counted")
    return found


def inverse(gram: FloatArray) -> FloatArray:
    """The inverse of a symmetric positive definite matrix given by its lower triangle in Fortran order, in place."""
    factor, fault = linalg.lapack.spotrf(gram, lower=1, clean=0, overwrite_a=1)
    if fault == 0:
        factor, fault = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if fault:
        raise ModelError("the Gram matrix can't be inverted in float32; use a larger `regularization`")
    _mirror(factor)
    return factor


def autoencoder(
    z: sparse.csr_matrix, regularization: float, progress: Progress = silent
) -> tuple[FloatArray, FloatArray]:
    """P (m, m) above, and its diagonal (m,).

    Of fewer users than movies, by Woodbury's identity lambda P = I - Z'(ZZ' + lambda I)^-1 Z: the smaller inverse.
    """
    users, movies = z.shape
    if 2 * users < movies:
        inner = inverse(_with_ridge(gram(z.T.tocsr()), regularization))
        dense = z.toarray()
        precision = linalg.blas.sgemm(-1.0 / regularization, dense.T, (inner @ dense).T, trans_b=1)
        precision[np.diag_indices(movies)] += np.float32(1.0 / regularization)
    else:
        matrix = _with_ridge(gram(z, progress), regularization)
        if movies > MANY:
            progress(f"inverting a matrix of {movies:,} x {movies:,}")
        precision = inverse(matrix)
    return precision, precision.diagonal().copy()


def multiplied(x: sparse.csr_matrix, weights: FloatArray) -> FloatArray:
    """x @ weights (n, m): as a dense product where x has many rows and holds enough."""
    if x.shape[0] >= DENSE_ROWS and x.nnz > DENSE_SHARE * x.shape[0] * x.shape[1]:
        return np.asarray(x.toarray() @ weights, dtype=np.float32)
    return np.asarray(x @ weights, dtype=np.float32)


def _with_ridge(matrix: FloatArray, regularization: float) -> FloatArray:
    matrix[np.diag_indices(len(matrix))] += np.float32(regularization)
    return matrix


def _dense_gram(z: sparse.csr_matrix) -> FloatArray:
    users, movies = z.shape
    found = np.zeros((movies, movies), dtype=np.float32, order="F")
    step = max(1, BLOCK_ELEMENTS // movies)
    for start in range(0, users, step):
        block = z[start : start + step].toarray()
        found = linalg.blas.ssyrk(1.0, block.T, beta=1.0, c=found, lower=1, overwrite_c=1)
    return found


def _mirror(lower: FloatArray, *, step: int = 1024) -> None:
    """Copy the lower triangle into the upper one, in place."""
    for start in range(0, len(lower), step):
        stop = start + step
        square = lower[start:stop, start:stop]
        square[...] = np.tril(square) + np.tril(square, -1).T
        lower[start:stop, stop:] = lower[stop:, start:stop].T
