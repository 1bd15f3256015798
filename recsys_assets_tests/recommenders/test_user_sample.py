"""The sample of users: whole histories, up to the limit, at random."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.user_sample import sample_users


@pytest.fixture
def histories() -> Histories:
    lengths = np.array([5, 0, 9, 2, 7, 1])
    rows = np.repeat(np.arange(6), lengths)
    columns = np.arange(len(rows)), np.full(len(rows), 3.0), np.arange(len(rows))
    return Histories.from_columns(rows, 6, *columns)


def test_what_fits_is_taken_whole(histories: Histories) -> None:
    assert sample_users(histories, max_ratings=24, seed=0) is histories


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("limit", [10, 17, 23])
def test_users_are_kept_whole_or_not_at_all(histories: Histories, limit: int, seed: int) -> None:
    sample = sample_users(histories, max_ratings=limit, seed=seed)
    assert len(sample) == 6
    assert 0 < len(sample.movies) <= limit
    for row in range(6):
        own, all_ = sample.take(np.array([row])).movies, histories.take(np.array([row])).movies
        assert len(own) == 0 or own.tolist() == all_.tolist()


def test_one_user_is_kept_however_small_the_limit(histories: Histories) -> None:
    assert (sample_users(histories, max_ratings=1, seed=3).lengths > 0).sum() == 1


def test_each_seed_draws_its_own(histories: Histories) -> None:
    drawn = {tuple(np.flatnonzero(sample_users(histories, max_ratings=10, seed=s).lengths)) for s in range(20)}
    assert len(drawn) > 3
