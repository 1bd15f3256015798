"""BiasedMf against its update written out, against Surprise, and against the same world in another order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import build
from recsys_assets.recommenders.biased_mf import BiasedMf
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.kernels.sgd import biased_epoch, random_start, shuffle_within_users
from recsys_assets_tests.recommenders.published import published
from recsys_assets_tests.recommenders.worlds import World, two_tastes

STEP, REG, MEAN = 0.02, 0.05, 3.5


def ratings_of(lengths: list[int], seed: int = 0) -> Histories:
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    movies = np.concatenate([rng.permutation(9)[:n] for n in lengths])
    return Histories.from_columns(rows, len(lengths), movies, rng.integers(1, 11, len(rows)) / 2, np.arange(len(rows)))


def test_an_epoch_is_the_update_of_the_formula() -> None:
    """Plain Python in double precision, one rating after the other; both factors from before the step."""
    histories, rng = ratings_of([4, 0, 9, 1]), np.random.default_rng(1)
    bu, bi, p, q = np.zeros(4), np.zeros(9), rng.normal(size=(4, 3)), rng.normal(size=(9, 3))
    ours = [a.astype(np.float32) for a in (bu, bi, p, q)]
    total = 0.0
    for u, i, r in zip(histories.rows, histories.movies, histories.ratings, strict=True):
        error = r - (MEAN + bu[u] + bi[i] + p[u] @ q[i])
        total += error**2
        bu[u] += STEP * (error - REG * bu[u])
        bi[i] += STEP * (error - REG * bi[i])
        p[u], q[i] = p[u] + STEP * (error * q[i] - REG * p[u]), q[i] + STEP * (error * p[u] - REG * q[i])
    columns = histories.indptr, histories.movies.copy(), histories.ratings.copy()
    found = biased_epoch(*columns, np.float32(MEAN), *ours, np.float32(STEP), np.float32(REG))
    assert found == pytest.approx(total, rel=1e-5)
    for mine, expected in zip(ours, (bu, bi, p, q), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-5)


def test_shuffling_keeps_each_users_ratings_and_depends_on_the_seed_alone() -> None:
    histories = ratings_of([9, 0, 9, 1, 9])
    orders = []
    for seed in (1, 1, 2):
        movies, ratings = histories.movies.copy(), histories.ratings.copy()
        shuffle_within_users(histories.indptr, movies, ratings, np.uint64(seed))
        for start, stop in zip(histories.indptr[:-1], histories.indptr[1:], strict=True):
            own = sorted(zip(histories.movies[start:stop], histories.ratings[start:stop], strict=True))
            assert sorted(zip(movies[start:stop], ratings[start:stop], strict=True)) == own
        orders.append(movies.tolist())
    assert orders[0] == orders[1] != orders[2]
    assert orders[0][:9] != histories.movies[:9].tolist()


def test_every_place_is_as_likely_for_every_rating() -> None:
    """20,000 users of 4 ratings: each of the 4 x 4 moves happens a quarter of the time, within 5 deviations."""
    n = 20_000
    movies = np.tile(np.arange(4, dtype=np.int32), n)
    shuffle_within_users(np.arange(n + 1) * 4, movies, np.zeros(4 * n, dtype=np.float32), np.uint64(3))
    counts = np.array([np.bincount(movies[k::4], minlength=4) for k in range(4)])
    assert np.abs(counts / n - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / n)


def test_it_ends_where_surprise_ends() -> None:
    """Same objective, another walk: on ratings not seen both err alike, and far less than the mean does."""
    world = two_tastes(users=80, movies=60, seed=4)
    held = pl.Series(np.random.default_rng(0).random(len(world.interactions)) < 0.2)
    train, test = world.interactions.filter(~held), world.interactions.filter(held)
    config = {"factors": 6, "epochs": 80, "learning_rate": 0.01, "regularization": 0.05}
    users, movies, truth = (test[c].to_numpy() for c in ("user_id", "movie_id", "rating"))
    error = {
        name: float(np.sqrt(np.mean((model.predict(users, movies) - truth) ** 2)))  # type: ignore[attr-defined]
        for name in ("svd", "biased_mf")
        for model in [build(name, config).fit(train, world.catalogue, seed=0)]
    }
    assert error["biased_mf"] == pytest.approx(error["svd"], abs=0.03)
    assert error["biased_mf"] < 0.6 * truth.std()


def test_what_it_learns_stays_in_single_precision(world: World) -> None:
    model = BiasedMf(BiasedMf.Config(factors=4, epochs=2)).fit(world.interactions, world.catalogue)
    assert {a.dtype for a in model._state().values() if a.ndim} == {np.dtype(np.float32)}


def test_the_start_is_small_and_random() -> None:
    start = random_start(np.random.default_rng(0), 500, 40, scale=0.1)
    assert start.dtype == np.float32
    assert start.std() == pytest.approx(0.1, rel=0.02)
    assert abs(start.mean()) < 0.005


@pytest.mark.real_data
def test_on_ratings_not_seen_it_is_better_than_tuned_svd(mirror: Path) -> None:
    """One of five folds of ml-latest-small; Surprise with these settings has 0.855 over five folds."""
    ratings, catalogue, _ = published("ml-latest-small", mirror)
    test = pl.Series(np.random.RandomState(42).permutation(len(ratings)) % 5 == 0)
    model, held = BiasedMf().fit(ratings.filter(~test), catalogue, seed=0), ratings.filter(test)
    error = model.predict(held["user_id"].to_numpy(), held["movie_id"].to_numpy()) - held["rating"].to_numpy()
    assert np.sqrt((error**2).mean()) < 0.86
