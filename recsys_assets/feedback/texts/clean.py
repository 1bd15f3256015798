"""What of a text is read: its first 2,000 characters, as plain words, whatever stands between or around them.

A text is stored as it came (`events.py` says what is refused). To be read for its sentiment it is cut, put into one
form of each letter (NFKC), and loses what people do not see or do not mean as words: control and formatting characters
(bidi marks, zero-width spaces), halves of surrogate pairs, terminal codes, tags and addresses. Every step is linear in
a bounded length: patterns with a bounded repeat or one class, none nested.
"""

from __future__ import annotations

import re
import unicodedata

READ_CHARACTERS = 2_000
"""Of a text are read; what the event schema takes at most. More, from elsewhere, is cut."""
MOST_REPEATED = 4
"""Times that one character stands in a row; more says nothing more."""

_TERMINAL = re.compile(r"\x1b\[[0-9;]{0,16}[A-Za-z]")
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,200}>")
_ADDRESS = re.compile(r"\b(?:https?|ftp)://\S{1,500}")
_REPEATED = re.compile(r"(.)\1{4,}", re.DOTALL)
_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"', "–": " - ", "—": " - "})
_UNSEEN = {"Cf", "Cs", "Co", "Cn"}


def clean(text: str) -> str:
    """`text` as it is read: at most `READ_CHARACTERS` characters on one line."""
    text = unicodedata.normalize("NFKC", _TERMINAL.sub(" ", text[:READ_CHARACTERS]))[:READ_CHARACTERS]
    text = _ADDRESS.sub(" ", _TAG.sub(" ", text)).translate(_QUOTES)
    seen = "".join(map(_visible, text))
    return _SPACES.sub(" ", _REPEATED.sub(_at_most, seen)).strip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    return "" if category in _UNSEEN or character == "\ufe0f" else " " if category == "Cc" else character


def _at_most(match: re.Match[str]) -> str:
    return match[1] * MOST_REPEATED
