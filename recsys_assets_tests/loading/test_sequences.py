"""The source of the pipeline."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from recsys_assets.loading.sequences import Sequences, chunked, concatenated, read_sequences
from recsys_assets_tests.loading.conftest import sequences_of_lengths


def test_a_snapshot_is_read_by_user_and_time(tmp_path: Path) -> None:
    pl.DataFrame(
        {
            "user_id": [7, 3, 7, 3, 7],
            "movie_id": [50, 20, 10, 10, 20],
            "rating": [1.0, 2.0, 3.0, 4.0, 5.0],
            "timestamp": [datetime(2020, 1, d, tzinfo=UTC) for d in (3, 2, 1, 9, 2)],
        }
    ).write_parquet(tmp_path / "ratings.parquet")
    found, movies = read_sequences(tmp_path / "ratings.parquet")
    assert movies.tolist() == [10, 20, 50]
    assert found.indptr.tolist() == [0, 2, 5]
    assert movies[found.items].tolist() == [20, 10, 10, 20, 50]
    assert found.ratings.tolist() == [2, 4, 3, 5, 1]
    assert np.diff(found.times).tolist() == [7 * 86400, -8 * 86400, 86400, 86400]


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
