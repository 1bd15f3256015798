"""Lists of several models for one person, beside one another: what the leaderboard's figures look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from recsys_assets.serving.api.schemas.requests import RecommendIn
from recsys_assets.serving.app import parts
from recsys_assets.serving.app.asking import answers, choose_user, models
from recsys_assets.serving.app.facts.lists import ids_of, lines_of
from recsys_assets.serving.app.markup import ordered

MOST, LENGTH = 4, 8
SHARED = "shared"


def side_by_side(ranked: Sequence[str]) -> None:
    """The best models first in the choice; a mark where a movie is in more than one list."""
    parts.section("Lists side by side", "The same person, asked of several models; a mark where lists share a movie.")
    serving = models()
    offered = [m for m in ranked if m in serving] + [m for m in serving if m not in ranked]
    left, right = st.columns([1, 2])
    with left:
        user = choose_user(key="side-user")
    chosen = right.multiselect("Models", offered, default=offered[:3], max_selections=MOST)
    if not chosen:
        parts.note("Choose at least one model.")
        return
    with answers() as api:
        lists = {
            model: api.recommend(RecommendIn(user_id=user, model=model, k=LENGTH, explain=False)) for model in chosen
        }
    times = Counter(movie for answer in lists.values() for movie in ids_of(answer))
    marks = {movie: SHARED for movie, n in times.items() if n > 1}
    for column, (model, answer) in zip(st.columns(len(lists)), lists.items(), strict=True):
        with column:
            st.markdown(f"**{parts.as_text(model)}**")
            if answer.fallback is not None:
                parts.note(answer.fallback.why)
            parts.show(ordered(lines_of(answer.movies, marks=marks, reasons=0), label=f"List of {model}"))
