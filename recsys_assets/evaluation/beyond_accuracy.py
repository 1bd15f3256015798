"""What a list is worth beside hits: how much of the catalogue is shown, how varied it is, how little known.

All take lists `ranked` (n, k) of movie ids, -1 where nothing was shown.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.recommenders.data import Ids, IntArray


def coverage(ranked: IntArray, movies: IntArray) -> float:
    """Share of the catalogue `movies` (m,) that at least one user was shown; 0 for an empty catalogue."""
    shown = np.intersect1d(ranked[ranked >= 0], movies)
    return len(shown) / len(np.unique(movies)) if len(movies) else 0.0


def diversity(ranked: IntArray, catalogue: pl.DataFrame) -> float:
    """Intra-list diversity: 1 - the mean cosine of the genre vectors of all pairs of a list, averaged over lists.

    `catalogue` has `movie_id` and `genres`; a movie without genres, or not in it, is unlike every other (cosine 0).
    Lists of fewer than two movies do not count; 0 where no other is left. (Ziegler et al., WWW 2005.)

    With unit vectors v, the sum over ordered pairs of v_i . v_j is |sum v|^2 - sum |v|^2.
    """
    ids, vectors = _genre_vectors(catalogue)
    length = (ranked >= 0).sum(axis=1)
    column = ids.index(ranked)
    listed = (ranked >= 0) & (column >= 0)
    rows, _ = np.nonzero(listed)
    chosen = sparse.csr_matrix(
        (np.ones(len(rows)), (rows, column[listed])), shape=(len(ranked), len(ids)), dtype=np.float64
    )
    total = np.square(np.asarray(chosen @ vectors)).sum(axis=1) - chosen @ np.square(vectors).sum(axis=1)
    varied = length >= 2
    if not varied.any():
        return 0.0
    pairs = length[varied] * (length[varied] - 1)
    return float(np.mean(1.0 - total[varied] / pairs))


def novelty(ranked: IntArray, rated: IntArray, *, n_users: int) -> float:
    """Mean self-information, bits, of the movies shown: -log2((raters + 1) / (n_users + 1)).

    `rated` holds the movie of every training rating, `n_users` counts the training users. The 1 smooths: a movie that
    all rated has 0 bits, one that nobody rated log2(n_users + 1). (Zhou et al., PNAS 2010.) 0 where nothing is shown.
    """
    movies = Ids.of(ranked.ravel(), rated)
    raters = np.bincount(movies.index(rated), minlength=len(movies))
    bits = -np.log2((raters + 1) / (n_users + 1))
    shown = ranked[ranked >= 0]
    return float(np.mean(bits[movies.index(shown)])) if len(shown) else 0.0


def _genre_vectors(catalogue: pl.DataFrame) -> tuple[Ids, NDArray[np.float64]]:
    """Ids (m,) and unit vectors (m, genres) of the movies that have genres."""
    pairs = catalogue.select("movie_id", genre="genres").explode("genre").drop_nulls().unique()
    ids = Ids.of(pairs["movie_id"].to_numpy())
    names = pairs["genre"].unique().sort().cast(pl.String)
    codes = names.search_sorted(pairs["genre"].cast(pl.String)).to_numpy()
    vectors = np.zeros((len(ids), max(1, len(names))))
    vectors[ids.index(pairs["movie_id"].to_numpy()), codes] = 1.0
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return ids, vectors / np.where(norms > 0, norms, 1.0)
