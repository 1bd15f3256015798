"""What people think of movies now, where it differs from what ratings told: levels moved by feedback.

    base_i <- base_i + sum w (r - base_i - a_i . x_u) / (sum w + noise / drift^2)

r are stars or what an act is taken for (`RATING_OF_ACT`), w how far event and person are believed, x_u the belief of
the person by these very events, made anew after each round. The factors stay, so that what was learned of tastes goes
on to mean the same; `drift` is how far a level may be thought to have moved, in stars. An agent that is updated again
and again hears all events each time, and so comes to what they say without the pull to where it began.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from recsys_assets.agents.environments.sessions import NOISE_OF_ACT, RATING_OF_ACT
from recsys_assets.agents.offpolicy.feedback import WHAT_IT_WAS
from recsys_assets.agents.preferences.trust import TrustConfig, trust_of
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import Histories, Ids

DRIFT, ROUNDS = 0.5, 5


def moved_levels(
    model: TasteModel, movies: Ids, events: pl.DataFrame, *, trust: TrustConfig | None = None, drift: float = DRIFT
) -> TasteModel:
    """`model` with the levels that `events` (`feedback.events.EVENT_SCHEMA`) tell of; unknown movies tell nothing."""
    told = as_stars(events).with_columns(place=pl.Series(movies.index(events["movie_id"].to_numpy())))
    told = told.join(trust_of(events, trust), on="user_id", how="left").filter(
        (pl.col("place") >= 0) & (pl.col("weight") > 0) & (pl.col("trust") > 0)
    )
    told = told.sort("timestamp").unique(["user_id", "place"], keep="last", maintain_order=True)
    if told.is_empty():
        return model
    people = Ids.of(told["user_id"].to_numpy())
    rows, place = people.index(told["user_id"].to_numpy()), told["place"].to_numpy().astype(np.int64)
    stars = told["stars"].to_numpy().astype(np.float32)
    weight = (told["weight"] * told["trust"]).to_numpy()
    known = Histories.from_columns(rows, len(people), place, stars, np.arange(len(told)))
    mass = np.bincount(place, weight, minlength=len(model.base)) + model.noise / drift**2
    found = model
    for _ in range(ROUNDS):
        tastes = found.believe(known).mean[rows]
        off = stars - model.base[place] - np.einsum("bi,bi->b", tastes, model.design[place])
        base = model.base + np.bincount(place, weight * off, minlength=len(model.base)) / mass
        moved = (model.moved + base - model.base).astype(np.float32)
        found = replace(model, base=base.astype(np.float32), moved=moved)
    return found


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
