"""The index against SciPy's divergences, chance, and windows that move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from recsys_assets.quality.drift import MISSING, Spread, compare, psi
from recsys_assets.warehouse.declaration import Distribution

STARS = Distribution("stars", "Ratings by stars", "rating", "steps", step=0.5)
ACTIVITY = Distribution("activity", "Users", "user_id", "rows")
MONTHS = Distribution("recency", "Ratings by month", "timestamp", "months")


def test_of_many_rows_it_is_the_symmetric_divergence() -> None:
    now, then = np.array([1, 2, 3, 4]) * 10**7, np.array([4, 3, 2, 1]) * 10**7
    assert psi(now, then) == pytest.approx(entropy(now, then) + entropy(then, now), rel=1e-5)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=8), st.lists(st.integers(0, 1000), min_size=2, max_size=8))
def test_it_is_never_negative_nor_infinite_and_does_not_ask_which_run_came_first(now, then) -> None:
    bins = min(len(now), len(then))
    found = psi(now[:bins], then[:bins])
    assert found == pytest.approx(psi(then[:bins], now[:bins]))
    assert found is None or 0 <= found < 100
    if sum(now[:bins]) and sum(c > 0 for c in now[:bins]) > 1:
        assert psi(now[:bins], now[:bins]) == 0


def test_two_draws_from_one_distribution_do_not_drift_however_small() -> None:
    rng = np.random.default_rng(1)
    shares = np.full(10, 0.1)
    found = [psi(rng.multinomial(150, shares), rng.multinomial(150, shares)) or 0.0 for _ in range(300)]
    assert np.mean(np.array(found) > 0.1) < 0.1
    assert np.mean(found) < 0.03  # 0.12 where chance is not taken off


def test_nothing_is_compared_with_nothing() -> None:
    assert psi([], []) is None
    assert psi([0, 0], [1, 2]) is None
    assert psi([5, 0], [7, 0]) is None


def test_bins_of_both_runs_are_shown_in_their_order() -> None:
    found = compare(STARS, Spread(("5", "10", MISSING), (1, 2, 3)), Spread(("0.5", "10"), (4, 5)), run_id="before")
    assert found.labels == ("0.5", "5", "10", MISSING)
    assert found.counts == (0, 1, 2, 3)
    assert found.reference == (4, 0, 5, 0)
    assert found.reference_run == "before"
    assert found.psi is not None
    rows = compare(ACTIVITY, Spread(("1", "2-3"), (1, 0)), Spread(("1", "2-3", "4-7", "16-31"), (1, 0, 0, 3)))
    assert rows.labels == ("1", "2-3", "16-31")


def test_a_window_that_moves_on_compares_the_months_that_both_hold() -> None:
    then = Spread(("2020-01", "2020-02", "2020-03", "2020-04"), (10, 1000, 1000, 3))
    now = Spread(("2020-02", "2020-03", "2020-04", "2020-05"), (1000, 1000, 900, 800))
    moved = compare(MONTHS, now, then)
    assert moved.labels == now.labels
    assert moved.reference == (1000, 1000, 3, 0)
    assert moved.psi == 0  # April was not over, May is new, January has left the window
    lost = compare(MONTHS, Spread(now.labels, (1000, 10, 900, 800)), then)
    assert lost.psi is not None
    assert lost.psi > 1


def test_windows_without_a_month_in_common_are_not_compared() -> None:
    assert compare(MONTHS, Spread(("2024-01", "2024-02"), (1, 2)), Spread(("2020-01", "2020-02"), (1, 2))).psi is None
