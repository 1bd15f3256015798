"""The learned order of candidates: what it learns from, what it learns, and that it knows when to trust whom."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from recsys_assets.progress import silent
from recsys_assets.recommenders import ModelError, build, next_item
from recsys_assets.recommenders.choice import choice_weights
from recsys_assets.recommenders.data import Histories, TrainingData
from recsys_assets.recommenders.next_item_events import NextEvents
from recsys_assets.recommenders.next_item_features import RECENCY, MovieFacts
from recsys_assets.recommenders.next_item_parts import PARTS, build_parts, fit_parts, opinions
from recsys_assets_tests.recommenders.test_markov import RING, random_histories, ring_world
from recsys_assets_tests.recommenders.worlds import World

DAY = 86_400


def choices(*, n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of 6 candidates, who was chosen with probability softmax(w . x), and w; the third feature is idle."""
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((n, 6, 3)) * [1.0, 5.0, 2.0] + [0.0, 40.0, -3.0]).astype(np.float32)
    w = np.array([1.5, -0.3, 0.0])
    return x, (x @ w + rng.gumbel(size=(n, 6))).argmax(axis=1), w


def test_the_weights_behind_choices_are_found() -> None:
    x, chosen, w = choices()
    np.testing.assert_allclose(choice_weights(x, chosen, regularization=0.0), w, atol=0.08)


