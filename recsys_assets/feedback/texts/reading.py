"""What a text says: sentiment in [-1, 1], a label, how sure, and which aspects were praised or criticized.

    raw_c      VADER's sum of valences of clause c, got back from its compound: c / sqrt(1 - c^2) * sqrt(15)
    sentiment  raw / sqrt(raw^2 + 15), raw the sum of the clauses' raw_c x their weights; where VADER found nothing,
               of the aspects ("there was no plot")
    confidence strength x agreement: strength says how much was said, agreement how far it points one way

`unknown`: no opinion was found, or the text is not in English (then its emoji alone are read). `neutral`: opinions
that cancel out. Irony is not understood.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from recsys_assets.feedback.texts.aspects import Aspects, aspects_of
from recsys_assets.feedback.texts.clean import clean
from recsys_assets.feedback.texts.language import is_english
from recsys_assets.feedback.texts.lexicon import BAD_EMOJI, GOOD_EMOJI, JUDGING, analyzer, film_lexicon
from recsys_assets.feedback.texts.negation import spoken
from recsys_assets.feedback.texts.tokens import Clause, clauses_of, tokens_of

Label = Literal["positive", "negative", "neutral", "unknown"]
ALPHA = 15.0
"""VADER's constant of normalization."""
LITTLE = 1e-9
DECIDED = 0.2
"""Sentiment from which a text is positive or negative; chosen on the development half of our sentences."""


@dataclass(frozen=True)
class Reading:
    """What one text says."""

    sentiment: float
    label: Label
    confidence: float
    aspects: Aspects = field(default_factory=Aspects)


NOTHING_FOUND = Reading(0.0, "unknown", 0.0)


def read_text(text: str) -> Reading:
    """Read one text by lexicon and rules."""
    lexicon = film_lexicon()
    tokens = tokens_of(clean(text), lexicon)
    words = [t.term for t in tokens if t.term[0].isalpha() and t.term not in (GOOD_EMOJI, BAD_EMOJI)]
    if not is_english(words, sum(word in lexicon.valence for word in words)):
        tokens = [t for t in tokens if t.term in (GOOD_EMOJI, BAD_EMOJI)]
    clauses = clauses_of(tokens)
    return _weighed([_raw(clause) * clause.weight for clause in clauses], aspects_of(clauses, lexicon))


def label_of(sentiment: float) -> Label:
    return "neutral" if abs(sentiment) < DECIDED else "positive" if sentiment > 0 else "negative"


def _weighed(raws: Sequence[float], aspects: Aspects) -> Reading:
    judged = JUDGING * (len(aspects.praised) - len(aspects.criticized))
    total, said = (sum(raws), sum(map(abs, raws))) if any(raws) else (judged, abs(judged))
    if said < LITTLE:
        return NOTHING_FOUND
    sentiment = round(_normalized(total), 4)
    label = label_of(sentiment)
    agreement = abs(total) / said
    sure = _normalized(said) * (1 - agreement if label == "neutral" else agreement)
    return Reading(sentiment, label, round(sure, 4), aspects)


def _raw(clause: Clause) -> float:
    compound = float(analyzer().polarity_scores(spoken(clause.tokens) + clause.loud)["compound"])
    compound = max(-0.9999, min(0.9999, compound))
    return compound * math.sqrt(ALPHA / (1 - compound * compound))


def _normalized(raw: float) -> float:
    return raw / math.sqrt(raw * raw + ALPHA)
