"""What the buttons of a session do: ask, send, ask again."""

from __future__ import annotations

import streamlit as st

from recsys_assets.serving.api.schemas.lists import ListedMovie
from recsys_assets.serving.app import aloud
from recsys_assets.serving.app.asking import answers
from recsys_assets.serving.app.facts import sessions as facts

START = ".st-key-session-whom [role=radio]"
"""The first choice of who begins a session."""


def started(user_id: int | None, *, k: int, model: str | None, explore: bool) -> None:
    session, wish = facts.Session(user_id), {"k": k, "model": model, "explore": explore}
    with answers() as api:
        facts.next_list(api, session, k=k, model=model, explore=explore)
    st.session_state["session"], st.session_state["session-wish"] = session, wish
    aloud.go_on_at(aloud.FIRST_SECTION)
    st.rerun()


def reacted(session: facts.Session, movie: ListedMovie, action: facts.ActName) -> None:
    _done(session, movie, action, text="", notice=f"{action}: {movie.title}. It is kept; here is the next list.")


def commented(session: facts.Session, movie: ListedMovie, text: str) -> None:
    """Who has an opinion has watched it."""
    _done(session, movie, "watch", text=text, notice=f"{movie.title}: {facts.read_in_words(text)}. It is kept.")


def _done(session: facts.Session, movie: ListedMovie, action: facts.ActName, *, text: str, notice: str) -> None:
    with answers() as api:
        facts.act(api, session, movie, action, text=text)
        facts.next_list(api, session, **st.session_state["session-wish"])
    st.session_state["session-notice"] = notice
    aloud.go_on_at(aloud.FIRST_SECTION)
    st.rerun()


def ended() -> None:
    del st.session_state["session"]
    aloud.go_on_at(START)
    st.rerun()
