"""States of people who gave feedback: what was believed of them before it, whatever has joined the ratings since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from recsys_assets.agents.environments.sessions import NOISE_OF_ACT, RATING_OF_ACT
from recsys_assets.agents.preferences.feedback import feedback_opinions
from recsys_assets.agents.preferences.opinions import believed
from recsys_assets.agents.setting import AgentSetting


def told(setting: AgentSetting, *, at: datetime, text: str | None = None) -> pl.DataFrame:
    """One training user watches a movie at that time; only a text could say how it was."""
    return pl.DataFrame(
        {
            "event_id": ["e1"],
            "user_id": [int(setting.users["train"][0])],
            "movie_id": [int(setting.world.movies.values[3])],
            "action": ["watch"],
            "rating": pl.Series([None], dtype=pl.Float64),
            "text": pl.Series([text], dtype=pl.String),
            "request_id": ["r1"],
            "timestamp": pl.Series([at]).cast(pl.Datetime("us")),
        }
    )


def test_ratings_from_after_a_person_s_first_event_are_not_in_their_state(setting: AgentSetting) -> None:
    own = setting.histories["train"].take(np.array([0]))
    layout = setting.layout
    before, after = (
        feedback_opinions(
            setting, told(setting, at=datetime.fromtimestamp(moment, UTC).replace(tzinfo=None))
        ).observations[0]
        for moment in (int(own.timestamps[0]) - 86_400, int(own.timestamps[-1]) + 86_400)
    )

    np.testing.assert_array_equal(before[layout.taste_mean], 0)
    assert before[layout.log_known] == 0
    np.testing.assert_allclose(after, believed(setting.model, layout, own)[0], rtol=1e-6)


def test_what_was_read_in_a_text_is_the_opinion_where_the_act_says_little(setting: AgentSetting) -> None:
    texts = pl.DataFrame({"event_id": ["e1"], "sentiment": [-0.9], "label": ["negative"], "confidence": [1.0]})
    events = told(setting, at=datetime(2030, 1, 1), text="boring")

    plain, read = feedback_opinions(setting, events), feedback_opinions(setting, events, texts)
    assert (plain.values > 0).all()
    assert read.values.min() < -0.5


def lists(setting: AgentSetting, acts: str) -> pl.DataFrame:
    """One stranger is shown movie after movie, a request and a minute each, and does these acts."""
    ids, start = setting.world.movies.values, datetime(2026, 1, 1)
    rows = [
        (f"e{n}", 77_777, int(ids[n]), act, None, None, f"r{n}", start + timedelta(minutes=n))
        for n, act in enumerate(acts.split())
    ]
    columns = ["event_id", "user_id", "movie_id", "action", "rating", "text", "request_id", "timestamp"]
    frame = pl.DataFrame(rows, columns, orient="row")
    return frame.with_columns(
        pl.col("rating").cast(pl.Float64), pl.col("text").cast(pl.String), pl.col("timestamp").cast(pl.Datetime("us"))
    )


def test_a_list_is_met_by_who_had_done_what_came_before_it_and_not_by_itself(setting: AgentSetting) -> None:
    layout, model = setting.layout, setting.model
    found = feedback_opinions(setting, lists(setting, "like skip watch"))
    asked = found.observations[found.asked]

    np.testing.assert_array_equal(asked[0, layout.taste_mean], 0)
    movies, stars = np.array([0, 1]), RATING_OF_ACT[[0, 3]]
    beliefs = model.start(1)
    for movie, star in zip(movies, stars, strict=True):
        noise = np.array([NOISE_OF_ACT[0] * model.noise], dtype=np.float32)
        beliefs = model.update(beliefs, np.array([movie]), np.array([star]), noise=noise)
    np.testing.assert_allclose(asked[2, layout.taste_mean], beliefs.mean[0], atol=1e-4)
    own = found.observations[~found.asked]
    np.testing.assert_array_equal(own[:, layout.taste_mean], 0)  # what was said is not foretold from itself


def test_what_was_shown_and_ignored_is_weak_evidence_and_tires(setting: AgentSetting) -> None:
    layout, memory = setting.layout, setting.config.temper.memory
    ignored, skipped = (
        feedback_opinions(setting, lists(setting, f"{act} {act} watch")).observations for act in ("ignore", "skip")
    )
    first, last = ignored[-3], ignored[-1]

    expected = (1 - memory) * (memory * setting.world.directions[0] + setting.world.directions[1])
    np.testing.assert_array_equal(first[layout.genre_mix], 0)
    np.testing.assert_allclose(last[layout.genre_mix], expected, atol=1e-6)
    moved, moved_more = (abs(float(o[-1, layout.taste_mean][0])) for o in (ignored, skipped))
    assert 0 < moved < moved_more / 3


def test_what_was_shown_hours_ago_tires_nobody_and_is_still_evidence(setting: AgentSetting) -> None:
    events = lists(setting, "ignore watch")
    later = events.with_columns(
        timestamp=pl.when(pl.col("event_id") == "e1")
        .then(pl.col("timestamp") + timedelta(hours=5))
        .otherwise("timestamp")
    )
    last = feedback_opinions(setting, later).observations[-1]
    np.testing.assert_array_equal(last[setting.layout.genre_mix], 0)
    assert last[setting.layout.taste_mean][0] != 0
