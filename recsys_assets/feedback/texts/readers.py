"""Who reads texts: the lexicon, or a model fitted on rated texts, once it has beaten the lexicon (`judgement.py`).

Both find aspects by the same rules; they differ in sentiment, label and confidence. A reader's version is stored with
all that it read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from recsys_assets.feedback.texts.learned import TextModel
from recsys_assets.feedback.texts.lexicon import film_lexicon
from recsys_assets.feedback.texts.reading import Reading, read_text
from recsys_assets.progress import Progress, silent, track

READING_SCHEMA: dict[str, pl.DataType] = {
    "sentiment": pl.Float64(),
    "label": pl.String(),
    "confidence": pl.Float64(),
    "praised": pl.List(pl.String()),
    "criticized": pl.List(pl.String()),
}


class Reader(Protocol):
    """Reads texts, each on its own."""

    @property
    def version(self) -> str: ...

    def read(self, texts: Sequence[str], *, progress: Progress = silent) -> pl.DataFrame:
        """`READING_SCHEMA`, one row per text, in their order."""
        ...


@dataclass(frozen=True)
class LexiconReader:
    """VADER with the film lexicon over it."""

    @property
    def version(self) -> str:
        return film_lexicon().version

    def read(self, texts: Sequence[str], *, progress: Progress = silent) -> pl.DataFrame:
        tracked = track(texts, total=len(texts), what="texts read", progress=progress)
        return pl.DataFrame([_row(read_text(text)) for text in tracked], READING_SCHEMA, orient="row")


@dataclass(frozen=True)
class LearnedReader:
    """Sentiment by the fitted model, aspects by the lexicon; a text without a term that the model knows is unknown."""

    model: TextModel
    sha256: str

    @property
    def version(self) -> str:
        return f"tfidf-{self.sha256[:8]}+{film_lexicon().version}"

    def read(self, texts: Sequence[str], *, progress: Progress = silent) -> pl.DataFrame:
        read = LexiconReader().read(texts, progress=progress)
        sentiment, label, confidence = self.model.read(texts)
        return read.with_columns(
            sentiment=pl.Series(np.round(sentiment, 4), dtype=pl.Float64),
            label=pl.Series(label, dtype=pl.String),
            confidence=pl.Series(np.round(confidence, 4), dtype=pl.Float64),
        )


def _row(reading: Reading) -> tuple[object, ...]:
    aspects = reading.aspects
    return reading.sentiment, reading.label, reading.confidence, list(aspects.praised), list(aspects.criticized)
