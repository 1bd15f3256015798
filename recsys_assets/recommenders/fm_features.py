"""What the factorization machine knows: of a user, of a movie, and of the moment at which one rates the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from recsys_assets.recommenders.data import Histories, IntArray, TrainingData

AGE_YEARS = 10
"""Ages are known to the decade."""
USER_STRIDE, BUCKET_LIMIT = 1 << 34, 1 << 33
"""A key is user * stride + limit + bucket; buckets, seconds since 1970 over a scale, are held within the limit."""


@dataclass(frozen=True)
class Block:
    """Features of users, or of movies: `values` (n, d), and how many columns each group of features has."""

    values: sparse.csr_matrix
    groups: tuple[int, ...]

    @classmethod
    def of(cls, groups: Sequence[sparse.csr_matrix]) -> Self:
        """Side by side, without groups of no column."""
        kept = [g for g in groups if g.shape[1]]
        return cls(sparse.hstack(kept, format="csr", dtype=np.float64), tuple(g.shape[1] for g in kept))


def user_block(data: TrainingData, histories: Histories) -> Block:
    """Who it is, which movies they rated, age to the decade, gender and occupation."""
    people = data.people.select(pl.col("age") // AGE_YEARS, "gender", "occupation")
    rated = _ones(histories.matrix(len(data.movies)))
    return Block.of([_identity(len(histories)), _unit_rows(rated), *(_one_hot(column) for column in people)])


def movie_block(data: TrainingData, histories: Histories) -> Block:
    """Which it is, which users rated it, its genres and decade."""
    raters = _ones(histories.matrix(len(data.movies))).T.tocsr()
    decade = data.catalogue["year"] // 10
    genres = _many_hot(data.catalogue["genres"])
    return Block.of([_identity(len(data.movies)), _unit_rows(raters), _unit_rows(genres), _one_hot(decade)])


@dataclass(frozen=True)
class Moments:
    """The nested moments at which users rated: each user's days, a day's quarters of an hour, and so on.

    Rows of the users come first, then those of each level's moments, in the order of their keys.
    """

    scales: tuple[int, ...]
    """Seconds, longest first."""
    keys: tuple[IntArray, ...]
    """For each scale the ascending keys of user and bucket of time that hold a rating."""
    n_users: int

    @classmethod
    def of(cls, histories: Histories, scales: tuple[int, ...]) -> Self:
        keys = [np.unique(_keys(histories.rows, histories.timestamps, scale)) for scale in scales]
        return cls(scales, tuple(keys), len(histories))

    @property
    def parents(self) -> list[IntArray]:
        """For each level, the place of each moment's longer moment among its level, or the user."""
        found: list[IntArray] = []
        for level, keys in enumerate(self.keys):
            users, buckets = np.divmod(keys, USER_STRIDE)
            if level == 0:
                found.append(users)
                continue
            start = (buckets - BUCKET_LIMIT) * self.scales[level]
            found.append(np.searchsorted(self.keys[level - 1], _keys(users, start, self.scales[level - 1])))
        return found

    def one_hot(self, histories: Histories) -> sparse.csr_matrix:
        """(n_ratings, moments of all levels): a one for the moment of each level."""
        rows, times = histories.rows, histories.timestamps
        places = [np.searchsorted(k, _keys(rows, times, s)) for k, s in zip(self.keys, self.scales, strict=True)]
        levels = [_places(p, len(k)) for p, k in zip(places, self.keys, strict=True)]
        return sparse.hstack(levels, format="csr") if levels else sparse.csr_matrix((len(rows), 0))

    def locate(self, users: IntArray, times: IntArray) -> IntArray:
        """The row of the shortest moment known that holds each time, else that of the user; -1 where user is -1."""
        rows, start = users.copy(), self.n_users
        for keys, scale in zip(self.keys, self.scales, strict=True):
            asked = _keys(users, times, scale)
            place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
            known = (users >= 0) & (keys[place] == asked)
            rows[known] = start + place[known]
            start += len(keys)
        return rows


def _keys(users: IntArray, times: IntArray, scale: int) -> IntArray:
    buckets = np.clip(times // scale, -BUCKET_LIMIT, BUCKET_LIMIT - 1)
    return users * USER_STRIDE + BUCKET_LIMIT + buckets


def _identity(n: int) -> sparse.csr_matrix:
    return sparse.identity(n, format="csr")


def _ones(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    matrix.data[:] = 1
    return matrix


def _unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Each row of zeros and ones over the root of its sum."""
    count = np.maximum(np.diff(matrix.indptr), 1)
    return sparse.csr_matrix(sparse.diags(1 / np.sqrt(count)) @ matrix)


def _one_hot(column: pl.Series) -> sparse.csr_matrix:
    """A column for each value; nothing where it is null."""
    values = column.drop_nulls().unique().sort()
    rows = np.flatnonzero(column.is_not_null().to_numpy())
    return _entries(rows, values.search_sorted(column.drop_nulls()).to_numpy(), (len(column), len(values)))


def _many_hot(lists: pl.Series) -> sparse.csr_matrix:
    """A column for each value that is in any of the lists."""
    pairs = pl.DataFrame({"row": np.arange(len(lists)), "value": lists}).explode("value").drop_nulls().unique()
    pairs = pairs.sort("row", "value")
    values = pairs["value"].unique().sort()
    columns = values.search_sorted(pairs["value"]).to_numpy() if len(values) else np.empty(0, dtype=np.int64)
    return _entries(pairs["row"].to_numpy(), columns, (len(lists), len(values)))


def _places(places: IntArray, width: int) -> sparse.csr_matrix:
    return _entries(np.arange(len(places)), places, (len(places), width))


def _entries(rows: NDArray[np.integer], columns: NDArray[np.integer], shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
