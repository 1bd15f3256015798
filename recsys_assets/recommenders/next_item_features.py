"""What a candidate for the next movie is told by, beside the scores of models: its own facts and the last movies'.

    known     log(1 + number of ratings)
    trend     log(1 + number of ratings within 30 days of the user's last)
    genres    cosine between its genres and those of the last movies
    years     log(1 + years between it and the mean of the last movies)

The last movies count 0.8 times less with each later one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl
from scipy import sparse

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.history_weights import ages

FACTS = {
    "known": "how many people rated it",
    "trend": "how many people rated it in these weeks",
    "genres": "its genres, beside those of the last movies",
    "years": "how far its year is from those of the last movies",
}
"""Name of each fact, and what it means to the person who is shown it."""

TREND_DAYS = 30
DAY = 86_400
DAYS = 1 << 20
"""More days than any time has."""
RECENCY = 0.8


@dataclass(frozen=True)
class MovieFacts:
    """Facts of n movies."""

    known: FloatArray
    days: IntArray
    """Sorted keys `movie * DAYS + day` of every rating."""
    years: FloatArray
    genres: sparse.csr_matrix
    """(n, n_genres), rows of length 1 or 0."""

    @classmethod
    def of(cls, histories: Histories, catalogue: pl.DataFrame) -> Self:
        n = len(catalogue)
        counts = np.bincount(histories.movies, minlength=n)
        year = catalogue["year"].cast(pl.Float32)
        middle = float(np.nanmedian(year.drop_nulls().to_numpy())) if year.count() else 0.0
        return cls(
            np.log1p(counts).astype(np.float32),
            np.sort(histories.movies.astype(np.int64) * DAYS + _days(histories.timestamps)),
            year.fill_null(middle).to_numpy(),
            _genres(catalogue["genres"]),
        )

    def features(self, before: Histories, candidates: IntArray) -> FloatArray:
        """(b, c, 4) in the order of `FACTS` for candidates (b, c) after the histories of b users, none empty."""
        last_day = _days(before.timestamps[before.indptr[1:] - 1])[:, None]
        key = candidates * DAYS
        early = np.maximum(last_day - TREND_DAYS, 0)
        late = np.minimum(last_day + TREND_DAYS, DAYS - 1)
        trend = np.searchsorted(self.days, key + late, "right") - np.searchsorted(self.days, key + early)
        recent = self._recent(before)
        tastes = (recent @ self.genres).toarray()
        tastes /= np.maximum(np.linalg.norm(tastes, axis=1, keepdims=True), 1e-9)
        if len(before) == 1:
            shared = (self.genres @ tastes[0])[candidates]
        else:
            rows = np.repeat(np.arange(len(before)), candidates.shape[1])
            shared = self.genres[candidates.ravel()].multiply(tastes[rows]).sum(axis=1)
        years = np.abs(self.years[candidates] - (recent @ self.years)[:, None])
        columns = self.known[candidates], np.log1p(trend), np.asarray(shared).reshape(candidates.shape), np.log1p(years)
        return np.stack(columns, axis=2).astype(np.float32)

    def _recent(self, before: Histories) -> sparse.csr_matrix:
        """What each of the last movies counts for (b, n); rows add up to 1."""
        weights = RECENCY ** ages(before).astype(np.float64)
        total = np.bincount(before.rows, weights, len(before))
        return replace(before, ratings=(weights / total[before.rows]).astype(np.float32)).matrix(len(self.known))


def _days(timestamps: IntArray) -> IntArray:
    return np.clip(timestamps // DAY, 0, DAYS - 1)


def _genres(genres: pl.Series) -> sparse.csr_matrix:
    listed = pl.DataFrame({"genre": genres}).with_row_index("movie").explode("genre").drop_nulls().unique()
    names = listed["genre"].cast(pl.String).unique().sort().to_numpy()
    column = np.searchsorted(names, listed["genre"].cast(pl.String).to_numpy())
    row = listed["movie"].to_numpy().astype(np.int64)
    size = np.bincount(row, minlength=len(genres))
    values = (size[row] ** -0.5).astype(np.float32)
    return sparse.csr_matrix((values, (row, column)), shape=(len(genres), max(len(names), 1)))
