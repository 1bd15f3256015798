"""Accuracy, macro-F1 and aspect precision and recall on labelled sentences, for any reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from recsys_assets.feedback.texts import Reading, read_text
from recsys_assets_tests.feedback.texts.sentences import Sentence

CLASSES = ("positive", "negative", "neutral")


@dataclass(frozen=True)
class Scores:
    n: int
    accuracy: float
    macro_f1: float
    precision: float
    recall: float


def scores(sentences: Sequence[Sentence], read: Callable[[str], Reading] = read_text) -> Scores:
    readings = [read(s.text) for s in sentences]
    told = ["neutral" if r.label == "unknown" else str(r.label) for r in readings]
    truth = [s.sentiment for s in sentences]
    aspects = [{(a, "+") for a in r.aspects.praised} | {(a, "-") for a in r.aspects.criticized} for r in readings]
    hits = sum(len(a & s.aspects) for a, s in zip(aspects, sentences, strict=True))
    return Scores(
        len(sentences),
        sum(t == u for t, u in zip(told, truth, strict=True)) / len(truth),
        sum(_f1(c, told, truth) for c in CLASSES) / len(CLASSES),
        hits / max(1, sum(map(len, aspects))),
        hits / max(1, sum(len(s.aspects) for s in sentences)),
    )


def plain_vader(text: str) -> Reading:
    """VADER as its authors use it: compound, thresholds of 0.05."""
    compound = _vader().polarity_scores(text)["compound"]
    return Reading(compound, "positive" if compound >= 0.05 else "negative" if compound <= -0.05 else "neutral", 1.0)


@cache
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def majority(text: str) -> Reading:
    """The commonest class of our sentences."""
    return Reading(-1.0, "negative", 1.0)


def _f1(name: str, told: Sequence[str], truth: Sequence[str]) -> float:
    right = sum(t == u == name for t, u in zip(told, truth, strict=True))
    return 2 * right / max(1, told.count(name) + truth.count(name))
