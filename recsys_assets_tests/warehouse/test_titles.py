from __future__ import annotations

import unicodedata

import duckdb
import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recsys_assets.warehouse.tables import EARLIEST_YEAR, LATEST_YEAR
from recsys_assets.warehouse.titles import title_sql, year_sql


def parsed(published: list[str]) -> list[tuple[str | None, int | None]]:
    frame = pl.DataFrame({"t": published})
    with duckdb.connect() as con:
        con.register("published", frame)
        return con.execute(f"SELECT {title_sql('t')}, {year_sql('t')} FROM published").fetchall()


CASES = {
    "Toy Story (1995)": ("Toy Story", 1995),
    "Matrix, The (1999)": ("The Matrix", 1999),
    "From Dusk Till Dawn 2 (1999) ": ("From Dusk Till Dawn 2", 1999),
    "City of Lost Children, The (Cité des enfants perdus, La) (1995)": (
        "The City of Lost Children (La Cité des enfants perdus)",
        1995,
    ),
    "Avventura, L' (Adventure, The) (1960)": ("L'Avventura (The Adventure)", 1960),
    "Children Are Watching Us, The (Bambini ci guardano, I) (1944)": (
        "The Children Are Watching Us (I Bambini ci guardano)",
        1944,
    ),
    "Death Note: Desu nôto (2006–2007)": ("Death Note: Desu nôto", 2006),
    "Big Little Lies (2017- )": ("Big Little Lies", 2017),
    "Babylon 5": ("Babylon 5", None),
    "2001: A Space Odyssey (1968)": ("2001: A Space Odyssey", 1968),
    "Blade Runner (2049)": ("Blade Runner (2049)", None),
    "1984 (1984)": ("1984", 1984),
    "(500) Days of Summer (2009)": ("(500) Days of Summer", 2009),
    "(1999)": ("(1999)", 1999),
    "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)": (
        "The Good, the Bad and the Ugly (Il Buono, il brutto, il cattivo)",
        1966,
    ),
    "Monsters, Inc. (2001)": ("Monsters, Inc.", 2001),
    " ": (None, None),
}


@pytest.mark.parametrize("published", CASES)
def test_a_published_title_is_read_as_a_person_would(published: str) -> None:
    assert parsed([published]) == [CASES[published]]


SPACES = "".join(c for c in map(chr, range(0x10000)) if unicodedata.category(c) == "Zs")
"""What `trim` takes away: no-break and wide spaces, too."""


@given(st.lists(st.text(max_size=40), max_size=50))
@example(["\0", "\xa0", "\u3000 "])
@settings(max_examples=30, deadline=None)
def test_no_text_breaks_the_parser_or_loses_a_title(published: list[str]) -> None:
    for text, (title, _) in zip(published, parsed(published), strict=True):
        assert (title is None) == (text.strip(SPACES) == "")


WORDS = st.lists(st.text("abcXYZé0123456789:!'.&-", min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join)


@given(title=WORDS, year=st.integers(EARLIEST_YEAR, LATEST_YEAR), article=st.sampled_from(["", "The", "A", "Les"]))
@settings(max_examples=40, deadline=None)
def test_title_and_year_come_back_from_how_movielens_writes_them(title: str, year: int, article: str) -> None:
    assume(title == title.strip())
    filed = f"{title}, {article} ({year})" if article else f"{title} ({year})"
    assert parsed([filed]) == [(f"{article} {title}".strip(), year)]
