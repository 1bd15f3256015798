"""Pairs are of one state, of a gap that counts, capped by user and movie; trust falls for bots."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.preferences.opinions import Opinions, value_of_stars
from recsys_assets.agents.preferences.pairs import PairConfig, draw_pairs, rank_within
from recsys_assets.agents.preferences.trust import trust_of
from recsys_assets.recommenders.data import Histories

LAYOUT = ObservationLayout(2, 1, 3)


def _opinions(states: int, each: int, *, seed: int = 0, people: int | None = None) -> Opinions:
    rng = np.random.default_rng(seed)
    m = states * each
    return Opinions(
        LAYOUT,
        LAYOUT.empty(states),
        np.zeros(states, dtype=bool),
        np.arange(states) % (people or states),
        np.repeat(np.arange(states), each),
        np.concatenate([rng.choice(50, each, replace=False) for _ in range(states)]),
        rng.uniform(-1, 1, m).astype(np.float32),
        np.ones(m, dtype=np.float32),
        Histories(np.zeros(1, dtype=np.int64), *np.zeros((3, 0), dtype=np.int64)),
        np.ones(0, dtype=np.float32),
    )


def test_pairs_are_the_brute_force_ones_where_caps_let_all_through() -> None:
    opinions = _opinions(4, 5)
    config = PairConfig(per_state=1000, per_user=1000, movie_share=1.0)
    pairs = draw_pairs(opinions, config, seed=1)
    found = set(zip(pairs.states.tolist(), pairs.better.tolist(), pairs.worse.tolist(), strict=True))
    every = {
        (int(opinions.states[i]), int(opinions.movies[i]), int(opinions.movies[j]))
        for i in range(len(opinions))
        for j in range(len(opinions))
        if opinions.states[i] == opinions.states[j] and opinions.values[i] - opinions.values[j] >= config.least_gap
    }
    assert len(found) == len(pairs)  # none twice
    assert found <= every
    assert len(found) > 0.7 * len(every)  # drawn with replacement: a few are missed


def test_caps_hold_for_states_users_movies_and_weights() -> None:
    opinions = _opinions(40, 20, people=10)
    config = PairConfig(per_state=12, per_user=30, user_weight=5.0, movie_share=0.01)
    pairs = draw_pairs(opinions, config, seed=2)
    people = opinions.people[pairs.states]
    assert np.bincount(pairs.states).max() <= 12
    assert np.bincount(people).max() <= 30
    assert max(np.bincount(pairs.better).max(), np.bincount(pairs.worse).max()) <= 20
    assert np.bincount(people, pairs.weights).max() == pytest.approx(5.0)


def test_the_same_seed_draws_the_same_pairs() -> None:
    first, second = (draw_pairs(_opinions(5, 10), seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.better, second.better)


def test_ranks_count_within_each_key_in_the_order_given() -> None:
    np.testing.assert_array_equal(rank_within(np.array([3, 1, 3, 3, 1])), [0, 0, 1, 2, 1])
    assert len(rank_within(np.zeros(0, dtype=np.int64))) == 0


def test_stars_have_the_values_of_feedback() -> None:
    np.testing.assert_allclose(value_of_stars(np.array([0.5, 3.0, 4.0, 5.0])), [-1, 0, 0.5, 1])


def test_people_are_believed_and_bots_are_not() -> None:
    start = datetime(2026, 1, 1)
    person = [(1, movie, "like", start + timedelta(minutes=movie)) for movie in range(1, 13)]
    single = [(2, 7, "like", start + timedelta(minutes=n)) for n in range(12)]
    fast = [(3, movie, "skip", start + timedelta(milliseconds=movie)) for movie in range(1, 201)]
    idle = [(4, movie, "ignore", start) for movie in range(1, 201)]
    feedback = pl.DataFrame(
        [*person, *single, *fast, *idle], ["user_id", "movie_id", "action", "timestamp"], orient="row"
    ).with_columns(text=pl.lit(None, dtype=pl.String))
    trust = dict(trust_of(feedback).iter_rows())
    assert trust[1] == pytest.approx(1.0)
    assert trust[2] == pytest.approx(0.1)
    assert trust[3] == pytest.approx(0.01)
    assert trust[4] == pytest.approx(1.0)  # a list is ignored in one moment
