"""A protocol that leaks, shown so that nobody takes its figures for quality: windows split at random.

Each user's movies in time order are cut into windows of 5 and the movie after them, which is to be found; windows begin
2 movies apart, so neighbours share 4 of their 6 movies. Split at random into 70 % training, 15 % validation and 15 %
test, most test windows have a neighbour of the same user in training that shows the very step from their last movie
to the answer. `look_up` does nothing but read it there.

Beside it the same windows split by time: to be found is each user's last movie, and training windows end before it. The
look-up has nothing to read and is as good as popularity, which it falls back on.

Movies of fewer than 5 ratings are left out, as where this protocol was found (3,650 movies and 43,786 windows of
ml-latest-small). All of them are ranked, the 5 of the window are masked. Differences: equal times are ordered by a
random key, not by the file; a model takes each training window for a user of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.evaluation.bootstrap import Interval, mean_interval
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.metrics import Hits, hit_rate, ndcg
from recsys_assets.evaluation.protocols import INTERACTION_COLUMNS, Make
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, Histories, Ids, IntArray, histories_of
from recsys_assets.recommenders.ranking import hide, top_k

LENGTH, STRIDE, FEWEST_RATINGS, K = 5, 2, 5, 10
TRAIN_SHARE, TEST_SHARE = 0.7, 0.15
WINDOWS_AT_ONCE = 1024
SEED = 3

How = Literal["at random", "by time"]
ScoreWindows = Callable[["Windows"], FloatArray]
"""Scores (w, n_movies) of every movie for each of w windows."""


@dataclass(frozen=True)
class Windows:
    """Windows of `LENGTH` movies and the one after them. `movies` (w, LENGTH + 1) indices, the last the target;
    `ratings` alike; `users` (w,) indices."""

    users: IntArray
    movies: IntArray
    ratings: FloatArray

    def __len__(self) -> int:
        return len(self.users)

    @property
    def targets(self) -> IntArray:
        return self.movies[:, -1]

    def take(self, rows: IntArray) -> Windows:
        return Windows(self.users[rows], self.movies[rows], self.ratings[rows])

    def histories(self) -> Histories:
        """Each window without its target as the history of a newcomer."""
        n = len(self)
        rows, places = np.repeat(np.arange(n), LENGTH), np.tile(np.arange(LENGTH), n)
        return Histories.from_columns(rows, n, self.movies[:, :-1].ravel(), self.ratings[:, :-1].ravel(), places)


@dataclass(frozen=True)
class WindowSplit:
    """Training and test windows over the same movies."""

    how: How
    train: Windows
    test: Windows
    movies: Ids

    @property
    def leaked(self) -> NDArray[np.bool_]:
        """(test,) True where the step from the last movie to the target is in a training window of the same user."""
        return successors(self, self.test) == self.test.targets


@dataclass(frozen=True)
class WindowScore:
    """What one way of ranking reached; intervals are over windows."""

    model: str
    hit_rate: Interval
    ndcg: Interval
    cpu_seconds: float


@dataclass(frozen=True)
class WindowTable:
    """All that were scored on one split."""

    how: How
    n_movies: int
    n_train: int
    n_test: int
    leaked_share: float
    scores: tuple[WindowScore, ...]


def seed_windows(
    makers: Mapping[str, Make],
    interactions: pl.DataFrame,
    catalogue: pl.DataFrame,
    *,
    seed: int = SEED,
    progress: Progress = silent,
) -> tuple[WindowTable, WindowTable]:
    """Popularity, the look-up and models (by name) on windows split at random, and on the same split by time."""
    histories, movies = frequent(interactions)
    splits = (at_random(histories, movies, seed=seed), by_time(histories, movies))
    return tuple(_table(makers, split, catalogue, seed=seed, progress=progress) for split in splits)  # type: ignore[return-value]


def frequent(interactions: pl.DataFrame) -> tuple[Histories, Ids]:
    """The history of each user, of the movies with at least `FEWEST_RATINGS` ratings."""
    kept = interactions.select(INTERACTION_COLUMNS).filter(pl.len().over("movie_id") >= FEWEST_RATINGS)
    if len(kept) == 0:
        raise EvaluationError(f"no movie has {FEWEST_RATINGS} ratings, so no window can be cut; use a larger data set")
    users, movies = (Ids.of(kept[column].to_numpy()) for column in ("user_id", "movie_id"))
    return histories_of(kept, users, movies), movies


def at_random(histories: Histories, movies: Ids, *, seed: int = SEED) -> WindowSplit:
    """70 % training, 15 % test; the validation windows between are not used here."""
    windows = cut(histories, histories.lengths)
    n_test = round(TEST_SHARE * len(windows))
    order = np.random.default_rng(seed).permutation(len(windows))
    train = order[: len(windows) - 2 * n_test]
    return _split("at random", windows.take(np.sort(train)), windows.take(np.sort(order[-n_test:])), movies)


def by_time(histories: Histories, movies: Ids) -> WindowSplit:
    """To be found is each user's last movie; training windows end before it."""
    train, n = cut(histories, histories.lengths - 1), histories.lengths
    users = np.flatnonzero(n > LENGTH)
    last = _windows_at(histories, users, histories.indptr[users] + n[users] - LENGTH - 1)
    return _split("by time", train, last, movies)


