"""The words opinions are told with: VADER's lexicon, and over it our small lexicon of film talk and its aspects.

VADER (Hutto and Gilbert, ICWSM 2014): 7,500 words and emoticons with the mean valence that ten people gave them, -4 to
4. `film_lexicon.toml` adds phrases and words that mean something else of a film, and names the ten aspects.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

from recsys_assets.warehouse.tables import ASPECTS

if TYPE_CHECKING:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

Phrase = tuple[str, ...]
GOOD_EMOJI, BAD_EMOJI = "emoji_good", "emoji_bad"
EMOJI_VALENCE = 2.4
JUDGING = 1.4
"""Of a term that judges an aspect and stands nowhere else in the lexicon."""
OPINION = 0.6
"""Valence from which a word is an opinion of an aspect beside it."""
SHORTEST_MENDED = 7
"""Letters of a word that a typing error is traced back to; of shorter ones too many words are neighbours."""


@dataclass(frozen=True)
class Aspect:
    """`about` takes the polarity of an opinion beside it; `good` and `bad` carry their own."""

    about: frozenset[str]
    good: frozenset[str]
    bad: frozenset[str]


@dataclass(frozen=True)
class FilmLexicon:
    """Terms are lower-case, the words of a phrase joined by `_`."""

    version: str
    valence: Mapping[str, float]
    """Of our own terms and of all VADER's."""
    phrases: Mapping[str, tuple[Phrase, ...]]
    """First word -> the phrases that begin with it, longest first."""
    aspects: Mapping[str, Aspect]
    emoji: Mapping[str, str]
    """Emoji -> the term that stands for it."""
    near: Mapping[str, str] = field(repr=False)
    """A word less one letter -> the word it is; for typing errors."""

    def mended(self, word: str) -> str:
        """`word`, or the word it is a mistyped form of: one letter more, less, other, or two exchanged."""
        if len(word) < SHORTEST_MENDED - 1 or word in self.valence:
            return word
        for form in (word, *_less_one(word)):
            meant = self.near.get(form)
            if meant and meant[0] == word[0]:
                return meant
        return word


@cache
def film_lexicon() -> FilmLexicon:
    """The lexicon of this version of the program."""
    raw = resources.files(__package__).joinpath("film_lexicon.toml").read_bytes()
    told = tomllib.loads(raw.decode("utf-8"))
    aspects = {name: Aspect(*(_terms(told["aspects"][name][k]) for k in ("about", "good", "bad"))) for name in ASPECTS}
    own = _own_valences(told, aspects.values())
    named = {term for aspect in aspects.values() for term in (*aspect.about, *aspect.good, *aspect.bad)}
    return FilmLexicon(
        version=f"vader-{metadata.version('vaderSentiment')}+film-{hashlib.sha256(raw).hexdigest()[:8]}",
        valence=analyzer_lexicon() | own,
        phrases=_by_first_word(own),
        aspects=aspects,
        emoji=dict.fromkeys(told["emoji"]["good"], GOOD_EMOJI) | dict.fromkeys(told["emoji"]["bad"], BAD_EMOJI),
        near=_near({word for word in {*told["opinions"], *named, *_STRONG.split()} if "_" not in word}),
    )


@cache
def analyzer() -> SentimentIntensityAnalyzer:
    """VADER with the film lexicon over its own."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    vader = SentimentIntensityAnalyzer()
    vader.lexicon = dict(film_lexicon().valence)
    return vader


@cache
def analyzer_lexicon() -> dict[str, float]:
    """VADER's own lexicon."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return dict(SentimentIntensityAnalyzer().lexicon)


_STRONG = (
    "amazing awesome excellent fantastic wonderful brilliant beautiful perfect horrible terrible stupid boring "
    "enjoyable enjoyed entertaining interesting impressive incredible exciting absolutely completely really"
)
"""Words of VADER's that are often mistyped."""


def _own_valences(told: Mapping[str, Any], aspects: Iterable[Aspect]) -> dict[str, float]:
    named: dict[str, float] = {}
    for aspect in aspects:
        named |= dict.fromkeys(aspect.about, 0.0)
        named |= dict.fromkeys(aspect.good, JUDGING) | dict.fromkeys(aspect.bad, -JUDGING)
    neutral = dict.fromkeys((_term(t) for t in (*told["neutral"]["words"], *told["neutral"]["phrases"])), 0.0)
    opinions = {_term(t): float(v) for t, v in (*told["opinions"].items(), *told["phrases"].items())}
    return named | neutral | opinions | {GOOD_EMOJI: EMOJI_VALENCE, BAD_EMOJI: -EMOJI_VALENCE}


def _term(text: str) -> str:
    return text.replace(" ", "_")


def _terms(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_term, texts))


def _by_first_word(terms: Iterable[str]) -> dict[str, tuple[Phrase, ...]]:
    phrases = sorted((tuple(t.split("_")) for t in terms if "_" in t and not t.startswith("emoji_")), key=_longest)
    return {first: tuple(p for p in phrases if p[0] == first) for first in {p[0] for p in phrases}}


def _longest(phrase: Phrase) -> tuple[int, Phrase]:
    return -len(phrase), phrase


def _near(words: Iterable[str]) -> dict[str, str]:
    long = sorted(word for word in words if len(word) >= SHORTEST_MENDED)
    return {form: word for word in reversed(long) for form in (*_less_one(word), word)}


def _less_one(word: str) -> list[str]:
    return [word[:n] + word[n + 1 :] for n in range(len(word))]
