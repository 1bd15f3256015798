"""Feedback events as opinions: what users said of movies, and what they did with the lists they were shown.

Two kinds of states: a user, with all their explicit opinions (ratings, likes, skips, texts), and a request, whose
movies stood side by side, so that the moment is the same. What is believed of a user is of their ratings from before
their first event. Weights are those of `feedback.preferences` times how far the
user is believed (`trust`). People of validation and held-out groups are left out: they teach nothing.
"""

from __future__ import annotations

import numpy as np
import polars as pl

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
    began = feedback.group_by("user_id").agg(began=pl.col("timestamp").min().dt.epoch("s"))
    return joined(
        [_opinions(setting, said, ["user_id"], began), _opinions(setting, shown, ["user_id", "request_id"], began)]
    )


def _opinions(setting: AgentSetting, told: pl.DataFrame, state: list[str], began: pl.DataFrame) -> Opinions:
    """One state for each distinct `state` columns."""
    states = told.select(state).unique(maintain_order=True).with_row_index("state")
    states = states.join(began, on="user_id", how="left", maintain_order="left")
    rows = told.join(states, on=state, maintain_order="left")
    people = states["user_id"].to_numpy().astype(np.int64)
    known = _known_before(setting, people, states["began"].to_numpy())
    return Opinions(
        setting.layout,
        believed(setting.model, setting.layout, known),
        np.full(len(people), len(state) > 1),
        people,
        rows["state"].to_numpy().astype(np.int64),
        setting.world.movies.index(rows["movie_id"].to_numpy()),
        rows["value"].to_numpy().astype(np.float32),
        (rows["weight"] * rows["trust"]).to_numpy().astype(np.float32),
        known,
        np.ones(len(known.movies), dtype=np.float32),
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
