"""Training data as scikit-surprise wants it, without a Python object per rating in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property
from itertools import chain

import numpy as np

from recsys_assets.recommenders.data import TrainingData

CHUNK = 1 << 20
"""Ratings held as Python numbers at once while Surprise reads them."""


class SurpriseRatings:
    """What Surprise's factorizations ask of a trainset, read from columns: no dict of lists, no raw ids.

    Users come in order, each one's ratings in a random order, fixed by the seed: in time order RMSE on
    ml-latest-small is 0.005 worse. They call `all_ratings` once an epoch, which is where progress is told.
    """

    def __init__(self, data: TrainingData, *, model: str, epochs: int) -> None:
        histories = data.histories
        self.n_users, self.n_items = len(histories), len(data.movies)
        self.global_mean = float(histories.ratings.mean(dtype=np.float64))
        self.model, self.epoch, self.epochs, self.progress = model, 0, epochs, data.progress
        rows = histories.rows
        order = np.lexsort((np.random.default_rng(data.seed).random(len(rows)), rows))
        self.columns = rows, histories.movies[order], histories.ratings[order]
        self.indptr = histories.indptr
        self.only_chunk = list(self._chunk(0)) if len(rows) <= CHUNK else None
        self.started = self.reported = time.monotonic()

    @cached_property
    def ur(self) -> dict[int, list[tuple[int, float]]]:
        """(movie, rating) of every rating by user; of these SVD++ takes the movies."""
        _, movies, ratings = self.columns
        return {
            user: list(zip(movies[start:stop].tolist(), ratings[start:stop].tolist(), strict=True))
            for user, (start, stop) in enumerate(zip(self.indptr[:-1].tolist(), self.indptr[1:].tolist(), strict=True))
        }

    def all_ratings(self) -> Iterator[tuple[int, int, float]]:
        """(user, movie, rating) of every rating."""
        now = time.monotonic()
        if now - self.reported >= 2:
            self.reported = now
            self.progress(f"{self.model}: epoch {self.epoch}/{self.epochs}, {now - self.started:.0f} s")
        self.epoch += 1
        if self.only_chunk is not None:
            return iter(self.only_chunk)
        return chain.from_iterable(map(self._chunk, range(0, len(self.columns[0]), CHUNK)))

    def _chunk(self, start: int) -> Iterator[tuple[int, int, float]]:
        users, movies, ratings = (c[start : start + CHUNK].tolist() for c in self.columns)
        return zip(users, movies, ratings, strict=True)
