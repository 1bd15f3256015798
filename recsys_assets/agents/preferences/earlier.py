"""What people had been shown and had done before a moment: evidence of their taste, and what they may be tired of.

    evidence   stars that an act is taken for (`levels.as_stars`), weighing what its noise allows; an ignored movie
               weighs `IGNORED`: that it was shown and left says a little, and only that
    mix        sum over what was shown in the sitting of (1 - memory) * memory^(shown since) * genres

Of each person the last `MOST` acts before the moment count. A list is not evidence about itself: its own acts come at
its moment or later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_assets.agents.preferences.levels import as_stars
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.feedback.preferences import PreferenceConfig
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

MOST = 100
SITTING = 3_600
"""Seconds: what was shown longer ago tires nobody."""
IGNORED = PreferenceConfig().ignore.weight


@dataclass(frozen=True)
class Earlier:
    """Of s moments of people: rows of acts as stars, and the mix of genres shown lately."""

    rows: IntArray
    movies: IntArray
    stars: FloatArray
    weights: FloatArray
    timestamps: IntArray
    mix: FloatArray
    """(s, genres)."""

    def with_known(self, known: Histories) -> tuple[Histories, FloatArray]:
        """These and the ratings of `known` (s rows), and the weight of each: 1 for ratings."""
        rows, movies, stars, when = (
            np.concatenate([getattr(known, name), own])
            for name, own in (
                ("rows", self.rows),
                ("movies", self.movies),
                ("ratings", self.stars),
                ("timestamps", self.timestamps),
            )
        )
        weights = np.concatenate([np.ones(len(known.movies), dtype=np.float32), self.weights])
        n = len(known)
        both, heavy = (Histories.from_columns(rows, n, movies, column, when) for column in (stars, weights))
        return both, heavy.ratings  # the same keys are put in the same order


def earlier_acts(setting: AgentSetting, events: pl.DataFrame, people: IntArray, moments: IntArray) -> Earlier:
    """`events`: accepted ones (`feedback.events.EVENT_SCHEMA`); `people` (s,) ids; `moments` (s,) microseconds UTC."""
    told = _told(setting, events)
    users, when = told["user_id"].to_numpy(), told["moment"].to_numpy()
    first, last = np.searchsorted(users, people, "left"), _before(users, when, people, moments)
    lengths = np.minimum(last - first, MOST)
    rows = np.repeat(np.arange(len(people), dtype=np.int64), lengths)
    ends = np.cumsum(lengths)
    positions = np.arange(len(rows)) - np.repeat(ends - lengths, lengths) + np.repeat(last - lengths, lengths)
    movies, shown = told["place"].to_numpy(), np.concatenate([[0], np.cumsum(told["shown"].to_numpy())])
    since = shown[last[rows]] - shown[positions + 1]
    lately = told["shown"].to_numpy()[positions] & (moments[rows] - when[positions] <= SITTING * 1_000_000)
    memory = setting.config.temper.memory
    worth = np.where(lately, (1 - memory) * memory**since, 0)[:, None]
    mix = np.zeros((len(people), setting.world.n_genres), dtype=np.float32)
    np.add.at(mix, rows, (worth * setting.world.directions[movies[positions]]).astype(np.float32))
    weights = told["weight"].to_numpy()[positions].astype(np.float32)
    stars = told["stars"].to_numpy()[positions].astype(np.float32)
    speaks = weights > 0
    return Earlier(
        rows[speaks],
        movies[positions][speaks],
        stars[speaks],
        weights[speaks],
        when[positions][speaks] // 1_000_000,
        mix,
    )


def _told(setting: AgentSetting, events: pl.DataFrame) -> pl.DataFrame:
    """`user_id, place, moment, stars, weight, shown` of the movies of the setting, each person's in order of time."""
    ignored = pl.col("action") == "ignore"
    return (
        as_stars(events)
        .with_columns(
            action=events["action"],
            shown=events["request_id"].is_not_null(),
            moment=pl.col("timestamp").dt.epoch("us"),
            place=pl.Series(setting.world.movies.index(events["movie_id"].to_numpy())),
        )
        .with_columns(weight=pl.when(ignored).then(IGNORED).otherwise("weight"))
        .filter(pl.col("place") >= 0)
        .sort("user_id", "moment", maintain_order=True)
    )


def _before(users: IntArray, when: IntArray, people: IntArray, moments: IntArray) -> IntArray:
    """(s,) place after the last row of each person that is earlier than their moment; rows are sorted by both."""
    n = len(users)
    keys = np.concatenate([users, people])
    times = np.concatenate([when, moments])
    asked = np.concatenate([np.ones(n, dtype=np.int64), np.zeros(len(people), dtype=np.int64)])
    order = np.lexsort((asked, times, keys))  # of one moment, who asks comes first
    passed = np.cumsum(order < n)
    found = np.empty(n + len(people), dtype=np.int64)
    found[order] = passed
    return found[n:]
