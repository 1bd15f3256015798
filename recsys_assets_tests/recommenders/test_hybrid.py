"""Hybrid: what it holds out, how it searches and combines, and that it is no worse than its parts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_assets.recommenders import ModelError, Recommender, build
from recsys_assets.recommenders.data import Histories
from recsys_assets.recommenders.hybrid import Hybrid
from recsys_assets.recommenders.hybrid_search import Search, Split, blended, hold_out, reranked, standardized
from recsys_assets_tests.recommenders.conftest import SVD
from recsys_assets_tests.recommenders.worlds import World

Fit = Callable[[str], Recommender]
USERS = np.arange(101, 141)


THREE = {"parts": ("popularity", "content", "biased_mf"), "part_configs": {"biased_mf": SVD}}


def three_parts(world: World) -> Hybrid:
    model = build("hybrid", THREE).fit(world.interactions, world.catalogue, seed=7)
    assert isinstance(model, Hybrid)
    return model


@pytest.fixture(scope="module")
def hybrid(world: World) -> Hybrid:
    model = three_parts(world)
    assert isinstance(model, Hybrid)
    return model


def histories(lengths: list[int], seed: int = 0) -> Histories:
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    movies = np.concatenate([rng.permutation(50)[:n] for n in lengths] or [[]]).astype(int)
    return Histories.from_columns(
        rows, len(lengths), movies, rng.integers(1, 11, len(rows)) / 2, rng.integers(0, 5, len(rows))
    )


@given(st.lists(st.integers(0, 30), max_size=6), st.floats(0.05, 0.6), st.integers(0, 3))
def test_the_later_ratings_are_held_out_and_nothing_is_lost(lengths: list[int], share: float, seed: int) -> None:
    whole = histories(lengths, seed)
    split = hold_out(whole, share=share, seed=seed)
    for row, n in enumerate(lengths):
        one = np.array([row])
        train, held, all_ = (h.take(one) for h in (split.train, split.held, whole))
        assert sorted([*train.movies, *held.movies]) == sorted(all_.movies)
        assert len(held.movies) == (0 if n < 2 else min(n - 1, max(1, round(share * n))))
        if len(held.movies):
            assert train.timestamps.max() <= held.timestamps.min()


def test_the_parts_are_searched_without_what_is_held_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No part is fitted on a held-out rating before the weights are chosen; afterwards each has them all."""
    from recsys_assets.recommenders.popularity import Popularity

    seen: list[int] = []
    fit = Popularity._fit
    monkeypatch.setattr(
        Popularity, "_fit", lambda self, data: (seen.append(len(data.histories.movies)), fit(self, data))
    )
    build("hybrid", THREE).fit(world.interactions, world.catalogue)
    assert seen[0] < 0.95 * len(world.interactions)
    assert seen[1] == len(world.interactions)


def brute_ndcg(scores: np.ndarray, seen: set[int], relevant: set[int]) -> float:
    ranked = [m for m in np.argsort(-scores, kind="stable").tolist() if m not in seen][:10]
    gain = sum(1 / np.log2(place + 2) for place, m in enumerate(ranked) if m in relevant)
    return gain / sum(1 / np.log2(place + 2) for place in range(min(10, len(relevant))))


def test_ndcg_is_the_brute_force_one() -> None:
    split = hold_out(histories([30, 12, 0, 1, 45]), share=0.3, seed=0)
    search = Search.of(split, n_users=10, seed=0)
    assert search.users.tolist() == [0, 1, 4]
    scores = np.random.default_rng(5).random((3, 50)).astype(np.float32)
    expected = [
        brute_ndcg(row, set(split.train.take(np.array([u])).movies), set(split.held.take(np.array([u])).movies))
        for row, u in zip(scores, (0, 1, 4), strict=True)
    ]
    assert search.ndcg(scores) == pytest.approx(np.mean(expected))
    assert 0 < search.ndcg(scores) < 1


def test_the_search_finds_the_one_part_that_knows() -> None:
    split = hold_out(histories([20] * 30), share=0.2, seed=0)
    search = Search.of(split, n_users=30, seed=0)
    rng = np.random.default_rng(0)
    oracle = np.zeros((30, 50), dtype=np.float32)
    held = split.held.take(search.users)
    oracle[held.rows, held.movies] = 1
    noise = [standardized(rng.random((30, 50)).astype(np.float32)) for _ in range(2)]
    weights, value = search.best_weights([noise[0], standardized(oracle), noise[1]])
    assert value == pytest.approx(1)
    assert weights.sum() == pytest.approx(1)
    assert weights[1] >= 0.5


def test_two_halves_of_the_truth_are_blended() -> None:
    split = hold_out(histories([20] * 30), share=0.2, seed=0)
    search = Search.of(split, n_users=30, seed=0)
    held = split.held.take(search.users)
    halves = []
    for half in (0, 1):
        part = np.random.default_rng(half).normal(0, 0.1, (30, 50)).astype(np.float32)
        mine = held.movies % 2 == half
        part[held.rows[mine], held.movies[mine]] += 1
        halves.append(standardized(part))
    weights, value = search.best_weights(halves)
    assert 0.2 < weights[0] < 0.8
    assert value > 1.15 * max(map(search.ndcg, halves))


