"""Felt stars against given ones: where the acts' boundaries lie, so that simulated people act as real ones rate.

A rating on a scale of steps g stands for anything within g / 2 of it: of the 4s on a scale of whole stars a quarter lie
above 4.25. So observed shares mean the same on every scale. What is felt is a normal around the expected rating; its
boundary t is where as much is felt above as is given above c:

    mean over ratings of P(felt > t) = mean over ratings of clip((r + g / 2 - c) / g, 0, 1)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

Cuts = tuple[float, float, float]
"""Stars from which a movie is liked, watched, clicked."""
MOST_RATINGS = 200_000
"""Ratings of users taken until there are so many; more change the third digit."""
HALVINGS = 40
BINS = 5


@dataclass(frozen=True)
class Felt:
    """What a model expects of n ratings before they are given: normals of `mean` and `deviation`, (n,) stars."""

    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def of(cls, model: TasteModel, known: Histories, asked: Histories) -> Felt:
        """Of every rating of `asked`, given each user's `known` ones."""
        beliefs, rows, movies = model.believe(known), asked.rows, asked.movies.astype(np.int64)
        a = model.design[movies]
        variance = np.einsum("ni,nij,nj->n", a, beliefs.covariance[rows], a) + model.noise
        return cls(model.rate(beliefs.mean[rows], movies), np.sqrt(variance))

    def above(self, cut: float) -> FloatArray:
        """(n,) chance of each to be felt above `cut`."""
        chance: FloatArray = ndtr((self.mean - cut) / self.deviation)
        return chance


def given_above(ratings: FloatArray, cut: float) -> FloatArray:
    """(n,) how far each given rating lies above `cut`: 0, 1, or between where the scale is too coarse to tell."""
    step = scale_step(ratings)
    above: FloatArray = np.clip((ratings + step / 2 - cut) / step, 0, 1)
    return above


def scale_step(ratings: FloatArray) -> float:
    """Stars between neighbours on the scale that `ratings` are on: the least difference of two; 0.5 where none."""
    levels = np.unique(ratings)
    return float(np.diff(levels).min()) if len(levels) > 1 else 0.5


def fit_cuts(model: TasteModel, histories: Histories, stars: Cuts) -> Cuts:
    """Felt stars above which as much lies as ratings lie above `stars`, by people who know all their own tastes."""
    some = histories.take(np.arange(int(np.searchsorted(histories.indptr[1:], MOST_RATINGS)) + 1)[: len(histories)])
    if len(some.movies) == 0:
        return stars
    felt = Felt.of(model, some, some)
    like, watch, click = (_cut(felt, float(given_above(some.ratings, star).mean())) for star in stars)
    return like, watch, click


def classes(above: list[FloatArray]) -> FloatArray:
    """(n, 4) how far each rating is liked, watched, clicked, skipped, from how far it is above each of the cuts."""
    like, watch, click = above
    return np.stack([like, watch - like, click - watch, 1 - click], axis=1).astype(np.float32)


def chance_error(differences: FloatArray, users: IntArray) -> FloatArray:
    """(k,) standard error of the mean of `differences` (n, k), those of one of `users` (n,) going together."""
    n = max(1, len(differences))
    centred = differences - differences.mean(axis=0)
    sums = np.stack([np.bincount(users, column) for column in centred.T], axis=1)
    error: FloatArray = np.sqrt((sums**2).sum(axis=0)) / n
    return error


def reliability(predicted: FloatArray, observed: FloatArray) -> FloatArray:
    """(bins, 3) of a chance foretold (n,) and what came (n,): mean of both and how many, by fifths of the chance."""
    place = np.minimum((predicted * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    sums = (np.bincount(place, values, minlength=BINS) for values in (predicted, observed))
    foretold, came = (total / np.maximum(count, 1) for total in sums)
    return np.stack([foretold, came, count], axis=1)[count > 0].astype(np.float32)


def _cut(felt: Felt, share: float) -> float:
    """By bisection: the share felt above falls with the cut."""
    low, high = float((felt.mean - 6 * felt.deviation).min()), float((felt.mean + 6 * felt.deviation).max())
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if felt.above(middle).mean() > share else (low, middle)
    return (low + high) / 2
