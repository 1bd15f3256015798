"""Propensities are the probabilities of what was drawn: by enumeration, by counting, and by what estimators make of
them.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from recsys_assets.agents.offpolicy.softmax import shortlist
from recsys_assets.serving.api.choosing import Chance, choose, standardized, temperature_for

SCORES = np.array([2.0, 1.2, 0.9, 0.1, -1.0], dtype=np.float32)
FIRST_SHARE = 0.4
DIRECTIONS = np.eye(2, dtype=np.float32)[[0, 0, 1, 1, 0]]


def chance(seed: int) -> Chance:
    return Chance(np.random.default_rng(seed), FIRST_SHARE)


def weights() -> np.ndarray:
    values = standardized(SCORES)
    return np.exp(values / temperature_for(values, FIRST_SHARE))


def test_the_best_candidate_comes_first_as_often_as_asked_for() -> None:
    assert weights()[0] / weights().sum() == pytest.approx(FIRST_SHARE, abs=1e-6)


def test_the_first_place_has_the_chances_that_the_estimators_know() -> None:
    values = standardized(SCORES)
    best, known = shortlist(values[None].astype(np.float32), temperature=temperature_for(values, FIRST_SHARE))
    of = dict(zip(best[0].tolist(), known[0].tolist(), strict=True))
    for seed in range(20):
        drawn = choose(SCORES, 1, chance=chance(seed))
        assert drawn.propensities[0] == pytest.approx(of[int(drawn.places[0])], rel=1e-4)


@pytest.mark.parametrize("diversity", [0.0, 0.4])
def test_lists_occur_as_often_as_their_propensities_say(diversity: float) -> None:
    """6,000 draws of 2 of 5: the share of each of the 20 lists against the product of its propensities."""
    counts: Counter[tuple[int, ...]] = Counter()
    said: dict[tuple[int, ...], float] = {}
    rng, n = np.random.default_rng(5), 6_000
    for _ in range(n):
        drawn = choose(SCORES, 2, directions=DIRECTIONS, diversity=diversity, chance=Chance(rng, FIRST_SHARE))
        key = tuple(drawn.places.tolist())
        counts[key] += 1
        assert said.setdefault(key, math.prod(drawn.propensities)) == pytest.approx(math.prod(drawn.propensities))
    assert sum(said.values()) == pytest.approx(1.0, abs=0.01), "nearly all lists were drawn"
    for key, probability in said.items():
        assert counts[key] / n == pytest.approx(probability, abs=4 * math.sqrt(probability / n) + 1e-3)


def test_plackett_luce_is_the_product_of_shares_of_what_is_left() -> None:
    w = weights()
    expected = {(i, j): w[i] / w.sum() * w[j] / (w.sum() - w[i]) for i, j in itertools.permutations(range(len(w)), 2)}
    assert sum(expected.values()) == pytest.approx(1.0)
    for seed in range(50):
        drawn = choose(SCORES, 2, chance=chance(seed))
        assert math.prod(drawn.propensities) == pytest.approx(expected[tuple(drawn.places.tolist())], rel=1e-6)


def test_inverse_propensities_find_the_reward_of_another_policy() -> None:
    """A greedy list of one earns 1 on the best movie: logs of the stochastic policy must say so on average."""
    rewards = np.array([1.0, 0.3, 0.8, 0.0, 0.5])
    rng, n = np.random.default_rng(1), 4_000
    told = []
    for _ in range(n):
        drawn = choose(SCORES, 1, chance=Chance(rng, FIRST_SHARE))
        shown = int(drawn.places[0])
        told.append((shown == 0) / drawn.propensities[0] * rewards[shown])
    assert np.mean(told) == pytest.approx(1.0, abs=4 * np.std(told) / math.sqrt(n))


def test_greedy_lists_are_certain_and_in_order() -> None:
    drawn = choose(SCORES, 3)
    assert drawn.places.tolist() == [0, 1, 2]
    assert drawn.propensities.tolist() == [1, 1, 1]


def test_diversity_brings_other_genres_forward() -> None:
    plain = choose(SCORES, 3)
    varied = choose(SCORES, 3, directions=DIRECTIONS, diversity=0.5)
    assert plain.places.tolist() == [0, 1, 2]
    assert varied.places.tolist()[:2] == [0, 2], "movie 2 is of the other genre"


@pytest.mark.parametrize("scores", [[], [1.0], [3.0, 3.0, 3.0], [1e30, -1e30]])
@pytest.mark.parametrize("diversity", [0.0, 0.5])
def test_few_and_equal_candidates_are_listed_all(scores: list[float], diversity: float) -> None:
    values = np.array(scores, dtype=np.float32)
    directions = np.ones((len(values), 1), dtype=np.float32)
    drawn = choose(values, 10, directions=directions, diversity=diversity, chance=chance(1))
    assert sorted(drawn.places.tolist()) == list(range(len(values)))
    assert ((drawn.propensities > 0) & (drawn.propensities <= 1)).all()
