"""Rating movies as somebody new: ten offered, others found by title; kept for the visit."""

from __future__ import annotations

import streamlit as st

from recsys_assets.serving.app import aloud, parts
from recsys_assets.serving.app.asking import answers
from recsys_assets.serving.app.facts.newcomers import ten_to_rate
from recsys_assets.serving.app.store import lately
from recsys_assets.serving.client import Client

STARS = (1, 2, 3, 4, 5)
WELL_KNOWN = 100
FOUND = "movies found by title"


def ratings_of_visitor() -> dict[int, float]:
    """Movie id -> stars, of all that the visitor has rated so far."""
    state = st.session_state
    state.setdefault("rated", {})
    state.setdefault("added", {})
    state.setdefault("offered_before", set())
    with answers() as api:
        known = lately(_popular, api)
    offered = ten_to_rate(known, skip=state.offered_before)
    titles = {movie.movie_id: movie.title for movie in offered} | state.added
    parts.section("Rate some movies", "The list below changes with every rating; skip what you have not seen.")
    columns = st.columns(2)
    for place, (movie, title) in enumerate(titles.items()):
        with columns[place % 2]:
            _ask(movie, title)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        _find(titles)
    if right.button("Offer ten others", icon=":material/refresh:", width="stretch"):
        state.offered_before |= {movie.movie_id for movie in offered}
        st.rerun()
    rated = {movie: stars for movie, stars in state.rated.items() if stars}
    if rated and st.button(f"Forget my {len(rated)} ratings", icon=":material/delete:"):
        state.rated, state.added = {}, {}
        aloud.go_on_at(aloud.FIRST_SECTION)
        st.rerun()
    return rated


def _ask(movie: int, title: str) -> None:
    rated = st.session_state.rated
    stars = st.pills(
        parts.as_text(title), STARS, default=rated.get(movie), format_func=lambda n: f"{n} ★", key=f"stars-{movie}"
    )
    if stars:
        rated[movie] = float(stars)
    else:
        rated.pop(movie, None)


def _find(titles: dict[int, str]) -> None:
    """A movie of the visitor's own choice."""
    text = st.text_input("Find another movie to rate", max_chars=100, placeholder="amelie")
    if not text.strip():
        aloud.replaced(FOUND, ())
        return
    with answers() as api:
        found = [m for m in api.search(text.strip(), 8).movies if m.movie_id not in titles]
    ids = [m.movie_id for m in found]
    if aloud.replaced(FOUND, ids) != ids:
        aloud.say("1 movie found." if len(found) == 1 else f"{len(found) or 'No'} movies found.")
    if not found:
        parts.note("No movie is called that, or it is among those above.")
        return
    for movie in found:
        if st.button(parts.as_text(movie.title), key=f"add-{movie.movie_id}", icon=":material/add:"):
            st.session_state.added[movie.movie_id] = movie.title
            aloud.go_on_at(f".st-key-stars-{movie.movie_id} [role=radio]")
            st.rerun()


def _popular(api: Client):  # type: ignore[no-untyped-def]
    return api.popular(WELL_KNOWN).movies
