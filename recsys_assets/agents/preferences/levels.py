"""What people think of movies now, where it differs from what ratings told: levels moved by feedback.

    base_i <- then_i + sum w psi(r - then_i - a_i . x_u) / (sum w + noise / drift^2)

`then` are the levels that ratings told of. r are stars or what an act is taken for (`RATING_OF_ACT`), w how far event
and person are believed, x_u the belief of the person by these very events, made anew after each round. psi(r) = r
within `most` stars of the level as it stands and no more beyond them (Huber), so that nobody speaks louder than that.
The factors stay, so that what was learned of tastes goes on to mean the same; `drift` is how far a level may be thought
to have moved, in stars. All events are heard each time, from the same beginning: an agent that is updated again and
again believes what one that heard everything at once does.

Bounds: a person and movie count once, by the last word; all words of a person together weigh `most_a_person` at most;
accounts that spoke of fewer than `broad` movies weigh at most as much, on one movie, as those that spoke of more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from recsys_assets.agents.environments.sessions import NOISE_OF_ACT, RATING_OF_ACT
from recsys_assets.agents.offpolicy.feedback import WHAT_IT_WAS
from recsys_assets.agents.preferences.trust import TrustConfig, trusted
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import FloatArray, Histories, Ids, IntArray

DRIFT, ROUNDS = 0.5, 5
MOST_STARS, MOST_A_PERSON = 1.5, 50.0
LEAST_NARROW = 1.0
"""Weight of one rating: what narrow accounts count on a movie that nobody else spoke of."""


@dataclass(frozen=True)
class _Told:
    """One row a person and movie; `rows`: whose of `known`."""

    known: Histories
    rows: IntArray
    movies: IntArray
    stars: FloatArray
    weights: FloatArray


def moved_levels(
    model: TasteModel, movies: Ids, events: pl.DataFrame, *, trust: TrustConfig | None = None, drift: float = DRIFT
) -> TasteModel:
    """`model` with the levels that `events` (`feedback.events.EVENT_SCHEMA`) tell of; unknown movies tell nothing."""
    told = _told(movies, events, trust or TrustConfig())
    if told is None:
        return model
    began = replace(model.as_rated, then=model.as_rated.base, since=_first(events))
    mass = np.bincount(told.movies, told.weights, minlength=len(began.base)) + began.noise / drift**2
    found = began
    for _ in range(ROUNDS):
        tastes = found.believe(told.known).mean[told.rows]
        expected = found.rate(tastes, told.movies)
        heard = expected + np.clip(told.stars - expected, -MOST_STARS, MOST_STARS)
        off = heard - began.rate(tastes, told.movies)
        base = began.base + np.bincount(told.movies, told.weights * off, minlength=len(mass)) / mass
        found = replace(found, base=base.astype(np.float32))
    return found


def _told(movies: Ids, events: pl.DataFrame, trust: TrustConfig) -> _Told | None:
    """None where nothing is."""
    told = as_stars(events).with_columns(
        trusted(events, trust), place=pl.Series(movies.index(events["movie_id"].to_numpy()))
    )
    told = told.filter((pl.col("place") >= 0) & (pl.col("weight") > 0) & (pl.col("trust") > 0))
    told = told.sort("timestamp").unique(["user_id", "place"], keep="last", maintain_order=True)
    if told.is_empty():
        return None
    people = Ids.of(told["user_id"].to_numpy())
    rows, place = people.index(told["user_id"].to_numpy()), told["place"].to_numpy().astype(np.int64)
    stars = told["stars"].to_numpy().astype(np.float32)
    times = told["timestamp"].dt.epoch("s").to_numpy()
    known = Histories.from_columns(rows, len(people), place, stars, times)
    weights = _bounded((told["weight"] * told["trust"]).to_numpy(), rows, place, trust)
    return _Told(known, rows, place, stars, weights)


def _bounded(weights: FloatArray, rows: IntArray, places: IntArray, trust: TrustConfig) -> FloatArray:
    """With what persons, and narrow accounts together, may weigh at most."""
    own = np.bincount(rows, weights)
    weights = weights * np.minimum(1, MOST_A_PERSON / np.maximum(own, 1e-9))[rows]
    narrow = np.bincount(rows)[rows] < trust.broad
    few, many = (np.bincount(places, weights * side, minlength=places.max() + 1) for side in (narrow, ~narrow))
    share = np.minimum(1, np.maximum(many, LEAST_NARROW) / np.maximum(few, 1e-9))
    bounded: FloatArray = np.where(narrow, weights * share[places], weights)
    return bounded


def _first(events: pl.DataFrame) -> int:
    """Seconds since 1970 of the earliest."""
    return int(events["timestamp"].dt.epoch("s").min())  # type: ignore[arg-type]


def as_stars(events: pl.DataFrame) -> pl.DataFrame:
    """`user_id, movie_id, timestamp, stars, weight`, a row an event: an act weighs what its noise allows, a rating 1.

    Weight 0: it says nothing of taste.
    """
    stars = {name: float(RATING_OF_ACT[act]) for name, act in WHAT_IT_WAS.items()}
    weights = {name: float(1 / NOISE_OF_ACT[act]) for name, act in WHAT_IT_WAS.items()}
    rated, act = pl.col("action") == "rating", pl.col("action")
    return events.select(
        "user_id",
        "movie_id",
        "timestamp",
        stars=pl.when(rated)
        .then(pl.col("rating"))
        .otherwise(act.replace_strict(stars, default=0.0, return_dtype=pl.Float64)),
        weight=pl.when(rated).then(1.0).otherwise(act.replace_strict(weights, default=0.0, return_dtype=pl.Float64)),
    )
