"""Sentiment learned from rated texts: TF-IDF of words and pairs of words, and a multinomial logistic regression.

    tf'(t, d) = (1 + ln tf) idf(t), idf(t) = ln((1 + n) / (1 + df)) + 1, each text of length 1
    P(class | d) = softmax(W x + b), classes weighted inversely to how often they occur

The class of a rated text is that of its stars: up to 2.5 negative, 3 and 3.5 neutral, from 4 positive. scikit-learn
fits; terms and weights are kept in an .npz file without pickled objects, and equal texts give equal bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from recsys_assets.atomic import atomic_file
from recsys_assets.feedback.texts.clean import clean

Floats = NDArray[np.float64]
CLASSES = ("negative", "neutral", "positive")
NEGATIVE_TO, POSITIVE_FROM = 2.5, 4.0
FORMAT = 1
TERM = r"(?u)[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s.,;:\"']"
"""Words, and single marks such as emoji and `!`."""


class TextModelConfig(BaseModel, extra="forbid", frozen=True):
    """How terms are chosen and how far weights are held back; customary values, tuned on nothing."""

    most_terms: int = Field(default=20_000, ge=1)
    min_texts: int = Field(default=2, ge=1)
    """Texts in which a term occurs, at least."""
    inverse_penalty: float = Field(default=2.0, gt=0)
    """scikit-learn's C."""


class TextModelError(Exception):
    """A file that holds no model; the message names it and the remedy."""


@dataclass(frozen=True, eq=False)
class TextModel:
    """`terms` (t,), `idf` (t,), `weights` (3, t) and `intercept` (3,) in the order of `CLASSES`."""

    terms: NDArray[np.str_]
    idf: Floats
    weights: Floats
    intercept: Floats

    def probabilities(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """(n, 3) probabilities by `CLASSES`, and (n,) whether any term of the text is known."""
        counts = _counter(vocabulary={str(t): n for n, t in enumerate(self.terms)}).transform(map(clean, texts))
        weighted = counts.astype(np.float64)
        weighted.data = (1 + np.log(weighted.data)) * self.idf[weighted.indices]
        length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        scores = (weighted @ self.weights.T) / np.where(length > 0, length, 1.0)[:, None] + self.intercept
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True), length > 0

    def read(self, texts: Sequence[str]) -> tuple[Floats, list[str], Floats]:
        """(n,) sentiment P(positive) - P(negative), labels, and (n,) confidence: 0 at chance, 1 at certainty."""
        if not len(texts):
            return np.zeros(0), [], np.zeros(0)
        chances, known = self.probabilities(texts)
        best = chances.argmax(axis=1)
        labels = [CLASSES[b] if k else "unknown" for b, k in zip(best, known, strict=True)]
        certain = (chances.max(axis=1) * len(CLASSES) - 1) / (len(CLASSES) - 1)
        return np.where(known, chances[:, 2] - chances[:, 0], 0.0), labels, np.where(known, certain, 0.0)

    def save(self, file: Path) -> None:
        arrays = {"terms": self.terms, "idf": self.idf, "weights": self.weights, "intercept": self.intercept}
        with atomic_file(file) as aside, aside.open("wb") as handle:
            np.savez(handle, allow_pickle=False, format=np.array(FORMAT), **arrays)

    @classmethod
    def load(cls, file: Path) -> TextModel:
        """Raises TextModelError where `file` is no model of this format."""
        try:
            with np.load(file, allow_pickle=False) as stored:
                if int(stored["format"]) != FORMAT:
                    raise ValueError(f"its format is {stored['format']}, wanted {FORMAT}")
                return cls(*(stored[name] for name in ("terms", "idf", "weights", "intercept")))
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise TextModelError(
                f"{file} holds no text model ({error}). Delete its folder: it is fitted anew."
            ) from error


def classes_of(stars: Floats) -> NDArray[np.int64]:
    """(n,) index into `CLASSES`."""
    return np.where(stars <= NEGATIVE_TO, 0, np.where(stars >= POSITIVE_FROM, 2, 1))


def fit_texts(texts: Sequence[str], classes: NDArray[np.int64], config: TextModelConfig | None = None) -> TextModel:
    """Fit on `texts`; every class of `CLASSES` has to occur."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    config = config or TextModelConfig()
    counter = _counter(min_df=config.min_texts, max_features=config.most_terms)
    counts = counter.fit_transform(map(clean, texts))
    weigher = TfidfTransformer(sublinear_tf=True)
    regression = LogisticRegression(C=config.inverse_penalty, class_weight="balanced", max_iter=1_000)
    regression.fit(weigher.fit_transform(counts), classes)
    return TextModel(
        np.asarray(counter.get_feature_names_out(), dtype=np.str_),
        np.asarray(weigher.idf_, dtype=np.float64),
        regression.coef_,
        regression.intercept_,
    )


def _counter(**options: Any) -> Any:
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(token_pattern=TERM, ngram_range=(1, 2), lowercase=True, **options)
