"""Pieces that pages share: how one begins, what stands where there is nothing, a picture with its figures in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import streamlit as st

from recsys_assets.serving.app import theme as house
from recsys_assets.serving.app.markup import markdown, plain, prose, table
from recsys_assets.serving.app.theme import Theme

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from PIL.Image import Image

CHART = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "doubleClick": False, "showTips": False}


def theme() -> Theme:
    """By day or by night, as the visitor's browser says."""
    return "dark" if st.context.theme.type == "dark" else "light"


def style() -> None:
    """The style sheet of all that `markup` makes; light and dark follow the page, without a run of the script."""
    pairs = {
        "accent": house.BAR,
        "ink": house.INK,
        "soft": house.SOFT,
        "faint": house.FAINT,
        "paper": house.PAPER,
        "panel": house.PANEL,
        "on-accent": house.ON_ACCENT,
        "tint": {"light": house.BLUES["light"][1], "dark": house.BLUES["dark"][1]},
        **{name: house.TONES[name] for name in ("good", "warn", "bad")},
    }
    variables = ";".join(f"--{name}:light-dark({of['light']},{of['dark']})" for name, of in pairs.items())
    sheet = files("recsys_assets.serving.app").joinpath("style.css").read_text(encoding="utf-8")
    st.html(f"<style>.stApp{{{variables}}}{sheet}</style>")


@cache
def icon() -> Image:
    """Of the browser's tab: drawn here, as Streamlit would fetch an icon by name from the network."""
    from PIL import Image, ImageDraw

    drawn = Image.new("RGBA", (64, 64))
    pen = ImageDraw.Draw(drawn)
    pen.rounded_rectangle((2, 2, 61, 61), 14, fill=house.BAR["light"])
    pen.polygon([(24, 17), (24, 47), (48, 32)], fill="white")
    return drawn


def heading(title: str, lead: str) -> None:
    """The page's only first-level heading, and one sentence of what it is for."""
    st.title(title, anchor=False)
    st.html(f'<p class="rx-lead">{prose(lead)}</p>')


def section(title: str, note: str = "") -> None:
    st.header(title, anchor=False)
    if note:
        st.html(f'<p class="rx-note">{prose(note)}</p>')


def note(text: str) -> None:
    st.html(f'<p class="rx-note">{prose(text)}</p>')


def empty(what: str, command: str, *, why: str = "") -> None:
    """In place of what is not there: what is missing, and the command that makes it."""
    reason = f"<p>{plain(why)}</p>" if why else ""
    st.html(
        f'<div class="rx-empty" role="status"><p><strong>{plain(what)}</strong></p>{reason}'
        f"<p>Run <code>{plain(command)}</code></p></div>"
    )


def chart(
    figure: go.Figure,
    *,
    alt: str,
    key: str,
    columns: Sequence[str] = (),
    rows: Iterable[Sequence[object]] = (),
) -> None:
    """A picture; `alt` says in words what it shows, and the table below holds its figures for who can't see it."""
    st.plotly_chart(figure, theme=None, width="stretch", config=CHART, key=key, alt=alt)
    if columns:
        with st.expander(f"The same as a table, by {as_text(columns[0])}"):  # of several, each has a name of its own
            caption = f"The figures of the picture, by {columns[0]}"
            st.html(table(columns, rows, caption=caption, numbers=range(1, len(columns)), wide=True))


def show(markup: str) -> None:
    """What `markup` made."""
    st.html(markup)


def as_text(text: object) -> str:
    """For what Streamlit reads as Markdown: every mark of it escaped."""
    return markdown(text)
