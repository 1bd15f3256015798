"""The split of a factorization machine into biases and factors, against its formula, feature by feature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.fm_features import Block, Moments
from recsys_assets.recommenders.fm_posterior import Draw, MeanProduct, Posterior

RNG = np.random.default_rng(4)
WIDTH = 3


@pytest.fixture
def histories() -> Histories:
    rows = np.repeat([0, 1, 2], [5, 3, 4])
    times = RNG.integers(0, 7 * 86400, 12)
    return Histories.from_columns(rows, 3, np.tile(np.arange(6), 2), np.full(12, 3.0), times)


@pytest.fixture
def moments(histories: Histories) -> Moments:
    return Moments.of(histories, (3 * 86400, 86400))


@pytest.fixture
def blocks() -> tuple[Block, Block]:
    users, movies = RNG.random((3, 5)) * (RNG.random((3, 5)) < 0.7), RNG.random((6, 4)) * (RNG.random((6, 4)) < 0.7)
    return Block(sparse.csr_matrix(users), (3, 2)), Block(sparse.csr_matrix(movies), (4,))


def draw(moments: Moments) -> Draw:
    d = sum(map(len, moments.keys)) + 5 + 4
    return Draw(
        RNG.normal(), RNG.normal(size=d), RNG.normal(size=(d, WIDTH)), RNG.normal(size=5), RNG.normal(size=(5, WIDTH))
    )


def formula(x: np.ndarray, mean: float, w: np.ndarray, v: np.ndarray) -> float:
    pairs = sum(x[f] * x[g] * (v[f] @ v[g]) for f in range(len(x)) for g in range(f + 1, len(x)))
    return float(mean + w @ x + pairs)


def test_the_mean_over_draws_is_that_of_the_formula(
    histories: Histories, moments: Moments, blocks: tuple[Block, Block]
) -> None:
    """At moments known, at one of which only the longer is known, and at one not known at all."""
    draws = [draw(moments) for _ in range(4)]
    posterior = Posterior(*blocks, moments, rank=6)
    for one in draws:
        posterior.add(one)
    found = posterior.centred(np.ones(3, dtype=bool), np.ones(6, dtype=bool))
    size = [len(k) for k in moments.keys]
    when = moments.one_hot(histories).toarray()
    half, none = when[0].copy(), np.zeros(sum(size))
    half[size[0] :] = 0
    half_row = 3 + int(np.flatnonzero(half)[0])
    asked = [
        (int(moments.locate(histories.rows, histories.timestamps)[k]), int(histories.rows[k]), when[k], ())
        for k in range(12)
    ]
    asked += [(half_row, 0, half, (1,)), (2, 2, none, (0, 1))]
    users, movies = (b.values.toarray() for b in blocks)
    for row, user, moment, unknown in asked:
        for movie in range(6):
            expected = np.mean(
                [
                    formula(
                        np.concatenate([moment, users[user], movies[movie], np.ones(len(unknown))]),
                        d.mean,
                        np.concatenate([d.weights, d.group_weights[list(unknown)]]),
                        np.concatenate([d.factors, d.group_factors[list(unknown)]]),
                    )
                    for d in draws
                ]
            )
            told = found.mean + found.row_bias[row] + found.movie_bias[movie]
            assert told + found.row_factors[row] @ found.movie_factors[movie] == pytest.approx(expected, abs=2e-3)


def test_biases_and_factors_are_about_those_of_the_mean_user_and_movie(
    moments: Moments, blocks: tuple[Block, Block]
) -> None:
    posterior = Posterior(*blocks, moments, rank=8)
    posterior.add(draw(moments))
    some = np.array([True, False, True])
    found = posterior.centred(some, np.arange(6) < 4)
    for mean in (found.row_bias[:3][some], found.row_factors[:3][some], found.movie_bias[:4], found.movie_factors[:4]):
        np.testing.assert_allclose(mean.mean(axis=0), 0, atol=1e-5)


@pytest.mark.parametrize("shape", [(200, 150), (20, 150), (200, 3)])
def test_a_mean_of_products_of_enough_columns_is_exact(shape: tuple[int, int]) -> None:
    """Few, more and far more rows than columns; draws are compressed several times on the way."""
    n, m = shape
    lefts, rights = RNG.normal(size=(12, n, 2)), RNG.normal(size=(12, m, 2))
    mean = MeanProduct(rank=24)
    for left, right in zip(lefts[:, :, :], rights, strict=True):
        mean.add(left, right)
    left, right = mean.result()
    assert left.dtype == right.dtype == np.float32
    np.testing.assert_allclose(left @ right.T, np.einsum("dnf,dmf->nm", lefts, rights) / 12, atol=1e-3)


def test_of_too_few_columns_it_keeps_the_largest_directions() -> None:
    """Compressed once, it is the best approximation of its rank there is (Eckart and Young)."""
    left, right = RNG.normal(size=(30, 8)) * 2.0 ** -np.arange(8), RNG.normal(size=(20, 8))
    mean = MeanProduct(rank=4)
    mean.add(left, right)
    a, b = mean.result()
    u, s, vt = np.linalg.svd(left @ right.T)
    np.testing.assert_allclose(a @ b.T, (u[:, :4] * s[:4]) @ vt[:4], atol=1e-4)
