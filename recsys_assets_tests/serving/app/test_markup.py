"""What comes from outside is text, in HTML and in Markdown."""

from __future__ import annotations

import pytest

from recsys_assets.serving.app.markup import Cell, Line, markdown, ordered, plain, prose, steps, table, terms, tiles

HARM = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</table><h1>", "&lt;b&gt;", "a\u202eb"]


@pytest.mark.parametrize("text", HARM)
def test_no_text_becomes_an_element_or_turns_its_line(text: str) -> None:
    made = [
        table(["a"], [[text], [Cell(text, "bad")], [Cell(text, ours=True)]], caption=text),
        steps([(text, text)]),
        terms([(text, text)]),
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
    ("text", "escaped"),
    [
        ("[x](javascript:alert(1))", r"\[x\](javascript\:alert(1))"),
        (":red[x]", r"\:red\[x\]"),
        (":smile: :material/home:", r"\:smile: \:material/home:"),
        ("$x$ **y** `z` <b>", r"\$x\$ \*\*y\*\* \`z\` \<b>"),
        ("# head", r"\# head"),
        ("1. one", r"1\. one"),
        ("&lt;", r"\&lt;"),
        ("https://a.b www.c.d e@f.g", r"https\://a.b www\.c.d e\@f.g"),
        (r"\[x]", r"\\\[x\]"),
    ],
)
def test_no_mark_is_left_in_markdown(text: str, escaped: str) -> None:
    assert markdown(text) == escaped


def test_an_ordinary_title_is_read_aloud_as_it_is() -> None:
    for title in ("Austin Powers: The Spy Who Shagged Me (1999)", "(500) Days of Summer", "Airplane! - 2 & 3", "Se7en"):
        assert markdown(title) == title


def test_only_backticks_mean_something_in_prose() -> None:
    assert prose("run `recsys <b>`, **now** `") == "run <code>recsys &lt;b&gt;</code>, **now** `"


def test_a_label_stays_on_one_line() -> None:
    assert markdown("a\n# b\t c") == "a # b c"


def test_rows_and_columns_are_named_for_who_hears_the_table() -> None:
    html = table(["movie", "stars"], [["Heat", 4]], caption="Two", numbers=[1])
    assert "<caption><span>Two</span></caption>" in html
    assert "<th scope=row>Heat</th>" in html
    assert '<td data-column="stars" class=rx-right>4</td>' in html


def test_a_list_that_begins_later_says_so_to_eyes_and_to_readers() -> None:
    made = ordered([Line("A", ""), Line("B", "")], label="two", start=4)
    assert 'start="4"' in made
    assert made.count("counter-set: place 4") == 1
    assert made.index("counter-set") < made.index("A</strong>") < made.index("B</strong>")
