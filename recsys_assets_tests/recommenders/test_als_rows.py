from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recsys_assets.recommenders import als_rows
from recsys_assets.recommenders.als_rows import Rows, solve_rows

N, M, F = 40, 30, 6


def problem(seed: int = 0, *, weighted: bool = True) -> tuple[Rows, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    chosen = sparse.random(N, M, 0.25, "csr", np.float32, rng)
    chosen.data = (rng.random(chosen.nnz) + 0.1).astype(np.float32) if weighted else np.ones_like(chosen.data)
    chosen = sparse.vstack([chosen, sparse.csr_matrix((1, M), dtype=np.float32)]).tocsr()
    y = rng.standard_normal((M, F)).astype(np.float32)
    ridge = (rng.random(N + 1) + 0.5).astype(np.float32)
    return Rows(chosen, rng.random(chosen.nnz).astype(np.float32)), y, 0.1 * (y.T @ y), ridge


def by_hand(rows: Rows, y: np.ndarray, base: np.ndarray, ridge: np.ndarray) -> np.ndarray:
    found = []
    for r in range(len(ridge)):
        span = slice(rows.chosen.indptr[r], rows.chosen.indptr[r + 1])
        own = y[rows.chosen.indices[span]].astype(np.float64)
        a = base + ridge[r] * np.eye(F) + own.T @ (rows.chosen.data[span, None] * own)
        found.append(np.linalg.solve(a, own.T @ rows.targets[span]))
    return np.array(found)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("batch", [1 << 21, 300])
def test_rows_are_solved_as_one_by_one(weighted: bool, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als_rows, "BATCH_ELEMENTS", batch)
    system = problem(weighted=weighted)
    np.testing.assert_allclose(solve_rows(*system, steps=0), by_hand(*system), rtol=1e-3, atol=1e-4)


def test_conjugate_gradients_come_to_the_same_and_nearer_with_every_step() -> None:
    system = problem()
    exact, start = by_hand(*system), np.zeros((N + 1, F), dtype=np.float32)
    far = [np.abs(solve_rows(*system, start=start, steps=steps) - exact).max() for steps in (1, 3, F + 2)]
    assert far[0] > far[1] > far[2]
    assert far[2] < 1e-3


def test_the_other_side_holds_the_same() -> None:
    rows = problem()[0]
    turned = rows.transposed()
    np.testing.assert_array_equal(turned.chosen.toarray(), rows.chosen.toarray().T)
    targets = sparse.csr_matrix((rows.targets, rows.chosen.indices, rows.chosen.indptr), shape=rows.chosen.shape)
    other = sparse.csr_matrix((turned.targets, turned.chosen.indices, turned.chosen.indptr), shape=turned.chosen.shape)
    np.testing.assert_array_equal(other.toarray(), targets.toarray().T)
