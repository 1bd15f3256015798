"""Accounts of a list are those of its movies one by one, and share what the list itself began with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recsys_assets.recommenders import Recommender, build
from recsys_assets.recommenders.data import FloatArray
from recsys_assets.recommenders.once import once, one_history
from recsys_assets_tests.serving.api.world import CATALOGUE, ratings

MODELS_OF_PARTS = ("hybrid", "topn_blend", "next_item", "switch", "rating_blend")
ASKED = ("item_knn", "ease", "markov", "ials", "content", "rating_knn", "svd", "popularity", *MODELS_OF_PARTS)


@pytest.fixture(scope="module", params=ASKED)
def model(request: pytest.FixtureRequest) -> Recommender:
    return build(request.param).fit(ratings(), CATALOGUE, seed=1)


def test_accounts_of_a_list_are_those_made_one_by_one(model: Recommender) -> None:
    user = np.array([3])
    history, scores = model.histories.take(model.users.index(user)), model.scores(user)[0]
    columns = np.argsort(-scores)[[0, 1, 2, 9, 23]]
    with one_history():
        model._scores(history, np.array([2]), model.fallback_scores)
        listed = model.accounts(history, 2, columns, scores[columns])
    np.testing.assert_allclose(listed.totals(), scores[columns], atol=1e-4)
    for row, column in enumerate(columns.tolist()):
        alone = model.explain(3, int(model.movies.values[column])).reasons
        together = sorted(listed.reasons(row), key=lambda reason: -abs(reason.contribution))
        assert [abs(r.contribution) for r in together] == pytest.approx([abs(r.contribution) for r in alone], abs=1e-5)
        assert {(r.label, r.movie_id, r.rating) for r in together} == {(r.label, r.movie_id, r.rating) for r in alone}


@pytest.mark.parametrize("name", MODELS_OF_PARTS)
def test_a_list_and_its_reasons_ask_each_part_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(name).fit(ratings(), CATALOGUE, seed=1)
    asked: list[str] = []
    for part_name, part in model.parts.items():  # type: ignore[attr-defined]
        monkeypatch.setattr(part, "_score", _counted(part._score, part_name, asked))
    history = model.histories.take(np.array([2]))
    with one_history():
        scores = model._scores(history, np.array([2]), model.fallback_scores)[0]
        model.accounts(history, 2, np.arange(5), scores[:5])
    assert len(asked) == len(set(asked)) > 0


def _counted(score: Callable[..., FloatArray], name: str, asked: list[str]) -> Callable[..., FloatArray]:
    def counting(*args: object) -> FloatArray:
        asked.append(name)
        return score(*args)

    return counting


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
