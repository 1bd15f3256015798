"""What is held out, what is sampled, where vectors begin."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.recommenders.content_fields import FieldWeights
from recsys_assets.recommenders.sequence.content_vectors import content_vectors
from recsys_assets.recommenders.sequence.cooccurrence import cooccurrence_vectors, positive_pmi
from recsys_assets.recommenders.sequence.inputs import hold_out_last, last, sampled
from recsys_assets_tests.loading.conftest import sequences_of_lengths

LENGTHS = st.lists(st.integers(0, 9), max_size=10)


@given(LENGTHS, st.integers(1, 3))
def test_what_is_held_out_is_not_trained_on_and_all_before_it_is_read(lengths: list[int], events: int) -> None:
    whole = sequences_of_lengths(lengths)
    held = hold_out_last(whole, users=100, seed=1, events=events)
    assert set(held.rows) == {r for r, n in enumerate(lengths) if n >= events + 2}
    assert sorted([*held.train.items, *held.targets]) == whole.items.tolist()
    for row, history, target in zip(held.rows, held.histories.indptr[1:], held.targets, strict=True):
        assert held.histories.items[history - 1] + 1 == target
        assert whole.rows[target] == row
    np.testing.assert_array_equal(held.histories.lengths, held.targets - whole.indptr[held.rows])


def test_only_as_many_users_are_held_out_as_asked() -> None:
    held = hold_out_last(sequences_of_lengths([5] * 50), users=7, seed=0)
    assert len(held.rows) == len(set(held.rows)) == 7
    assert held.train.lengths.sum() == 250 - 7


@given(LENGTHS, st.integers(1, 40), st.integers(0, 5))
def test_a_sample_is_of_whole_users(lengths: list[int], most: int, seed: int) -> None:
    whole = sequences_of_lengths(lengths)
    found = sampled(whole, max_events=most, seed=seed)
    if sum(lengths) <= most:
        assert found is whole
    else:
        assert len(found.items) <= most or len(found) == 1
        users = np.unique(whole.rows[found.items])
        np.testing.assert_array_equal(found.items, np.flatnonzero(np.isin(whole.rows, users)))


def test_the_last_events_of_each_row_are_kept() -> None:
    assert last(sequences_of_lengths([4, 1, 0, 3]), 2).items.tolist() == [2, 3, 4, 6, 7]


def test_pmi_is_that_of_pairs_near_one_another() -> None:
    """Two users: 0 1 2 and 3 4; pairs one apart count 1, two apart 1/2."""
    found = positive_pmi(sequences_of_lengths([3, 2]), 6).toarray()
    together = np.zeros((6, 6))
    for a, b, n in ((0, 1, 1.0), (1, 2, 1.0), (0, 2, 0.5), (3, 4, 1.0)):
        together[a, b] = together[b, a] = n
    total = together.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.nan_to_num(np.maximum(np.log(together * total.sum() / np.outer(total, total)), 0), posinf=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_vectors_of_neighbours_begin_near_one_another() -> None:
    block = sequences_of_lengths([8, 8])
    vectors = cooccurrence_vectors(block, n_items=18, dim=4, spread=0.1, seed=0)
    assert vectors.std() == pytest.approx(0.1, rel=1e-4)
    assert (vectors[16:] == 0).all()
    own, other = vectors[:8] @ vectors[:8].T, vectors[:8] @ vectors[8:16].T
    assert own.mean() > 10 * np.abs(other).mean()


@pytest.mark.parametrize("lengths", [[], [1], [1, 1]])
def test_without_pairs_vectors_begin_at_nothing(lengths: list[int]) -> None:
    assert not cooccurrence_vectors(sequences_of_lengths(lengths), n_items=3, dim=4, spread=0.1, seed=0).any()


def test_content_vectors_know_genres_and_years() -> None:
    catalogue = pl.DataFrame(
        {
            "movie_id": range(6),
            "year": [1950, 1950, 2000, 2000, None, 1951],
            "genres": [["War"], ["War"], ["War"], ["Love"], ["Love"], []],
        }
    )
    found = content_vectors(catalogue, FieldWeights(), dim=5)
    assert found.shape == (6, 5 + 12)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    np.testing.assert_allclose(found[0, :5], found[2, :5], atol=1e-5)
    assert found[0, :5] @ found[3, :5] < 0.1 * (found[0, :5] @ found[0, :5])
    assert np.abs(found[0, 5:] - found[5, 5:]).max() < 0.2 < np.abs(found[0, 5:] - found[2, 5:]).max()
    assert not found[4, 5:].any()
    assert not content_vectors(catalogue.with_columns(genres=pl.lit([], pl.List(pl.String))), FieldWeights(), dim=5)[
        :, :5
    ].any()
