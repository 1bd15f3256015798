"""Windows and batches hold each event as often as they say, whatever the lengths."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.loading.batches import PADDING, batched, collate, padded
from recsys_assets.loading.shuffle import Examples, shuffled
from recsys_assets.loading.windows import cut, with_ties_shuffled
from recsys_assets_tests.loading.conftest import sequences_of_lengths

LENGTHS = st.lists(st.integers(0, 30), max_size=12)
SEEDS = st.integers(0, 1000)


def examples_of(lengths: list[int], *, window: int = 5, seed: int = 0) -> Examples:
    windows = cut(sequences_of_lengths(lengths), length=window, rng=np.random.default_rng(seed))
    return Examples(windows, np.arange(2 * len(windows), dtype=np.int32).reshape(-1, 2))


@given(LENGTHS, st.integers(1, 9), SEEDS)
def test_every_event_but_a_users_first_is_a_target_once(lengths: list[int], window: int, seed: int) -> None:
    whole = sequences_of_lengths(lengths)
    windows = cut(whole, length=window, rng=np.random.default_rng(seed))
    assert ((windows.lengths >= 2) & (windows.lengths <= window + 1)).all()
    first_of_window = np.isin(np.arange(len(windows.items)), windows.indptr[:-1])
    targets = windows.items[~first_of_window]
    wanted = np.delete(whole.items, whole.indptr[:-1][whole.lengths > 0])
    assert sorted(targets.tolist()) == wanted.tolist()


@given(LENGTHS, st.integers(1, 9), SEEDS)
def test_a_window_is_a_run_of_one_users_events(lengths: list[int], window: int, seed: int) -> None:
    whole = sequences_of_lengths(lengths)
    windows = cut(whole, length=window, rng=np.random.default_rng(seed))
    within = np.diff(windows.rows) == 0
    assert (np.diff(windows.items)[within] == 1).all()
    assert (np.diff(whole.rows[windows.items])[within] == 0).all()
    np.testing.assert_array_equal(windows.ratings, whole.ratings[windows.items])


def test_cuts_fall_elsewhere_each_time() -> None:
    whole = sequences_of_lengths([100])
    cuts = {tuple(cut(whole, length=10, rng=np.random.default_rng(s)).lengths[:1]) for s in range(40)}
    assert len(cuts) == 10


@given(LENGTHS, SEEDS)
def test_only_events_of_equal_time_change_places(lengths: list[int], seed: int) -> None:
    whole = sequences_of_lengths(lengths)
    mixed = with_ties_shuffled(whole, np.random.default_rng(seed))
    np.testing.assert_array_equal(mixed.times, whole.times)
    np.testing.assert_array_equal(whole.rows[mixed.items], whole.rows)
    np.testing.assert_array_equal(whole.times[mixed.items], whole.times)
    np.testing.assert_array_equal(mixed.ratings, whole.ratings[mixed.items])
    assert sorted(mixed.items.tolist()) == whole.items.tolist()


def test_each_order_of_a_tie_is_as_likely() -> None:
    whole = sequences_of_lengths([3])
    tied = type(whole)(whole.indptr, whole.items, whole.ratings, np.zeros(3, dtype=np.int64))
    orders = [tuple(with_ties_shuffled(tied, np.random.default_rng(s)).items.tolist()) for s in range(600)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert min(counts) > 60


@given(LENGTHS, st.integers(1, 20), SEEDS)
def test_the_shuffle_buffer_loses_and_doubles_nothing(lengths: list[int], size: int, seed: int) -> None:
    whole = examples_of(lengths, window=3)
    blocks = [whole.take(np.array([i])) for i in range(len(whole))]
    mixed = list(shuffled(blocks, size=size, rng=np.random.default_rng(seed)))
    items = [tuple(w) for block in mixed for w in np.split(block.windows.items, block.windows.indptr[1:-1])]
    assert sorted(items) == [tuple(w) for w in np.split(whole.windows.items, whole.windows.indptr[1:-1]) if len(w)]
    assert sorted(n for block in mixed for n in block.negatives[:, 0]) == whole.negatives[:, 0].tolist()


def test_the_shuffle_buffer_mixes_neighbouring_blocks() -> None:
    whole = examples_of([2] * 400)
    blocks = [whole.take(np.arange(i, i + 40)) for i in range(0, 400, 40)]
    mixed = np.concatenate([b.negatives[:, 0] for b in shuffled(blocks, size=200, rng=np.random.default_rng(0))])
    assert (np.diff(mixed) == 2).mean() < 0.05
    assert len(set(mixed[:80] // 80)) > 3


@given(LENGTHS, st.integers(1, 7), st.booleans(), SEEDS)
def test_batches_hold_every_example_once(lengths: list[int], size: int, by_length: bool, seed: int) -> None:
    whole = examples_of(lengths)
    blocks = [whole.take(np.array([i])) for i in range(len(whole))]
    groups = list(batched(blocks, size=size, by_length=by_length, rng=np.random.default_rng(seed)))
    assert [len(g) for g in groups] == [size] * (len(whole) // size) + [len(whole) % size] * (len(whole) % size > 0)
    assert sorted(n for g in groups for n in g.negatives[:, 0]) == whole.negatives[:, 0].tolist()


def test_batches_of_like_lengths_are_padded_less() -> None:
    whole = examples_of(np.random.default_rng(1).integers(2, 40, 300).tolist(), window=40)

    def padding(by_length: bool) -> int:
        groups = batched([whole], size=20, by_length=by_length, rng=np.random.default_rng(0))
        return sum(int((collate(g).targets == PADDING).sum()) for g in groups)

    assert padding(True) < 0.2 * padding(False)


@given(st.lists(st.integers(2, 12), min_size=1, max_size=6))
def test_padding_comes_last_and_a_target_follows_what_is_read(lengths: list[int]) -> None:
    examples = Examples(sequences_of_lengths(lengths), np.empty((len(lengths), 0), np.int32))
    batch = collate(examples)
    assert batch.items.shape == batch.targets.shape == (len(lengths), max(lengths) - 1)
    inside = np.arange(max(lengths) - 1) < np.array(lengths)[:, None] - 1
    np.testing.assert_array_equal(batch.items != PADDING, inside)
    np.testing.assert_array_equal(batch.targets != PADDING, inside)
    np.testing.assert_array_equal(batch.targets[inside], batch.items[inside] + 1)
    assert batch.n_targets == sum(lengths) - len(lengths)
    assert (np.diff(batch.times, axis=1) >= 0).all()


def test_padded_columns_repeat_the_last_time() -> None:
    items, ratings, times = padded(sequences_of_lengths([1, 3], distinct_times=True), 3)
    assert items.tolist() == [[0, PADDING, PADDING], [1, 2, 3]]
    assert (ratings[0, 1:] == 0).all()
    assert times.tolist() == [[0, 0, 0], [1, 2, 3]]
