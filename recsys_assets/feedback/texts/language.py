"""Is a text English? Told by its small words: a lexicon of English read into another language finds nonsense.

German `war` (was) is no war and French `mort` no opinion. Words that stand in both lists count for neither.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources

FEW = 4
"""Words from which a text without one English small word is taken for foreign."""
LATIN = 0.7
"""Share of words in Latin letters below which a text is foreign."""


def is_english(words: Sequence[str], known: int) -> bool:
    """`words`: lower case; `known`: how many of them the English lexicon has. No words at all are in every language."""
    if not words:
        return True
    if sum(all(c < "\u0250" for c in word) for word in words) < LATIN * len(words):
        return False
    ours, theirs = _small_words()
    english = sum(word in ours for word in words)
    if sum(word in theirs for word in words) > english:
        return False
    return bool(english) or len(words) < FEW or known * 2 >= len(words)


@cache
def _small_words() -> tuple[frozenset[str], frozenset[str]]:
    """English only, and foreign only."""
    told = tomllib.loads(resources.files(__package__).joinpath("small_words.toml").read_text(encoding="utf-8"))
    english = frozenset(told["english"].split())
    foreign = frozenset(" ".join(told["foreign"].values()).split())
    return english - foreign, foreign - english
