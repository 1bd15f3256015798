"""Metrics against figures computed by hand, a plain Python version, scikit-learn, and what must hold for any list."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error as sk_mae
from sklearn.metrics import mean_squared_error as sk_mse
from sklearn.metrics import ndcg_score

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.metrics import (
    METRICS,
    Hits,
    find_hits,
    hit_rate,
    mean_absolute_error,
    mean_squared_error,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    root_mean_squared_error,
)

N_MOVIES, LENGTH = 12, 8


@st.composite
def rankings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, dict[int, set[int]]]:
    """Users, their lists (n, LENGTH) with -1 at the end of short ones, and the relevant movies of each."""
    users = draw(st.lists(st.integers(1, 500), min_size=1, max_size=5, unique=True))
    movies = [7 * m for m in range(1, N_MOVIES + 1)]
    lists, relevant = [], {}
    for user in users:
        shown = draw(st.permutations(movies))[: draw(st.integers(0, LENGTH))]
        lists.append([*shown, *[-1] * (LENGTH - len(shown))])
        relevant[user] = set(draw(st.lists(st.sampled_from([*movies, 5000]), min_size=1, max_size=9, unique=True)))
    return np.array(users), np.array(lists), relevant


def hits_of(users: np.ndarray, lists: np.ndarray, relevant: dict[int, set[int]]) -> Hits:
    pairs = [(user, movie) for user, movies in relevant.items() for movie in movies]
    return find_hits(users, lists, *(np.array(column) for column in zip(*pairs, strict=True)))


def plainly(shown: list[int], wanted: set[int], k: int) -> dict[str, float]:
    """The formulae, one position at a time."""
    found = [movie in wanted for movie in shown[:k]]
    places = [place for place, hit in enumerate(found, start=1) if hit]
    ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(wanted)) + 1))
    return {
        "hit_rate": float(bool(places)),
        "ndcg": sum(1 / math.log2(place + 1) for place in places) / ideal,
        "recall": len(places) / len(wanted),
        "precision": len(places) / k,
        "mrr": 1 / places[0] if places else 0.0,
    }


def test_figures_computed_by_hand() -> None:
    hits = find_hits(
        np.array([9, 4]),
        np.array([[10, 20, 30, 40], [50, 60, -1, -1]]),
        np.array([4, 9, 9, 9]),
        np.array([70, 20, 40, 80]),
    )
    assert hit_rate(hits, 4).tolist() == [1, 0]
    assert precision(hits, 4).tolist() == [0.5, 0]
    assert recall(hits, 4) == pytest.approx([2 / 3, 0])
    assert reciprocal_rank(hits, 4).tolist() == [0.5, 0]
    # hits at 2 and 4: 1/log2(3) + 1/log2(5) = 0.630930 + 0.430677; ideal of three: 1 + 0.630930 + 0.5
    assert ndcg(hits, 4) == pytest.approx([1.061606 / 2.130930, 0], abs=1e-6)
    assert ndcg(hits, 2) == pytest.approx([0.630930 / 1.630930, 0], abs=1e-6)
    assert hit_rate(hits, 1).tolist() == [0, 0]


@given(rankings(), st.integers(1, LENGTH))
def test_metrics_are_those_of_a_plain_version(world, k: int) -> None:
    users, lists, relevant = world
    hits = hits_of(users, lists, relevant)
    expected = [plainly(row, relevant[user], k) for user, row in zip(users.tolist(), lists.tolist(), strict=True)]
    for name, metric in METRICS.items():
        assert metric(hits, k) == pytest.approx([e[name] for e in expected]), name


@given(st.permutations(range(N_MOVIES)), st.sets(st.integers(0, N_MOVIES - 1), min_size=1), st.integers(1, N_MOVIES))
@settings(max_examples=50)
def test_ndcg_is_scikit_learns(order: list[int], wanted: set[int], k: int) -> None:
    truth, scores = np.zeros((1, N_MOVIES)), np.zeros((1, N_MOVIES))
    truth[0, list(wanted)] = 1
    scores[0, order] = np.arange(N_MOVIES, 0, -1)
    hits = hits_of(np.array([1]), np.array([order]), {1: wanted})
    assert ndcg(hits, k)[0] == pytest.approx(ndcg_score(truth, scores, k=k))


@given(rankings())
def test_metrics_lie_between_0_and_1_and_finding_more_is_never_worse(world) -> None:
    hits = hits_of(*world)
    for name, metric in METRICS.items():
        by_k = np.array([metric(hits, k) for k in range(1, LENGTH + 1)])
        assert ((by_k >= 0) & (by_k <= 1)).all(), name
        if name in ("hit_rate", "recall", "mrr"):
            assert (np.diff(by_k, axis=0) >= 0).all(), name


@given(rankings(), st.randoms(use_true_random=False))
def test_the_order_of_users_does_not_matter(world, random) -> None:
    users, lists, relevant = world
    order = list(range(len(users)))
    random.shuffle(order)
    one, other = hits_of(users, lists, relevant), hits_of(users[order], lists[order], relevant)
    for metric in METRICS.values():
        assert metric(one, 5)[order].tolist() == metric(other, 5).tolist()


@given(st.sets(st.integers(1, 100), min_size=1, max_size=LENGTH), st.integers(1, LENGTH))
def test_a_perfect_ranking_scores_1(wanted: set[int], k: int) -> None:
    shown = [*wanted, *range(1000, 1000 + LENGTH)][:LENGTH]
    hits = hits_of(np.array([1]), np.array([shown]), {1: wanted})
    assert ndcg(hits, k)[0] == pytest.approx(1)
    assert reciprocal_rank(hits, k)[0] == hit_rate(hits, k)[0] == 1
    assert recall(hits, LENGTH)[0] == 1
    assert precision(hits, k)[0] == pytest.approx(min(k, len(wanted)) / k)


@pytest.mark.parametrize(
    ("users", "lists", "pairs", "complaint"),
    [
        ([1], [[5, 5]], [(1, 5)], "shows movie 5 twice"),
        ([1, 1], [[5, 6], [6, 5]], [(1, 5)], "two lists"),
        ([1], [[5, 6]], [(1, 5), (2, 5)], "user 2 has relevant movies but no list"),
        ([1], [[5, 6]], [(1, 5), (1, 5)], "twice"),
        ([1, 2], [[5, 6], [5, 6]], [(1, 5)], "user 2 has no relevant movie"),
    ],
)
def test_what_can_not_be_scored_is_refused(users, lists, pairs, complaint: str) -> None:
    who, what = (np.array(column) for column in zip(*pairs, strict=True))
    with pytest.raises(EvaluationError, match=complaint):
        find_hits(np.array(users), np.array(lists), who, what)


def test_a_length_that_the_lists_do_not_have_is_refused() -> None:
    hits = find_hits(np.array([1]), np.array([[5, 6]]), np.array([1]), np.array([5]))
    for k in (0, 3):
        with pytest.raises(EvaluationError, match=f"metrics at {k} were asked of lists of length 2"):
            ndcg(hits, k)


@given(st.lists(st.tuples(st.floats(0.5, 5), st.floats(0.5, 5)), min_size=1, max_size=20))
def test_errors_of_ratings_are_scikit_learns(pairs: list[tuple[float, float]]) -> None:
    predicted, actual = (np.array(column) for column in zip(*pairs, strict=True))
    assert mean_squared_error(predicted, actual) == pytest.approx(sk_mse(actual, predicted))
    assert root_mean_squared_error(predicted, actual) == pytest.approx(math.sqrt(sk_mse(actual, predicted)))
    assert mean_absolute_error(predicted, actual) == pytest.approx(sk_mae(actual, predicted))


def test_errors_of_nothing_are_refused() -> None:
    with pytest.raises(EvaluationError, match="0 predictions for 0 ratings"):
        mean_squared_error(np.array([]), np.array([]))
