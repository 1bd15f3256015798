"""What is written about the generated movies: titles, people, keywords, plots; columns, not rows."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.sources.synthetic import words
from recsys_assets.sources.synthetic.movies import Ints, Movies

Texts = NDArray[np.object_]

DIRECTORS, ACTORS = 0, 4_001
"""Shifts of `people`, which keep directors and actors from sharing names."""

_ABSENT = len(words.GENRES)
"""Row of the genre names that stands for no genre."""


def titles(movies: Movies, rng: np.random.Generator) -> pl.DataFrame:
    """`title` as IMDb writes it (The Silent Harbor II) and `filed` as MovieLens does (Silent Harbor II, The).

    No two series share a name, and so no two movies a title.
    """
    n_series = int(movies.series.max()) + 1
    a, n, p = len(words.ADJECTIVES), len(words.NOUNS), len(words.PLACES)
    short, middle = a * n, n * p
    total = short + middle + a * n * p
    drawn = _distinct(n_series, short + middle if n_series <= (short + middle) // 2 else total, rng)
    index = drawn[movies.series]
    plain, placed = index < short, (index >= short) & (index < short + middle)
    rest = np.maximum(index - short - middle, 0)
    noun = np.where(plain, index % n, np.where(placed, (index - short) % n, rest % n))
    place = np.where(placed, (index - short) // n, rest // n % p) % p
    adjective = np.where(plain, index // n, rest // (n * p)) % a
    frame = pl.DataFrame(
        {
            "adjective": _text(words.ADJECTIVES[adjective]),
            "noun": _text(words.NOUNS[noun]),
            "place": _text(words.PLACES[place]),
            "numeral": _text(words.ROMAN[movies.part]),
            "plain": plain,
            "placed": placed,
        }
    )
    return frame.select(
        pl.when("plain")
        .then(pl.format("The {} {}{}", "adjective", "noun", "numeral"))
        .when("placed")
        .then(pl.format("{} of {}{}", "noun", "place", "numeral"))
        .otherwise(pl.format("{} {} of {}{}", "adjective", "noun", "place", "numeral"))
        .alias("title"),
        pl.when("plain")
        .then(pl.format("{} {}{}, The", "adjective", "noun", "numeral"))
        .when("placed")
        .then(pl.format("{} of {}{}", "noun", "place", "numeral"))
        .otherwise(pl.format("{} {} of {}{}", "adjective", "noun", "place", "numeral"))
        .alias("filed"),
    )


def genre_list(movies: Movies, separator: str) -> pl.Series:
    """Genre names in alphabetical order, joined."""
    names = np.append(words.GENRES, "")
    ordered = np.sort(np.where(movies.genres < 0, _ABSENT, movies.genres), axis=1)  # GENRES are in that order
    return _joined(names[ordered], separator)


def people(ids: Ints, *, shift: int) -> Texts:
    """A name for each number; `shift` keeps directors and actors from sharing names."""
    first, last = len(words.FIRST_NAMES), len(words.LAST_NAMES)
    number = (ids * 7919 + shift) % (first * last)  # prime to the number of names: a permutation
    names: Texts = words.FIRST_NAMES[number % first] + " " + words.LAST_NAMES[number // first]
    return names


def keywords(movies: Movies, rng: np.random.Generator) -> Texts:
    """(m, 4): two of the first genre, one of the second (or first), one of the movie's theme."""
    lead, second = movies.lead_genre, np.where(movies.genres[:, 1] < 0, movies.genres[:, 0], movies.genres[:, 1])
    width = words.KEYWORDS.shape[1]
    first = rng.integers(0, width, len(movies))
    other = (first + rng.integers(1, width, len(movies))) % width
    third = np.where(second == lead, (first + other + 1) % width, rng.integers(0, width, len(movies)))
    chosen: Texts = np.column_stack(
        [
            words.KEYWORDS[lead, first],
            words.KEYWORDS[lead, other],
            words.KEYWORDS[second, third],
            words.THEMES[_theme(movies), rng.integers(0, words.THEMES.shape[1], len(movies))],
        ]
    )
    return chosen


def plots(movies: Movies, rng: np.random.Generator) -> pl.Series:
    """Two sentences a movie, of its first and second genre's words, its theme and a place."""
    m = len(movies)
    lead, second = movies.lead_genre, np.where(movies.genres[:, 1] < 0, movies.genres[:, 0], movies.genres[:, 1])

    def drawn(table: Texts, row: Ints) -> pl.Series:
        return _text(table[row, rng.integers(0, table.shape[1], m)])

    frame = pl.DataFrame(
        {
            "place": _text(words.PLACES[rng.integers(0, len(words.PLACES), m)]),
            "hero": drawn(words.HEROES, lead),
            "keyword": drawn(words.KEYWORDS, lead),
            "other": drawn(words.KEYWORDS, second),
            "helper": drawn(words.HEROES, second),
            "theme": drawn(words.THEMES, _theme(movies)),
            "style": pl.Series(rng.integers(0, 3, m)),
        }
    )
    told = frame.select(
        pl.when(pl.col("style") == 0)
        .then(pl.format("In {}, {} meets {}.", "place", "hero", "helper"))
        .when(pl.col("style") == 1)
        .then(pl.format("It begins in {} with {} and {}.", "place", "hero", "helper"))
        .otherwise(pl.format("Nobody in {} believes {}, except {}.", "place", "hero", "helper"))
        .alias("first"),
        pl.when(pl.col("style") == 0)
        .then(pl.format(" A story of {}, {} and {}.", "keyword", "other", "theme"))
        .when(pl.col("style") == 1)
        .then(pl.format(" What follows is about {}, {} and {}.", "keyword", "theme", "other"))
        .otherwise(pl.format(" Between {} and {} lies {}.", "keyword", "other", "theme"))
        .alias("second"),
    )
    return told.select(pl.concat_str("first", "second"))["first"]


def joined(table: Texts, separator: str) -> pl.Series:
    """Each row's texts as one, empty ones and repeats left out."""
    return _joined(table, separator)


def _joined(table: Texts, separator: str) -> pl.Series:
    columns = [pl.Series(f"c{i}", table[:, i].astype(str)) for i in range(table.shape[1])]
    lists = pl.DataFrame(columns).select(pl.concat_list(pl.all()).alias("list"))
    rows = pl.col("list").list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)
    return lists.select(rows.list.join(separator))["list"]


def _theme(movies: Movies) -> Ints:
    """The taste dimension in which the movie stands out, as a row of THEMES."""
    strongest = np.abs(movies.factors).argmax(axis=1)
    theme: Ints = (strongest % len(words.THEMES)).astype(np.int64)
    return theme


def _distinct(count: int, total: int, rng: np.random.Generator) -> Ints:
    return rng.permutation(total)[:count].astype(np.int64)


def _text(values: Texts) -> pl.Series:
    return pl.Series(values.astype(str), dtype=pl.String)
