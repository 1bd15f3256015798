"""What a list is worth beside hits: how much of the catalogue is shown, how varied and how little known it is, whether
it keeps to the user's own mix of genres, and whether it favours what is popular anyway.

All take lists `ranked` (n, k) of movie ids, -1 where nothing was shown.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.recommenders.data import Histories, Ids, IntArray

SMOOTHING = 0.01
"""Share of the history's genres mixed into the list's, so that a genre which the list lacks costs no infinity."""


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


def calibration(
    ranked: IntArray, histories: Histories, movies: Ids, catalogue: pl.DataFrame, *, smoothing: float = SMOOTHING
) -> NDArray[np.float64]:
    """Miscalibration (n,) in nats of each list, 0 where its genres are mixed as in the user's history; NaN where either
    has no genre. (Steck, RecSys 2018.)

    KL(p | q') = sum_g p_g log(p_g / q'_g),    q' = (1 - a) q + a p,    a = `smoothing`

    where p and q are the means, over the movies with genres of history and list, of 1 / (genres of the movie) for each
    of its genres. `histories` (n rows) are of indices into `movies`. The worst is log(1 / a).
    """
    ids, shares = _genre_shares(catalogue)
    column = ids.index(ranked)
    rows, places = np.nonzero((ranked >= 0) & (column >= 0))
    listed = _mixture(rows, column[rows, places], len(ranked), shares)
    known = ids.index(movies.values)[histories.movies]
    taste = _mixture(histories.rows[known >= 0], known[known >= 0], len(ranked), shares)
    smoothed = (1 - smoothing) * listed + smoothing * taste
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(taste > 0, taste * np.log(taste / smoothed), 0.0)
    both = (taste.sum(axis=1) > 0) & (listed.sum(axis=1) > 0)
    return np.where(both, np.maximum(terms.sum(axis=1), 0.0), np.nan)


def popularity(ranked: IntArray, rated: IntArray, *, n_users: int) -> NDArray[np.float64]:
    """Average popularity (n,) of each list: the mean share of the `n_users` training users who rated a shown movie.

    `rated` holds the movie of every training rating. NaN where nothing is shown. (ARP; Abdollahpouri et al., 2019.)
    """
    movies = Ids.of(ranked.ravel(), rated)
    share = np.bincount(movies.index(rated), minlength=len(movies)) / max(1, n_users)
    shown = ranked >= 0
    with np.errstate(invalid="ignore"):
        return np.asarray((share[movies.index(ranked)] * shown).sum(axis=1) / shown.sum(axis=1), dtype=np.float64)


def popularity_lift(shown: NDArray[np.float64], known: NDArray[np.float64]) -> float | None:
    """How much more popular the lists are than what their users had rated: mean(shown) / mean(known) - 1.

    Both (n,) as `popularity` gives them, of the same users; who lacks either does not count. 0: lists are as popular as
    histories; 1: twice as popular. None where nobody has both. (Delta GAP; Abdollahpouri et al., 2019.)
    """
    both = np.isfinite(shown) & np.isfinite(known)
    if not both.any() or not known[both].any():
        return None
    return float(shown[both].mean() / known[both].mean() - 1)


def history_popularity(histories: Histories, raters: IntArray, *, n_users: int) -> NDArray[np.float64]:
    """`popularity` (n,) of histories; `raters` (m,) counts who rated each of the movies that they are indices of."""
    total = np.bincount(histories.rows, weights=raters[histories.movies], minlength=len(histories))
    with np.errstate(invalid="ignore"):
        return np.asarray(total / histories.lengths / max(1, n_users), dtype=np.float64)


def gini(ranked: IntArray, movies: IntArray) -> float:
    """Gini coefficient of how often each movie of the catalogue `movies` (m,) is shown, over all lists.

    0: all equally often; 1 - 1 / m: one movie alone. 0 for an empty catalogue, or where nothing is shown.
    """
    known = Ids.of(movies)
    column = known.index(ranked[ranked >= 0])
    shown = np.sort(np.bincount(column[column >= 0], minlength=len(known))).astype(np.float64)
    if not shown.sum():
        return 0.0
    m = len(shown)
    return float((2 * np.arange(1, m + 1) - m - 1) @ shown / (m * shown.sum()))


def _mixture(rows: IntArray, movies: IntArray, n: int, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean genre shares (n, genres) of each row's movies; zeros for a row without any."""
    chosen = sparse.csr_matrix((np.ones(len(rows)), (rows, movies)), shape=(n, len(shares)))
    count = np.bincount(rows, minlength=n)
    return np.asarray(chosen @ shares) / np.maximum(count, 1)[:, None]


def _genre_shares(catalogue: pl.DataFrame) -> tuple[Ids, NDArray[np.float64]]:
    """Ids (m,) and shares (m, genres), each row adding up to 1, of the movies that have genres."""
    ids, vectors = _genre_vectors(catalogue)
    return ids, vectors / np.maximum(vectors.sum(axis=1, keepdims=True), 1e-12)


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
