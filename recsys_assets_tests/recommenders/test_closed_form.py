from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys_assets.recommenders import ModelError, closed_form
from recsys_assets.recommenders.closed_form import autoencoder, gram, inverse, multiplied


def matrix(density: float, *, users: int = 70, movies: int = 45, seed: int = 0) -> sparse.csr_matrix:
    return sparse.random(users, movies, density, "csr", np.float32, np.random.default_rng(seed))


@pytest.mark.parametrize(("density", "gain"), [(0.5, 300), (0.02, 300), (0.5, 0), (0.02, 1e9)])
@pytest.mark.parametrize("block", [1 << 24, 200])
def test_the_gram_is_the_product_of_the_matrix_with_itself(
    density: float, gain: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is made: dense or sparse, in one block or many."""
    monkeypatch.setattr(closed_form, "DENSE_GAIN", gain)
    monkeypatch.setattr(closed_form, "BLOCK_ELEMENTS", block)
    z = matrix(density)
    expected = np.tril((z.T @ z).toarray())
    np.testing.assert_allclose(np.tril(gram(z)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("movies", [45, 1500])
def test_the_inverse_is_the_inverse_whole_and_in_place(movies: int) -> None:
    z = matrix(0.3, users=60, movies=movies)
    full = (z.T @ z).toarray().astype(np.float64) + 2 * np.eye(movies)
    lower = np.asfortranarray(np.tril(full).astype(np.float32))
    found = inverse(lower)
    assert np.shares_memory(found, lower)
    np.testing.assert_allclose(found @ full, np.eye(movies), atol=2e-4)
    np.testing.assert_array_equal(found, found.T)


def test_a_matrix_that_has_no_inverse_is_refused() -> None:
    with pytest.raises(ModelError, match="larger `regularization`"):
        inverse(np.asfortranarray(-np.eye(3, dtype=np.float32)))


@pytest.mark.parametrize("users", [70, 5])
def test_each_column_of_the_autoencoder_is_the_ridge_regression_on_all_others(users: int) -> None:
    """Whichever there are more of."""
    z, ridge = matrix(0.4, users=users, movies=12), 3.0
    precision, diagonal = autoencoder(z, ridge)
    weights = -precision / diagonal
    dense = z.toarray().astype(np.float64)
    for target in range(12):
        others = np.delete(np.arange(12), target)
        a = dense[:, others]
        expected = np.linalg.solve(a.T @ a + ridge * np.eye(11), a.T @ dense[:, target])
        np.testing.assert_allclose(weights[others, target], expected, atol=1e-5)


@pytest.mark.parametrize("density", [0.5, 0.01])
def test_products_are_the_same_dense_or_sparse(density: float) -> None:
    x, w = matrix(density), np.random.default_rng(1).standard_normal((45, 45)).astype(np.float32)
    np.testing.assert_allclose(multiplied(x, w), x.toarray() @ w, atol=1e-5)
