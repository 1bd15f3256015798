"""The fitted model: used where it is surely better on users it never met, and never otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.feedback.texts.judgement import JudgementConfig, judge, reader_of
from recsys_assets.feedback.texts.learned import TextModel, TextModelError, classes_of, fit_texts
from recsys_assets.feedback.texts.readers import LearnedReader, LexiconReader

CONFIG = JudgementConfig(min_texts=200, min_users=20)


def rated(n: int, *, planted: bool) -> pl.DataFrame:
    """Words no lexicon knows; with `planted` they tell the stars, else nothing does."""
    rng = np.random.default_rng(4)
    stars = rng.choice([1.0, 3.0, 5.0], n)
    words = {1.0: "zorblat", 3.0: "quimmel", 5.0: "flonker"}
    told = stars if planted else rng.permutation(stars)
    texts = [f"{words[s]} the film {i}x {'abcdefgh'[i % 8] * 3}" for i, s in enumerate(told)]
    return pl.DataFrame({"user_id": rng.integers(1, 60, n), "text": texts, "rating": stars})


def test_a_planted_language_is_learned_and_taken_over(tmp_path: Path) -> None:
    reader, judgement = reader_of(tmp_path, rated(400, planted=True), CONFIG)
    assert judgement.chosen
    assert judgement.learned is not None
    assert judgement.learned > 0.95
    assert isinstance(reader, LearnedReader)
    assert reader.read(["flonker", "zorblat", "qqq"])["label"].to_list() == ["positive", "negative", "unknown"]
    again, same = reader_of(tmp_path, rated(400, planted=True), CONFIG)
    assert (again.version, same) == (reader.version, judgement)


def test_words_that_tell_nothing_are_not_preferred_to_the_lexicon(tmp_path: Path) -> None:
    reader, judgement = reader_of(tmp_path, rated(400, planted=False), CONFIG)
    assert isinstance(reader, LexiconReader)
    assert judgement.low is not None
    assert judgement.low < CONFIG.margin


def test_below_the_least_number_nothing_is_fitted() -> None:
    judgement = judge(rated(150, planted=True), CONFIG)
    assert (judgement.chosen, judgement.learned) == (False, None)
    assert "150 texts" in judgement.reason


def test_what_one_user_says_of_himself_is_no_proof() -> None:
    """Each user has a word of his own for his one opinion: it is of no use with others."""
    rng = np.random.default_rng(1)
    users = np.repeat(np.arange(60), 6)
    stars = rng.choice([1.0, 3.0, 5.0], 60)[users]
    letters = ["".join(chr(97 + int(d)) for d in str(1000 + u)) for u in users]
    frame = pl.DataFrame({"user_id": users, "text": [f"{w} {'xyzvwu'[i % 6] * 3}" for i, w in enumerate(letters)]})
    assert not judge(frame.with_columns(rating=pl.Series(stars)), CONFIG).chosen


def test_a_model_comes_back_from_its_file_and_equals_scikit_learns(tmp_path: Path) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    frame = rated(200, planted=True)
    texts, classes = frame["text"].to_list(), classes_of(frame["rating"].to_numpy())
    model = fit_texts(texts, classes)
    model.save(tmp_path / "a.npz")
    fit_texts(texts, classes).save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    from recsys_assets.feedback.texts.learned import TERM

    terms = TfidfVectorizer(token_pattern=TERM, ngram_range=(1, 2), sublinear_tf=True, min_df=2, max_features=20_000)
    regression = LogisticRegression(C=2.0, class_weight="balanced", max_iter=1_000)
    theirs = regression.fit(terms.fit_transform(texts), classes).predict_proba(terms.transform(texts))
    np.testing.assert_allclose(TextModel.load(tmp_path / "a.npz").probabilities(texts)[0], theirs, atol=1e-9)


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"nothing")
    with pytest.raises(TextModelError, match="fitted anew"):
        TextModel.load(tmp_path / "a.npz")
