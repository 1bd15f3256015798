"""States of people who gave feedback: what was believed of them before it, whatever has joined the ratings since."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

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
