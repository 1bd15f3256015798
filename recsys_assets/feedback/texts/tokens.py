"""A cleaned text as words, phrases, emoji and marks, cut into clauses at full stops and where the tone turns.

`but`, `however`, `yet` turn it, and what follows counts more than what was before (as in VADER); `although`, `despite`
concede something, which counts less than the clause it stands beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recsys_assets.feedback.texts.lexicon import BAD_EMOJI, GOOD_EMOJI, FilmLexicon, film_lexicon

BEFORE, AFTER, CONCEDED = 0.5, 1.5, 0.5
"""Weights of a clause before and after a turn (VADER's), and of one that is conceded."""
STOPS = frozenset(".!?;:()[]{}|")
SOFT = frozenset({",", "-", "/", "and", "&", "or", "plus"})
"""Between parts of one clause: an opinion reaches over them, but not gladly."""
TURNS = frozenset({"but", "however", "nevertheless", "nonetheless", "yet", "whereas"})
CONCESSIONS = frozenset({"although", "though", "despite", "while"})
SUBJECTS = frozenset({"i", "it", "this", "we", "you", "he", "she", "they"})
"""With these a main clause begins, if a concession has gone before without a comma."""

_TOKEN = re.compile(
    r"[:;=8]['-]?[)(DPp/\\|\]\[](?!\w)|</?3(?!\d)"  # emoticons
    r"|[^\W\d_]+(?:['-][^\W\d_]+)*"  # words, with apostrophes and hyphens inside
    r"|\d{1,10}(?:/\d{1,3})?"
    r"|[^\w\s]"
)
_LETTERS = re.compile(r"([^\W\d_])\1{2,}")


@dataclass(frozen=True)
class Token:
    """`term`: lower case, mended, the words of a phrase joined by `_`; `shown`: as VADER is to see it."""

    term: str
    shown: str
    valence: float

    @property
    def word(self) -> bool:
        return self.term[0].isalnum() and self.term not in (GOOD_EMOJI, BAD_EMOJI)


@dataclass(frozen=True)
class Clause:
    """Tokens without the marks that bound them, and what they weigh in the whole."""

    tokens: tuple[Token, ...]
    weight: float
    loud: str = ""
    """The exclamation and question marks it ended with, which VADER counts."""


def tokens_of(cleaned: str, lexicon: FilmLexicon | None = None) -> list[Token]:
    """Tokens of a cleaned text, phrases of the lexicon as one."""
    lexicon = lexicon or film_lexicon()
    found = [_word(match[0], lexicon) for match in _TOKEN.finditer(cleaned)]
    return list(_phrases(found, lexicon))


def clauses_of(tokens: list[Token]) -> list[Clause]:
    """The clauses of a text, each with its weight."""
    clauses: list[Clause] = []
    sentence: list[Token] = []
    for token in [*tokens, Token(".", ".", 0.0)]:
        if token.term not in STOPS:
            sentence.append(token)
        elif sentence:
            clauses += _turned(sentence)
            sentence = []
        if token.term in "!?" and clauses and not sentence:
            last = clauses[-1]
            clauses[-1] = Clause(last.tokens, last.weight, last.loud + token.term)
    return clauses


def _word(seen: str, lexicon: FilmLexicon) -> Token:
    if seen in lexicon.emoji:
        term = lexicon.emoji[seen]
        return Token(term, term, lexicon.valence[term])
    lower = _mended(seen.lower(), lexicon)
    shown = lower.upper() if seen.isupper() and len(seen) > 1 else lower if lower != seen.lower() else seen
    return Token(lower, shown, lexicon.valence.get(lower, 0.0))


def _mended(word: str, lexicon: FilmLexicon) -> str:
    """`sooooo` -> `so`, `goooood` -> `good`: a letter three times or more is one, or two where that is a word."""
    if not _LETTERS.search(word):
        return lexicon.mended(word)
    twice = _LETTERS.sub(r"\1\1", word)
    once = _LETTERS.sub(r"\1", word)
    return twice if twice in lexicon.valence else lexicon.mended(once)


def _phrases(tokens: list[Token], lexicon: FilmLexicon) -> Iterator[Token]:
    place = 0
    while place < len(tokens):
        phrase = next(
            (p for p in lexicon.phrases.get(tokens[place].term, ()) if _stands(p, tokens, place)),
            None,
        )
        if phrase is None:
            yield tokens[place]
            place += 1
            continue
        term = "_".join(phrase)
        loud = all(t.shown.isupper() for t in tokens[place : place + len(phrase)])
        yield Token(term, term.upper() if loud else term, lexicon.valence.get(term, 0.0))
        place += len(phrase)


def _stands(phrase: tuple[str, ...], tokens: list[Token], place: int) -> bool:
    return all(place + n < len(tokens) and tokens[place + n].term == word for n, word in enumerate(phrase))


def _turned(sentence: list[Token]) -> list[Clause]:
    """One sentence, cut where its tone turns or something is conceded."""
    parts: list[tuple[list[Token], str]] = [([], "")]
    for place, token in enumerate(sentence):
        current, kind = parts[-1]
        following = sentence[place + 1] if place + 1 < len(sentence) else None
        if token.term in TURNS and following is not None and following.word:
            parts.append(([], "turn"))
        elif token.term in CONCESSIONS and following is not None and following.word:
            parts.append(([], "concession"))
        elif kind == "concession" and _ends(token, current, following):
            parts.append(([] if token.term == "," else [token], "main"))
        else:
            current.append(token)
    kept = [(tuple(tokens), kind) for tokens, kind in parts if tokens]
    turns = [n for n, (_, kind) in enumerate(kept) if kind == "turn"]
    return [Clause(tokens, _weight(n, kind, turns)) for n, (tokens, kind) in enumerate(kept)]


def _ends(token: Token, conceded: list[Token], following: Token | None) -> bool:
    """Does the main clause begin here?"""
    return token.term == "," or (len(conceded) >= 2 and token.term in SUBJECTS and following is not None)


def _weight(place: int, kind: str, turns: list[int]) -> float:
    if kind == "concession":
        return CONCEDED
    if not turns:
        return 1.0
    return AFTER if place >= turns[-1] else BEFORE
