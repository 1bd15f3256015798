"""The k largest against a plain sort, for any scores, ties and k."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.ranking import hide, top_k

SCORES = arrays(
    np.float32,
    st.tuples(st.integers(0, 5), st.integers(0, 12)),
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 0.5, 2.0]),
)


@given(SCORES, st.integers(1, 15))
def test_top_k_is_a_sort_by_score_then_column(scores: np.ndarray, k: int) -> None:
    index, values = top_k(scores, k)
    assert index.shape == values.shape == (len(scores), k)
    for row, found, got in zip(scores, index, values, strict=True):
        expected = sorted((c for c in range(len(row)) if np.isfinite(row[c])), key=lambda c: (-row[c], c))[:k]
        assert found.tolist() == expected + [-1] * (k - len(expected))
        assert got[: len(expected)].tolist() == [row[c] for c in expected]
        assert np.isneginf(got[len(expected) :]).all()


def test_only_the_rows_own_movies_are_hidden() -> None:
    scores = np.zeros((2, 3), dtype=np.float32)
    hide(
        scores, Histories(np.array([0, 1, 3]), np.array([2, 0, 1], np.int32), np.ones(3, np.float32), np.zeros(3, int))
    )
    assert np.isneginf(scores).tolist() == [[False, False, True], [True, True, False]]
