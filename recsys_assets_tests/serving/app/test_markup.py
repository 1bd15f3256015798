"""What comes from outside is text, in HTML and in Markdown."""

from __future__ import annotations

import pytest

from recsys_assets.serving.app.markup import Cell, Line, markdown, ordered, plain, table, tiles

HARM = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</table><h1>", "&lt;b&gt;", "a\u202eb"]


@pytest.mark.parametrize("text", HARM)
def test_no_text_becomes_an_element_or_turns_its_line(text: str) -> None:
    made = [
        table(["a"], [[text], [Cell(text, "bad")]], caption=text),
        tiles([(text, text, text)]),
        ordered([Line(text, text, (text,), mark=text)], label=text),
    ]
    for html in made:
        assert text not in html
        assert "<script" not in html
        assert "<img" not in html
        assert "\u202e" not in html


def test_plain_is_undone_by_a_browser() -> None:
    from html import unescape

    for text in HARM[:4]:
        assert unescape(plain(text)) == text


@pytest.mark.parametrize(
    "text", ["[x](javascript:alert(1))", ":red[x]", "$x$", "**x**", "# x", "`x`", "1. x", ":smile:"]
)
def test_no_mark_is_left_in_markdown(text: str) -> None:
    escaped = markdown(text)
    assert escaped.replace("\\", "") == text
    for mark in "[]():$*#`":
        assert escaped.count(mark) == escaped.count("\\" + mark)


def test_a_label_stays_on_one_line() -> None:
    assert markdown("a\n# b\t c") == "a \\# b c"


def test_rows_and_columns_are_named_for_who_hears_the_table() -> None:
    html = table(["movie", "stars"], [["Heat", 4]], caption="Two", numbers=[1])
    assert "<caption>Two</caption>" in html
    assert "<th scope=row>Heat</th>" in html
    assert '<td data-column="stars" class=rx-right>4</td>' in html