def test_chosen_candidates_are_on_average_what_the_weights_expect() -> None:
    """The optimum of a conditional logit: expected and observed features agree."""
    x, chosen, _ = choices(n=300)
    u = x @ choice_weights(x, chosen, regularization=0.0)
    share = np.exp(u - u.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    expected = np.einsum("nc,ncf->f", share, x) / len(x)
    np.testing.assert_allclose(expected, x[np.arange(len(x)), chosen].mean(axis=0), atol=0.02)


def test_regularization_pulls_weights_towards_zero() -> None:
    x, chosen, _ = choices(n=300)
    free, tied = (choice_weights(x, chosen, regularization=r) for r in (0.0, 0.5))
    assert np.abs(tied[:2]).max() < 0.7 * np.abs(free[:2]).max()


def pairs(h: Histories) -> list[tuple[int, int]]:
    return list(zip(h.rows.tolist(), h.movies.tolist(), strict=True))


def test_events_are_foretold_from_what_came_before_and_from_nothing_else() -> None:
    h = random_histories(users=20)
    events = NextEvents.of(h, per_user=3, most=1000, seed=0)
    held = list(zip(events.users.tolist(), events.movies.tolist(), strict=True))
    assert not set(pairs(events.train)) & set(held)
    assert sorted([*pairs(events.train), *held]) == sorted(pairs(h))
    assert np.bincount(events.users, minlength=20).tolist() == np.minimum(3, h.lengths // 2).tolist()
    for row, (user, movie) in enumerate(held):
        own = h.take(np.array([user])).movies.tolist()
        assert events.before.take(np.array([row])).movies.tolist() == own[: own.index(movie)]
        assert own.index(movie) > 0


def test_no_more_events_are_drawn_than_asked_for() -> None:
    h = random_histories(users=40)
    events = NextEvents.of(h, per_user=2, most=11, seed=0)
    assert 9 <= len(events) <= 11
    assert len(NextEvents.of(h, per_user=2, most=1, seed=0)) == 0


def test_facts_of_a_candidate_by_hand() -> None:
    times = np.array([0, 10, 200, 35, 205]) * DAY
    h = Histories.from_columns(np.array([0, 0, 0, 1, 2]), 3, np.array([0, 1, 2, 2, 2]), np.ones(5), times)
    catalogue = pl.DataFrame(
        {"year": [1990, 2000, None, 2010], "genres": [["a"], ["b"], ["a", "b"], []]},
        schema_overrides={"year": pl.Int32},
    )
    asked = Histories(np.array([0, 2]), h.movies[:2], h.ratings[:2], h.timestamps[:2])
    told = MovieFacts.of(h, catalogue).features(asked, np.array([[2, 3]]))[0]
    old, new = RECENCY / (1 + RECENCY), 1 / (1 + RECENCY)
    year = 1990 * old + 2000 * new
    shared = (old + new) / math.hypot(old, new) / math.sqrt(2)
    np.testing.assert_allclose(told[0], [math.log(4), math.log(2), shared, math.log1p(2000 - year)], rtol=1e-4)
    np.testing.assert_allclose(told[1], [0, 0, 0, math.log1p(2010 - year)], rtol=1e-4)


def test_opinions_are_free_of_the_scale_of_scores() -> None:
    scores = np.array([[4.0, 2.0, 0.0, -1.0]], dtype=np.float32)
    told = opinions(scores, "markov")
    np.testing.assert_allclose(told[0, :, 0], [1, 0.5, 0, 0])
    np.testing.assert_allclose(told[0, :, 1], [math.log(1000), math.log(500), 0, 0], rtol=1e-5)
    np.testing.assert_allclose(opinions(100 * scores, "markov"), told)
    logs = np.log(np.array([[4.0, 2.0, 1e-9, 1e-9]], dtype=np.float32)) + 3
    np.testing.assert_allclose(opinions(logs, "sasrec"), told, atol=1e-5)


def data_of(world: World) -> TrainingData:
    model = build("markov").fit(world.interactions, world.catalogue)
    return TrainingData(model.users, model.movies, model.histories, model.catalogue, 0, silent, pl.DataFrame())


def test_parts_that_share_a_model_score_as_if_fitted_alone(world: World) -> None:
    data = data_of(world)
    parts = build_parts(("markov", "markov_lasting"), {"markov": {"window": 3}})
    fit_parts(parts, data)
    alone = build("markov", {"window": 3, "recency": 0.9}).fit_data(data)
    users = data.users.values
    np.testing.assert_array_equal(parts["markov_lasting"].scores(users), alone.scores(users))
    assert not np.array_equal(parts["markov"].scores(users), alone.scores(users))


def test_every_part_that_is_offered_can_be_built() -> None:
    """Their models' settings are checked when they are."""
    built = build_parts(tuple(PARTS), {})
    assert [model.name for model in built.values()] == [part.model for part in PARTS.values()]


def test_every_part_is_heard(world: World) -> None:
    config = {"parts": ("markov", "popularity", "item_knn")}
    model = build("next_item", config).fit(world.interactions, world.catalogue, seed=0)
    weights = model.weights[:6].reshape(-1, 2)  # type: ignore[attr-defined]
    assert (np.abs(weights).sum(axis=1) > 0).all()


def test_while_it_learns_no_part_has_seen_an_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Histories] = []
    monkeypatch.setattr(
        next_item, "fit_parts", lambda parts, data: (seen.append(data.histories), fit_parts(parts, data))
    )
    model = build("next_item", {"parts": ("markov",)}).fit(world.interactions, world.catalogue, seed=0)
    events = NextEvents.of(model.histories, per_user=5, most=10_000, seed=0)
    assert [pairs(h) for h in seen] == [pairs(events.train), pairs(model.histories)]


RING_CONFIG: dict[str, Any] = {
    "parts": ("markov", "markov_forward", "ease"),
    "part_configs": {"markov_forward": {"window": 1, "prior": 0.0}, "ease": {"regularization": 5.0}},
}


def test_it_leans_on_the_part_that_knows() -> None:
    """Company is the same in both directions of the ring; only what counts forward can tell them apart."""
    world = ring_world(users=60)
    model = build("next_item", RING_CONFIG).fit(world.interactions, world.catalogue)
    last = model.histories.movies[model.histories.indptr[1:] - 1].astype(int)
    shown = model.recommend(model.users.values, 1).movies[:, 0]
    assert (shown == (last + 1) % RING * 7 + 3).mean() > 0.95
    amounts = model.weights[:6].reshape(3, 2).sum(axis=1)  # type: ignore[attr-defined]
    assert amounts.argmax() == 1


def test_what_is_no_candidate_comes_after_all_that_are(world: World) -> None:
    model = build("next_item", {"parts": ("markov", "ease"), "candidates": 5})
    model.fit(world.interactions, world.catalogue)
    model.weights *= 100  # type: ignore[attr-defined]
    for user in model.users.values[:10]:
        listed = model._shortlist(model.histories.take(model.users.index(np.array([user]))), np.array([0]))  # type: ignore[attr-defined]
        best = model.recommend(np.array([user]), 5).movies[0]
        assert sorted(model.movies.index(best)) == sorted(listed.movies[0])
    outside = int(model.recommend(np.array([user]), 6).movies[0, 5])
    (reason,) = model.explain(int(user), outside).reasons
    assert "not among the 5 candidates" in reason.label


def test_a_movie_of_the_history_is_named_once(world: World) -> None:
    model = build("next_item", {"parts": ("markov", "markov_lasting", "ease")}).fit(world.interactions, world.catalogue)
    movie = int(model.recommend(np.array([101]), 1).movies[0, 0])
    named = [r.movie_id for r in model.explain(101, movie).reasons if r.movie_id is not None]
    own = world.interactions.filter(pl.col("user_id") == 101)["movie_id"].to_list()
    assert len(named) > 1
    assert len(named) == len(set(named))
    assert set(named) <= set(own)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"parts": ("markov", "markov")}, "different"),
        ({"parts": ("next_item",)}, "can't be a part of itself"),
        ({"parts": ("markov",), "part_configs": {"ease": {}}}, "part_configs names ease"),
        ({"parts": ("ease", "markov_lasting")}, "needs part markov"),
    ],
)
def test_parts_that_make_no_blend_are_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        build("next_item", config)
