"""Accounts of a list's movies share what they begin with, and say the same as one by one."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.recommenders import Recommender, build
from recsys_assets.recommenders.once import once, one_history
from recsys_assets_tests.serving.api.world import CATALOGUE, ratings

SHARED = ("item_knn", "markov", "ials", "hybrid", "topn_blend", "next_item", "switch", "rating_blend")


@pytest.fixture(scope="module", params=SHARED)
def model(request: pytest.FixtureRequest) -> Recommender:
    return build(request.param).fit(ratings(), CATALOGUE, seed=1)


def test_accounts_of_one_history_are_those_made_one_by_one(model: Recommender) -> None:
    user = np.array([3])
    history, scores = model.histories.take(model.users.index(user)), model.scores(user)[0]
    columns = np.argsort(-scores)[:6].tolist()
    alone = [model._explain(history, 2, c, float(scores[c])) for c in columns]
    with one_history():
        together = [model._explain(history, 2, c, float(scores[c])) for c in columns]
    assert together == alone


def test_a_history_is_worked_out_once_within_a_block_and_anew_outside() -> None:
    model = build("popularity").fit(ratings(), CATALOGUE, seed=1)
    history, other = model.histories.take(np.array([0])), model.histories.take(np.array([0]))
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    assert [once(model, "a", history, make) for _ in range(2)] == [0, 1]
    with one_history():
        assert [once(model, "a", history, make) for _ in range(3)] == [2, 2, 2]
        assert once(model, "b", history, make) == 3
        assert once(model, "a", other, make) == 4, "the same ratings in another object are another history"
    with one_history():
        assert once(model, "a", history, make) == 5
