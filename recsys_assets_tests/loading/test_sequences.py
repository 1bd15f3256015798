"""The source of the pipeline."""

from __future__ import annotations

import numpy as np

from recsys_assets.loading.sequences import Sequences, chunked, concatenated
from recsys_assets_tests.loading.conftest import sequences_of_lengths


def test_rows_are_taken_in_the_order_asked() -> None:
    taken = sequences_of_lengths([2, 0, 3]).take(np.array([2, 1, 0, 2]))
    assert taken.lengths.tolist() == [3, 0, 2, 3]
    assert taken.items.tolist() == [2, 3, 4, 0, 1, 2, 3, 4]


def test_blocks_are_joined_end_to_end() -> None:
    whole = sequences_of_lengths([2, 0, 3, 4])
    halves = [whole.take(np.array([0, 1])), whole.take(np.array([2, 3]))]
    for column in ("indptr", "items", "ratings", "times"):
        np.testing.assert_array_equal(getattr(concatenated(halves), column), getattr(whole, column))
    assert len(concatenated([])) == len(Sequences.empty()) == 0


def test_chunks_hold_every_row_once() -> None:
    chunks = list(chunked(np.arange(10)[::-1], 4))
    assert [number for number, _ in chunks] == [0, 1, 2]
    assert np.concatenate([rows for _, rows in chunks]).tolist() == list(range(9, -1, -1))
