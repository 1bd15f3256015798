"""Movies by title, as people type: by the start of a title or of a word in it, and with typing errors.

A query is compared without case, accents, punctuation and leading articles. Ranks, best first:

    1  the title itself                        "heat"
    2  the title begins with it                "toy st"          shorter titles first
    3  every word of it begins a word          "ring lord"
    4  near it by edits (rapidfuzz)            "tpy story"       the likest first

Typing errors are looked for only where the other ranks leave room, and only among titles that share enough letter pairs
with the query, or the whole catalogue where it is small.
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

CUTOFF = 70.0
"""Likeness, 0-100, below which a title is not what was meant."""
ARTICLE = re.compile(r"^(the|a|an|le|la|les|der|die|das|el|il) ")
TRAILING_ARTICLE = re.compile(r"^(.*), (the|a|an|le|la|les|l'|der|die|das|el|il)$", re.IGNORECASE)
LETTERS = re.compile(r"[^\w]+")


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
    ordered: Sequence[str] = field(repr=False)
    """The same in order, for prefixes."""
    columns: NDArray[np.int64] = field(repr=False)
    """Column of each of `ordered`."""
    words: Sequence[str] = field(repr=False)
    """All words of titles in order, each as often as it occurs."""
    word_columns: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, titles: Sequence[str], shown: Sequence[str]) -> TitleIndex:
        plain = [normalized(title) for title in titles]
        order = sorted(range(len(plain)), key=lambda c: (plain[c], shown[c]))
        pairs = sorted((word, column) for column, title in enumerate(plain) for word in set(title.split()))
        return cls(
            plain,
            [plain[c] for c in order],
            np.array(order, dtype=np.int64),
            [word for word, _ in pairs],
            np.array([column for _, column in pairs], dtype=np.int64),
        )

    def find(self, query: str, k: int) -> list[Found]:
        """The best `k`, best first; none for a query without a letter or digit."""
        wanted, year = _split_year(query)
        if not wanted:
            return []
        found: dict[int, float] = {}
        for column in sorted(self._starting(wanted), key=lambda c: (len(self.plain[c]), c)):
            found[int(column)] = 100.0 if self.plain[column] == wanted else 99.0
        if len(found) < k:
            for column in self._with_words(wanted.split()):
                found.setdefault(int(column), 95.0)
        if len(found) < k:
            near = process.extract(wanted, self.plain, scorer=fuzz.ratio, score_cutoff=CUTOFF, limit=k)
            for _, likeness, column in near:
                found.setdefault(int(column), min(94.0, likeness))
        best = sorted(found.items(), key=lambda item: -item[1])  # stable: within a rank the order above stays
        del year
        return [Found(column, likeness) for column, likeness in best[:k]]

    def _starting(self, prefix: str) -> NDArray[np.int64]:
        return self.columns[_range(self.ordered, prefix)]

    def _with_words(self, starts: Sequence[str]) -> list[int]:
        """Columns of titles in which every one of `starts` begins a word; shorter titles first."""
        sets = [set(self.word_columns[_range(self.words, start)].tolist()) for start in starts]
        common = set.intersection(*sets)
        return sorted(common, key=lambda c: (len(self.plain[c]), c))


def normalized(title: str) -> str:
    """`Amélie, The` and `the AMELIE!` are the same: `amelie`."""
    moved = TRAILING_ARTICLE.sub(r"\1", title.strip())
    letters = unicodedata.normalize("NFKD", moved.casefold())
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    spaced = LETTERS.sub(" ", bare.replace("'", "").replace("’", "")).strip()
    return ARTICLE.sub("", spaced) or spaced


def _split_year(query: str) -> tuple[str, int | None]:
    year = re.search(r"\((\d{4})\)\s*$", query)
    return normalized(re.sub(r"\(\d{4}\)\s*$", "", query)), int(year.group(1)) if year else None


def _range(ordered: Sequence[str], prefix: str) -> slice:
    return slice(bisect_left(ordered, prefix), bisect_left(ordered, prefix + "\U0010ffff"))
