"""What movies are, as one short fixed vector each."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from recsys_assets.recommenders.content_fields import FieldWeights, movie_vectors
from recsys_assets.recommenders.data import FloatArray

YEARS = np.arange(1920, 2031, 10)
"""Centres of the bumps that a year is described by."""
WIDTH = 10.0


def content_vectors(catalogue: pl.DataFrame, weights: FieldWeights, *, dim: int) -> FloatArray:
    """(n_movies, dim + years) of mean square 1 in each of the two parts; zeros where nothing is known."""
    return np.hstack([_scaled(_reduced(movie_vectors(catalogue, weights), dim)), _scaled(_years(catalogue))])


def _reduced(vectors: sparse.csr_matrix, dim: int) -> FloatArray:
    """Left singular vectors times their values; columns beyond the rank are zero."""
    reduced = np.zeros((vectors.shape[0], dim), dtype=np.float32)
    rank = min(dim, *vectors.shape)
    if vectors.nnz:
        from sklearn.utils.extmath import randomized_svd

        left, values, _ = randomized_svd(vectors, rank, random_state=0)
        reduced[:, :rank] = left * values
    return reduced


def _years(catalogue: pl.DataFrame) -> FloatArray:
    years = catalogue["year"].cast(pl.Float32).to_numpy()[:, None]
    return np.nan_to_num(np.exp(-0.5 * ((years - YEARS) / WIDTH) ** 2)).astype(np.float32)


def _scaled(vectors: FloatArray) -> FloatArray:
    return (vectors / max(float(np.sqrt(np.square(vectors).mean())), 1e-9)).astype(np.float32)