def test_the_best_unseen_candidates_come_first_by_the_ranker_then_the_rest() -> None:
    generator = np.array([[0.9, 0.8, 0.7, 0.1, 0.2]], dtype=np.float32)
    ranker = np.array([[5.0, 1.0, 4.0, 5.0, 5.0]], dtype=np.float32)
    seen = Histories(np.array([0, 1]), np.array([0], np.int32), np.ones(1, np.float32), np.zeros(1, int))
    scores = reranked(generator, ranker, seen, 2)
    assert np.argsort(-scores[0]).tolist() == [2, 1, 0, 4, 3]
    assert scores[0, [2, 1]].tolist() == [4.0, 1.0]


def test_on_validation_the_blend_is_no_worse_than_any_part(hybrid: Hybrid) -> None:
    assert set(hybrid.validation) == {"popularity", "content", "biased_mf", "blend", "rerank"}
    assert hybrid.validation["blend"] >= max(hybrid.validation[p] for p in ("popularity", "content", "biased_mf"))
    chosen = hybrid.validation[hybrid.strategy]
    assert chosen == max(hybrid.validation["blend"], hybrid.validation["rerank"])


@pytest.mark.parametrize("strategy", ["blend", "rerank"])
def test_reasons_add_up_under_either_strategy(strategy: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    model = three_parts(world)
    monkeypatch.setattr(model, "strategy", strategy)
    monkeypatch.setattr(model, "candidates", 5)
    monkeypatch.setattr(model, "weights", np.array([0.25, 0.5, 0.25], dtype=np.float32))
    kinds = set()
    for movie in range(10, 400, 50):
        told = model.explain(101, movie)
        kinds |= {r.kind for r in told.reasons}
        assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)
    assert "history" in kinds


def test_a_movie_of_the_history_counts_as_in_content_times_weight_over_spread(
    hybrid: Hybrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hybrid, "strategy", "blend")
    monkeypatch.setattr(hybrid, "weights", np.array([0.25, 0.5, 0.25], dtype=np.float32))
    content = hybrid.parts["content"]
    scale = 0.5 / content.scores(np.array([101])).std()
    alone = {r.movie_id: r.contribution for r in content.explain(101, 60).reasons if r.kind == "history"}
    told = {r.movie_id: r.contribution for r in hybrid.explain(101, 60).reasons if r.kind == "history"}
    assert told == pytest.approx({movie: scale * c for movie, c in alone.items()}, rel=1e-4)


def test_the_blend_is_the_weighted_sum_of_standardized_parts(hybrid: Hybrid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hybrid, "strategy", "blend")
    total = np.zeros((40, len(hybrid.movies)))
    for part, weight in zip(hybrid.parts.values(), hybrid.weights, strict=True):
        scores = part.scores(USERS).astype(np.float64)
        total += weight * (scores - scores.mean(axis=1, keepdims=True)) / scores.std(axis=1, keepdims=True)
    np.testing.assert_allclose(hybrid.scores(USERS), total, atol=1e-3)


def test_parts_can_be_chosen_and_configured(world: World) -> None:
    model = build("hybrid", {"parts": ("popularity", "biased_mf"), "part_configs": {"biased_mf": SVD}})
    model.fit(world.interactions, world.catalogue)
    assert isinstance(model, Hybrid)
    assert model.strategy == "blend"
    assert set(model.validation) == {"popularity", "biased_mf", "blend"}
    with pytest.raises(ModelError, match="content, not among the parts"):
        build("hybrid", {"parts": ("popularity", "biased_mf"), "part_configs": {"content": {}}})
    with pytest.raises(ModelError, match="field 'depth'"):
        build("hybrid", THREE | {"part_configs": {"biased_mf": {"depth": 1}}})


def test_where_nobody_rated_two_movies_parts_count_alike(world: World) -> None:
    firsts = world.interactions.unique("user_id", keep="first", maintain_order=True)
    model = build("hybrid", THREE).fit(firsts, world.catalogue)
    assert isinstance(model, Hybrid)
    assert model.validation == {}
    assert model.weights == pytest.approx([1 / 3] * 3)


def test_a_split_names_its_two_sides() -> None:
    split = hold_out(histories([10]), share=0.5, seed=0)
    assert isinstance(split, Split)
    assert split.train.lengths.tolist() == split.held.lengths.tolist() == [5]


def test_held_out_ties_are_ordered_by_chance_not_by_id() -> None:
    tied = Histories(
        np.array([0, 20]), np.arange(20, dtype=np.int32), np.ones(20, np.float32), np.zeros(20, dtype=np.int64)
    )
    held = [set(hold_out(tied, share=0.2, seed=s).held.movies.tolist()) for s in range(4)]
    assert len({frozenset(h) for h in held}) > 1
    assert {16, 17, 18, 19} not in held


def test_interactions_may_have_more_columns(world: World) -> None:
    wider = world.interactions.with_columns(device=pl.lit("tv"))
    build("hybrid", THREE).fit(wider, world.catalogue)


@pytest.mark.parametrize("parts", [2, 5, 6])
def test_weights_of_many_parts_find_the_pair_that_knows(parts: int) -> None:
    """Two parts know a half of what is held out each; all others know nothing."""
    split = hold_out(histories([20] * 40), share=0.2, seed=0)
    search = Search.of(split, n_users=40, seed=0)
    held = split.held.take(search.users)
    scores = [np.random.default_rng(place).normal(0, 1, (40, 50)).astype(np.float32) for place in range(parts)]
    for half in (0, 1):
        mine = held.movies % 2 == half
        scores[-1 - half][held.rows[mine], held.movies[mine]] += 8
    weights, value = search.best_weights([standardized(s) for s in scores])
    assert weights[-2:].sum() > 0.8
    assert value > 0.95
    assert value == pytest.approx(search.ndcg(blended([standardized(s) for s in scores], weights)))