def cut(histories: Histories, lengths: IntArray) -> Windows:
    """All windows of the first `lengths` (n,) movies of each history."""
    count = np.maximum(0, -(-(lengths - LENGTH) // STRIDE))
    users = np.repeat(np.arange(len(histories)), count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return _windows_at(histories, users, histories.indptr[users] + STRIDE * place)


def popularity_scores(split: WindowSplit) -> ScoreWindows:
    """How often a movie is the target of a training window."""
    counts = np.bincount(split.train.targets, minlength=len(split.movies)).astype(np.float32)
    return lambda windows: np.tile(counts, (len(windows), 1))


def look_up(split: WindowSplit) -> ScoreWindows:
    """The movie that followed in a training window of the same user, then by popularity."""
    popular = popularity_scores(split)

    def score(windows: Windows) -> FloatArray:
        scores, next_movie = popular(windows), successors(split, windows)
        known = np.flatnonzero(next_movie >= 0)
        scores[known, next_movie[known]] = scores.max() + 1
        return scores

    return score


def successors(split: WindowSplit, windows: Windows) -> IntArray:
    """The movie (w,) after each window's last one in a training window of the same user, -1 where there is none."""
    n = len(split.movies)
    before = (split.train.users[:, None] * n + split.train.movies[:, :-1]).ravel()
    known, first = np.unique(before, return_index=True)
    key = windows.users * n + windows.movies[:, -2]
    place = np.minimum(np.searchsorted(known, key), len(known) - 1)
    after = split.train.movies[:, 1:].ravel()[first[place]]
    return np.where(known[place] == key, after, -1)


def fitted_scores(
    make: Make, split: WindowSplit, catalogue: pl.DataFrame, *, seed: int, progress: Progress
) -> ScoreWindows:
    """Any recommender, fitted on the training windows as if each were a user, asked for newcomers."""
    places = np.tile(np.arange(LENGTH + 1), len(split.train))
    interactions = pl.DataFrame(
        {
            "user_id": np.repeat(np.arange(1, len(split.train) + 1), LENGTH + 1),
            "movie_id": split.movies.values[split.train.movies.ravel()],
            "rating": split.train.ratings.ravel(),
            "seconds": places,
        }
    ).select(
        "user_id", "movie_id", "rating", timestamp=pl.datetime(2000, 1, 1) + pl.duration(seconds=pl.col("seconds"))
    )
    known = catalogue.filter(pl.col("movie_id").is_in(pl.Series(split.movies.values).implode()))
    model = make()
    progress(f"{model.name}: fitting on {len(split.train):,} windows split {split.how}")
    model.fit(interactions, known, seed=seed, progress=progress)
    column = model.movies.index(split.movies.values)

    def score(windows: Windows) -> FloatArray:
        own = windows.histories()
        asked = Histories(own.indptr, column[own.movies].astype(np.int32), own.ratings, own.timestamps)
        return model._scores(asked, np.full(len(windows), -1), model.fallback_scores)[:, column]

    return score


def score_windows(name: str, score: ScoreWindows, split: WindowSplit, *, seed: int, started: float) -> WindowScore:
    """HR@10 and NDCG@10 over the test windows, the movies of the window masked."""
    found = []
    for start in range(0, len(split.test), WINDOWS_AT_ONCE):
        block = split.test.take(np.arange(start, min(start + WINDOWS_AT_ONCE, len(split.test))))
        scores = score(block)
        hide(scores, block.histories())
        found.append(top_k(scores, K)[0] == block.targets[:, None])
    hits = Hits(np.concatenate(found), np.ones(len(split.test), dtype=np.int64))
    hr, gain = (mean_interval(metric(hits, K), seed=seed) for metric in (hit_rate, ndcg))
    return WindowScore(name, hr, gain, time.process_time() - started)


def _table(
    makers: Mapping[str, Make], split: WindowSplit, catalogue: pl.DataFrame, *, seed: int, progress: Progress
) -> WindowTable:
    scores = []
    for name, make in ({"popularity of targets": None, "look-up of the leak": None} | dict(makers)).items():
        started = time.process_time()
        if make is not None:
            score = fitted_scores(make, split, catalogue, seed=seed, progress=progress)
        else:
            score = look_up(split) if name.startswith("look-up") else popularity_scores(split)
        scores.append(score_windows(name, score, split, seed=seed, started=started))
    return WindowTable(
        split.how, len(split.movies), len(split.train), len(split.test), float(split.leaked.mean()), tuple(scores)
    )


def _split(how: How, train: Windows, test: Windows, movies: Ids) -> WindowSplit:
    if len(train) == 0 or len(test) == 0:
        raise EvaluationError(f"{len(train) + len(test)} windows are too few to be split {how}; use a larger data set")
    return WindowSplit(how, train, test, movies)


def _windows_at(histories: Histories, users: IntArray, starts: IntArray) -> Windows:
    positions = starts[:, None] + np.arange(LENGTH + 1)
    return Windows(users, histories.movies[positions].astype(np.int64), histories.ratings[positions])
