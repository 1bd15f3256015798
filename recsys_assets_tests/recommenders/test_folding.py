"""Fold-in against the ridge solution of each user alone."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.recommenders import folding
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.folding import fold_in

RNG = np.random.default_rng(2)
FACTORS, BASE = RNG.normal(size=(12, 3)), RNG.normal(3, 0.5, 12)
LENGTHS = [3, 0, 12, 1, 7, 3]


@pytest.fixture
def histories() -> Histories:
    rows = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    movies = np.concatenate([RNG.permutation(12)[:n] for n in LENGTHS]).astype(int)
    return Histories.from_columns(
        rows, len(LENGTHS), movies, RNG.integers(1, 11, len(rows)) / 2, RNG.integers(0, 9, len(rows))
    )


def alone(history: Histories, offset: np.ndarray) -> np.ndarray:
    """The augmented least-squares form of the ridge: sqrt(reg n) on the diagonal below the ratings."""
    q, n = FACTORS[history.movies], len(history.movies)
    a = np.vstack([np.c_[np.ones(n), q], np.sqrt(0.1 * n) * np.eye(4)])
    b = np.concatenate([history.ratings - BASE[history.movies] - q @ offset, np.zeros(4)])
    return np.linalg.lstsq(a, b, rcond=None)[0] + np.concatenate([[0], offset])


@pytest.mark.parametrize("elements", [1, 200, 1 << 23])
@pytest.mark.parametrize("shifted", [False, True])
def test_each_user_is_solved_as_alone(
    histories: Histories, elements: int, shifted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of one, of a few, of all; with and without something known of the factors beforehand."""
    monkeypatch.setattr(folding, "BLOCK_ELEMENTS", elements)
    offsets = RNG.normal(size=(len(LENGTHS), 3)) if shifted else np.zeros((len(LENGTHS), 3))
    found = fold_in(histories, base=BASE, factors=FACTORS, regularization=0.1, offsets=offsets if shifted else None)
    for row, n in enumerate(LENGTHS):
        own = np.concatenate([[found.bias[row]], found.factors[row]])
        expected = alone(histories.take(np.array([row])), offsets[row]) if n else np.concatenate([[0], offsets[row]])
        np.testing.assert_allclose(own, expected, atol=1e-6)


def test_blocks_hold_no_more_than_they_may(histories: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "BLOCK_ELEMENTS", 200)
    blocks = list(folding._blocks(histories.lengths, 4))
    assert sorted(np.concatenate(blocks)) == [0, 2, 3, 4, 5]
    for block in blocks:
        assert len(block) == 1 or len(block) * 4 * (max(histories.lengths[block]) + 4) <= 200
