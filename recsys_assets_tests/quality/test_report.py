"""Cells of a report: text is data."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.quality.report import _cell


@given(st.text(st.characters(), max_size=100))
def test_a_cell_is_one_line_without_anything_a_terminal_obeys(text: str) -> None:
    assert _cell(text).isprintable()


def test_a_cell_makes_no_link_picture_tag_or_column() -> None:
    said = _cell("![x](http://evil) <script> a|b www.evil.org me@evil &lt;")
    for broken in ("![", "http:", "www.", " <", "a|b", "me@", " &"):
        assert broken not in said
