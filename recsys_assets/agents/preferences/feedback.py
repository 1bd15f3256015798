"""Feedback events as opinions: what users said of movies, and what they did with the lists they were shown.

Two kinds of states: a user, with all their explicit opinions (ratings, likes, skips, texts), and a request, whose
movies stood side by side, so that the moment is the same. What is believed of a user is of their ratings from before
their first event; of a request, also of what they had been shown and done before it (`earlier`), ignored movies among
it. Weights are those of `feedback.preferences` times how far the
user is believed (`trust`). People of validation and held-out groups are left out: they teach nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_assets.agents.preferences.earlier import earlier_acts
from recsys_assets.agents.preferences.opinions import Opinions, believed, joined
from recsys_assets.agents.preferences.trust import TrustConfig, trust_of
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.feedback.preferences import inferred_preferences, settled
from recsys_assets.recommenders.data import Histories, Ids, IntArray

SAID = ("rating", "like", "skip", "text")
"""Sources that are an opinion without a list around them."""


def feedback_opinions(
    setting: AgentSetting,
    feedback: pl.DataFrame,
    texts: pl.DataFrame | None = None,
    *,
    trust: TrustConfig | None = None,
) -> Opinions:
    """Of training users and of people that ratings know nothing of; movies that the setting lacks are left out."""
    judges = np.concatenate([setting.users["validation"], setting.users["held_out"]])
    judges = np.setdiff1d(judges, setting.users["train"])  # an agent that is served holds nobody out
    told = inferred_preferences(feedback, texts).with_columns(request_id=feedback["request_id"])
    told = told.filter(
        ~pl.col("user_id").is_in(judges.tolist()) & pl.col("movie_id").is_in(setting.world.movies.values.tolist())
    ).join(trust_of(feedback, trust), on="user_id", maintain_order="left")
    said = settled(told.filter(pl.col("source").is_in(SAID)))
    shown = told.filter(pl.col("request_id").is_not_null())
    shown = shown.unique(["user_id", "request_id", "movie_id"], keep="last", maintain_order=True)
    return joined(
        [
            _opinions(setting, said, ["user_id"], feedback),
            _opinions(setting, shown, ["user_id", "request_id"], feedback),
        ]
    )


def _opinions(setting: AgentSetting, told: pl.DataFrame, state: list[str], feedback: pl.DataFrame) -> Opinions:
    """One state for each distinct `state` columns, as it was when the first of its events came."""
    states = told.select(state).unique(maintain_order=True).with_row_index("state")
    for name, of in (("began", ["user_id"]), ("moment", state)):
        first = feedback.group_by(of).agg(pl.col("timestamp").min().dt.epoch("us").alias(name))
        states = states.join(first, on=of, how="left", maintain_order="left")
    rows = told.join(states, on=state, maintain_order="left")
    people = states["user_id"].to_numpy().astype(np.int64)
    ratings = _known_before(setting, people, states["began"].to_numpy() // 1_000_000)
    earlier = earlier_acts(setting, feedback, people, states["moment"].to_numpy())
    known, worth = earlier.with_known(ratings)
    observations = believed(setting.model, setting.layout, known, worth)
    observations[:, setting.layout.genre_mix] = earlier.mix
    observations[:, setting.layout.log_known] = np.log1p(ratings.lengths) / 10
    return Opinions(
        setting.layout,
        observations,
        np.full(len(people), len(state) > 1),
        people,
        rows["state"].to_numpy().astype(np.int64),
        setting.world.movies.index(rows["movie_id"].to_numpy()),
        rows["value"].to_numpy().astype(np.float32),
        (rows["weight"] * rows["trust"]).to_numpy().astype(np.float32),
        known,
        worth,
    )


def _known_before(setting: AgentSetting, people: IntArray, moments: IntArray) -> Histories:
    """(n people) ratings of each from before their moment, in seconds: stars given as feedback join the ratings, and
    no opinion may be foretold from itself."""
    known = setting.histories["train"].take(_rows(setting, people))
    early = known.timestamps < moments[known.rows]
    columns = (known.movies[early], known.ratings[early], known.timestamps[early])
    return Histories.from_columns(known.rows[early], len(people), *columns)


def _rows(setting: AgentSetting, people: IntArray) -> IntArray:
    """Rows among training users, -1 of those nothing is known of."""
    return Ids(setting.users["train"]).index(people)
