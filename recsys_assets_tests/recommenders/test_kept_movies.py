from __future__ import annotations

import numpy as np

from recsys_assets.recommenders.kept_movies import most_rated, with_the_rest


def test_the_most_rated_are_kept_of_equals_the_first_and_none_that_nobody_rated() -> None:
    counts = np.array([3, 0, 5, 3, 1])
    assert most_rated(counts, 2).tolist() == [0, 2]
    assert most_rated(counts, 3).tolist() == [0, 2, 3]
    assert most_rated(counts, 9).tolist() == [0, 2, 3, 4]


def test_the_rest_stand_below_the_kept_in_the_order_of_the_fallback() -> None:
    scores = np.array([[2.0, -1.0], [5.0, 5.0]], dtype=np.float32)
    fallback = np.array([9.0, 3.0, 1.0, 4.0], dtype=np.float32)
    full = with_the_rest(scores, np.array([0, 2]), fallback)
    assert full[:, [0, 2]].tolist() == scores.tolist()
    assert (full[:, 3] > full[:, 1]).all()
    assert (full[:, [1, 3]].max(axis=1) < scores.min(axis=1)).all()
    assert full.min() > -1 - 1.5 - 1e-6, "within a deviation of the least"
