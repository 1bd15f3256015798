"""Opinions of people who gave feedback: what they thought of movies that were put before them.

A person's state is what was believed of them from the ratings they gave before their first event, so that no opinion is
foretold from itself. How far each is believed is the event's weight times the person's trust.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from recsys_assets.agents.preferences.opinions import Opinions, believed
from recsys_assets.agents.preferences.trust import TrustConfig, trust_of
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group, groups_of
from recsys_assets.feedback.preferences import PreferenceConfig, inferred_preferences, settled
from recsys_assets.recommenders.data import Histories, Ids, IntArray


def feedback_opinions(
    setting: AgentSetting,
    events: pl.DataFrame,
    *,
    texts: pl.DataFrame | None = None,
    meaning: PreferenceConfig | None = None,
    trust: TrustConfig | None = None,
) -> dict[Group, Opinions]:
    """Of training and validation users, by the rule that splits all users; events of unknown movies are left out.

    `events`: `feedback.events.EVENT_SCHEMA`; `texts`: the published table `feedback_texts`.
    """
    preferences = settled(inferred_preferences(events, texts, config=meaning))
    place = setting.world.movies.index(preferences["movie_id"].to_numpy())
    told = preferences.with_columns(place=pl.Series(place)).filter(pl.col("place") >= 0)
    told = told.join(trust_of(events, trust), on="user_id", how="left")
    first = events.group_by("user_id").agg(first=pl.col("timestamp").min().dt.epoch("s"))
    return {group: _of_group(setting, told, first, group) for group in ("train", "validation")}


def _of_group(setting: AgentSetting, told: pl.DataFrame, first: pl.DataFrame, group: Group) -> Opinions:
    people = Ids.of(told["user_id"].to_numpy())
    rows = groups_of(people.values, seed=setting.seed, held_out_share=0.0)[group]
    own = Ids(people.values[rows])
    chosen = told.filter(pl.Series(own.index(told["user_id"].to_numpy()) >= 0))
    began = pl.DataFrame({"user_id": own.values}).join(first, on="user_id", how="left", maintain_order="left")
    known = _known_before(setting, own.values, began["first"].to_numpy())
    return Opinions(
        setting.layout,
        believed(setting.model, setting.layout, known),
        np.ones(len(own), dtype=bool),
        own.values,
        own.index(chosen["user_id"].to_numpy()),
        chosen["place"].to_numpy().astype(np.int64),
        chosen["value"].to_numpy().astype(np.float32),
        (chosen["weight"] * chosen["trust"].fill_null(0)).to_numpy().astype(np.float32),
    )


def _known_before(setting: AgentSetting, users: IntArray, moment: IntArray) -> Histories:
    """(n users) ratings of each before their moment; empty for those of whom there are none."""
    parts: Mapping[Group, Histories] = setting.histories
    found = []
    for group, histories in parts.items():
        rows = Ids(setting.users[group]).index(users)
        taken = histories.take(rows)
        early = taken.timestamps < moment[taken.rows]
        found.append((taken.rows[early], taken.movies[early], taken.ratings[early], taken.timestamps[early]))
        if setting.users["train"] is setting.users["validation"]:
            break  # everyone is in both: count them once
    columns = [np.concatenate([part[i] for part in found]) for i in range(4)]
    return Histories.from_columns(columns[0], len(users), columns[1], columns[2], columns[3])
