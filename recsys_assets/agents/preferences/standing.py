"""A movie's standing: the mean of its ratings, drawn to what movies like it are worth where these are few.

    r(u, i) ~ c_u + level_i,    level_i = (sum over raters (r - c_u) + K * facts_i . beta) / (n_i + K)

facts: genres, year, how many rated it, and the votes that the catalogue has of elsewhere; beta by ridge regression, c_u
drawn to the mean likewise, all in turn. One rating of an obscure movie says little (empirical Bayes: Efron and Morris,
1975); its genre and its votes say more. K and the ridge by people inside the training part of ml-latest-small.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, Histories

Floats = np.ndarray
WORTH_OF_FACTS, WORTH_OF_MEAN = 3.0, 3.0
"""Ratings that a movie's facts, and the mean of all for a user, are worth."""
RIDGE, ROUNDS = 3.0, 10
MIDDLE_YEAR, YEARS = 1990, 20
MIDDLE_VOTE, LOG_VOTES = 6.5, 10


def standings(histories: Histories, world: World) -> FloatArray:
    """(n,) level of each movie in stars, by the people of `histories`; `world.popularity` is of the same people."""
    n = len(world)
    if not len(histories.movies):
        return np.full(n, 3.5, dtype=np.float32)
    rows, movies = histories.rows, histories.movies
    mean = float(histories.ratings.mean())
    off, counts = histories.ratings - mean, np.bincount(movies, minlength=n)
    known, facts = counts > 0, movie_facts(world)
    trusted = counts[known] / (counts[known] + WORTH_OF_FACTS)
    level = np.zeros(n)
    for _ in range(ROUNDS):
        own = np.bincount(rows, off - level[movies], minlength=len(histories)) / (histories.lengths + WORTH_OF_MEAN)
        sums = np.bincount(movies, off - own[rows], minlength=n)
        prior = facts @ _ridge(facts[known], sums[known] / counts[known], trusted)
        level = (sums + WORTH_OF_FACTS * prior) / (counts + WORTH_OF_FACTS)
    return (mean + level).astype(np.float32)


def movie_facts(world: World) -> Floats:
    """(n, d) what is known of a movie without its ratings but for how many there are."""
    year, renown = years(world.catalogue), world.popularity.astype(np.float64)
    votes, voters = (_numbers(world.catalogue, name) for name in ("vote_average", "vote_count"))
    there = np.isfinite(votes)
    mean = np.where(there, votes - MIDDLE_VOTE, 0)
    many = np.where(there, np.log1p(np.nan_to_num(voters)), 0) / LOG_VOTES
    numbers = [np.ones(len(world)), year, year**2, renown, renown**2, there, mean, mean * many, many]
    return np.concatenate([world.genres, np.stack(numbers, axis=1)], axis=1).astype(np.float64)


def years(catalogue: pl.DataFrame) -> Floats:
    """(n,) decades about 1990, in twos; the mean of the others where none is known."""
    found = _numbers(catalogue, "year")
    there = np.isfinite(found)
    middle = float(found[there].mean()) if there.any() else MIDDLE_YEAR
    return (np.where(there, found, middle) - MIDDLE_YEAR) / YEARS


def _numbers(catalogue: pl.DataFrame, name: str) -> Floats:
    """(n,) nan where it is not known."""
    if name not in catalogue.columns:
        return np.full(len(catalogue), np.nan)
    return catalogue[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _ridge(x: Floats, y: Floats, weights: Floats) -> Floats:
    found: Floats = np.linalg.solve(x.T @ (x * weights[:, None]) + RIDGE * np.eye(x.shape[1]), x.T @ (weights * y))
    return found
