"""What a page says to who can't see it change, and where the keyboard goes on when what it was on is gone.

Streamlit replaces what a page shows without a word, and its own messages come with their text already in them, which
screen readers pass over: one live region is made once (`aloud.js`) and filled. A button that leads to other widgets
takes the focus with it when it goes; whoever shows the others names the place that has it next.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import streamlit as st

from recsys_assets.serving.app.markup import plain

FIRST_SECTION = "[data-testid=stMain] h2"
"""Heading of what a page shows first."""


def begin() -> None:
    """Once a run, before the page."""
    state = st.session_state
    state["aloud-turn"] = state.get("aloud-turn", 0) + 1  # the same words twice are said twice
    state["aloud-place"], state["aloud-said"] = st.empty(), []
    state["aloud-to"] = state.pop("aloud-next", "")
    if state["aloud-to"]:
        _show()


def say(text: str) -> None:
    """When the page is whole."""
    st.session_state["aloud-said"].append(text)
    _show()


def go_on_at(selector: str) -> None:
    """Where the focus is after the next run, if what has it now is gone then. `selector`: CSS, never from outside."""
    st.session_state["aloud-next"] = selector


def replaced(key: str, now: Sequence[int]) -> Sequence[int] | None:
    """What stood at `key` the last time, in whose place `now` stands from now on; None at first sight."""
    known: dict[str, Sequence[int]] = st.session_state.setdefault("aloud-known", {})
    before, known[key] = known.get(key), now
    return before


def _show() -> None:
    state = st.session_state
    words = f'data-turn="{state["aloud-turn"]}" data-to="{plain(state["aloud-to"])}"'
    said = plain(" ".join(state["aloud-said"]))
    markup = f'<i class="rx-words" hidden {words} data-said="{said}"></i><script>{_script()}</script>'
    state["aloud-place"].html(markup, unsafe_allow_javascript=True)  # a script of ours; what it says is escaped


@cache
def _script() -> str:
    return files("recsys_assets.serving.app").joinpath("aloud.js").read_text(encoding="utf-8")
