"""Movies by title, as people type: by the start of a title or of a word in it, and with typing errors.

A query is compared without case, accents, punctuation and leading articles. In this order:

    100      the title itself                                        "heat"
    99       the title begins with it                                "toy st"
    95       every word of it begins a word of the title             "ring lord"
    to 94    every word of it is near a word, or the whole near      "shawshnk", "tpy story"
             the title, by edits (rapidfuzz); the likest first

Of equal ones shorter titles come first. A year in brackets puts the titles of that year first. Measured on 45,115
titles: 0.1 ms where the first ranks fill the list, 3-8 ms where typing errors are looked for.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

TITLE_CUTOFF, WORD_CUTOFF = 70.0, 75.0
"""Likeness, 0-100, below which a title, or a word of one, is not what was meant."""
NEAR_WORDS = 20
"""Words of titles that a word of the query is taken for, at most."""
ITSELF, BEGINS, WORDS, NEAR = 100.0, 99.0, 95.0, 94.0
ARTICLE = re.compile(r"^(the|a|an|le|la|les|der|die|das|el|il) ")
TRAILING_ARTICLE = re.compile(r"^(.*), (the|a|an|le|la|les|l'|der|die|das|el|il)$", re.IGNORECASE)
YEAR = re.compile(r"\((\d{4})\)\s*$")
LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Found:
    """A movie by its column; `likeness` 0-100."""

    column: int
    likeness: float


@dataclass(frozen=True)
class TitleIndex:
    """Titles made ready once for a catalogue."""

    plain: Sequence[str]
    """(n,) normalized titles."""
    years: NDArray[np.int32] = field(repr=False)
    """(n,)."""
    ordered: Sequence[str] = field(repr=False)
    """`plain` in order, for prefixes."""
    columns: NDArray[np.int64] = field(repr=False)
    """Column of each of `ordered`."""
    words: Sequence[str] = field(repr=False)
    """Every word of a title, in order, once for each title that has it."""
    word_columns: NDArray[np.int64] = field(repr=False)
    vocabulary: Sequence[str] = field(repr=False)
    """`words`, each once."""

    @classmethod
    def of(cls, titles: Sequence[str], years: NDArray[np.int32]) -> TitleIndex:
        """`titles` (n,) without their year."""
        plain = [normalized(title) for title in titles]
        order = sorted(range(len(plain)), key=plain.__getitem__)
        pairs = sorted((word, column) for column, title in enumerate(plain) for word in set(title.split()))
        words = [word for word, _ in pairs]
        return cls(
            plain,
            years,
            [plain[c] for c in order],
            np.array(order, dtype=np.int64),
            words,
            np.array([column for _, column in pairs], dtype=np.int64),
            list(dict.fromkeys(words)),
        )

    def find(self, query: str, k: int) -> list[Found]:
        """The best `k`, best first; none for a query without a letter or digit."""
        year = YEAR.search(query)
        wanted = normalized(YEAR.sub("", query)) or normalized(query)
        if not wanted:
            return []
        found = {c: ITSELF if self.plain[c] == wanted else BEGINS for c in self._starting(wanted)}
        if len(found) < k:
            found |= dict.fromkeys(self._with_words(wanted.split()) - found.keys(), WORDS)
        if len(found) < k:
            near = self._near(wanted, k)
            found |= {c: min(NEAR, likeness) for c, likeness in near.items() if c not in found}
        ranked = sorted(found.items(), key=lambda item: (-item[1], len(self.plain[item[0]]), item[0]))
        if year:
            ranked.sort(key=lambda item: self.years[item[0]] != int(year.group(1)))
        return [Found(column, likeness) for column, likeness in ranked[:k]]

    def _starting(self, prefix: str) -> list[int]:
        found: list[int] = self.columns[_range(self.ordered, prefix)].tolist()
        return found

    def _with_words(self, starts: Sequence[str]) -> set[int]:
        """Columns of titles in which every one of `starts` begins a word."""
        return set.intersection(*(self._with_word(start) for start in starts))

    def _with_word(self, start: str) -> set[int]:
        return set(self.word_columns[_range(self.words, start)].tolist())

    def _near(self, wanted: str, k: int) -> dict[int, float]:
        """Column -> likeness, of titles near the whole query, and of those with a word near each of its words."""
        whole = process.extract(wanted, self.plain, scorer=fuzz.ratio, score_cutoff=TITLE_CUTOFF, limit=k)
        found = {column: likeness for _, likeness, column in whole}
        by_words = self._near_words(wanted.split())
        for column, likeness in by_words.items():
            found[column] = max(likeness, found.get(column, 0.0))
        return found

    def _near_words(self, wanted: Sequence[str]) -> dict[int, float]:
        total: dict[int, float] = {}
        for place, word in enumerate(wanted):
            likeness: dict[int, float] = {}
            if not self._exactly(word):
                near = process.extract(
                    word, self.vocabulary, scorer=fuzz.ratio, score_cutoff=WORD_CUTOFF, limit=NEAR_WORDS
                )
                for other, alike, _ in reversed(near):
                    likeness |= dict.fromkeys(self._exactly(other), alike)
            likeness |= dict.fromkeys(self._with_word(word), WORDS)
            kept = likeness if place == 0 else total.keys() & likeness.keys()
            total = {c: total.get(c, 0.0) + likeness[c] for c in kept}
            if not total:
                break
        return {c: value / len(wanted) for c, value in total.items()}

    def _exactly(self, word: str) -> list[int]:
        first = bisect_left(self.words, word)
        last = bisect_left(self.words, word + "\0")
        found: list[int] = self.word_columns[first:last].tolist()
        return found


def normalized(title: str) -> str:
    """`Amélie, The` and `the AMELIE!` are the same: `amelie`."""
    moved = TRAILING_ARTICLE.sub(r"\1", title.strip())
    letters = unicodedata.normalize("NFKD", moved.casefold())
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    spaced = LETTERS.sub(" ", bare.replace("'", "").replace("’", "")).strip()
    return ARTICLE.sub("", spaced) or spaced


def _range(ordered: Sequence[str], prefix: str) -> slice:
    return slice(bisect_left(ordered, prefix), bisect_left(ordered, prefix + "\U0010ffff"))
