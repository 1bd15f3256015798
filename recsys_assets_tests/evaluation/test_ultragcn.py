from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.ultragcn import ULTRAGCN_CONFIGS, f1, inner_split, ultragcn
from recsys_assets.recommenders import Recommender, build
from recsys_assets.recommenders.data import TrainingData
from recsys_assets.sources.ml_1m_ultragcn import UltraGcnData, read_ultragcn

MOST_RATED = {"order": "count"}


def world(*, users: int = 30, movies: int = 60, seed: int = 0) -> UltraGcnData:
    rng = np.random.default_rng(seed)
    rated = rng.random((users, movies)) < rng.random(movies) * 0.8
    user, movie = np.nonzero(rated)
    test = rng.random(len(user)) < 0.3
    pairs = pl.DataFrame({"user_id": user, "movie_id": movie})
    train = pairs.filter(pl.Series(~test))
    return UltraGcnData(train, pairs.filter(pl.Series(test)).join(train, on="user_id", how="semi"))


def most_rated() -> Recommender:
    return build("popularity", MOST_RATED)


def test_the_figures_are_those_of_a_loop_over_users() -> None:
    data = world()
    counts = data.train.group_by("movie_id").len()
    votes = dict(counts.iter_rows())
    totals = np.zeros(3)
    for (user,), own in data.test.group_by("user_id"):
        seen = set(data.train.filter(pl.col("user_id") == user)["movie_id"])
        unseen = sorted((m for m in range(60) if m not in seen), key=lambda m: (-votes.get(m, 0), m))[:20]
        wanted = set(own["movie_id"])
        gains = [(m in wanted) / np.log2(place + 2) for place, m in enumerate(unseen)]
        best = sum(1 / np.log2(place + 2) for place in range(min(20, len(wanted))))
        hits = len(wanted & set(unseen))
        totals += [hits / 20, hits / len(wanted), sum(gains) / best]
    p, r, n = totals / data.test["user_id"].n_unique()
    result = ultragcn(most_rated, data, seed=0)
    assert [result.precision, result.recall, result.ndcg] == pytest.approx([p, r, n])
    assert result.f1 == pytest.approx(2 * p * r / (p + r)), "of the means, not a mean over users"
    assert result.metrics()["ml1m_ultragcn_ndcg_at_20"] == result.ndcg
    assert result.per_user["ndcg_at_20"].mean() == pytest.approx(result.ndcg)


def test_no_hit_is_an_f1_of_nothing() -> None:
    assert f1(0.0, 0.0) == 0.0


def test_a_model_fitted_on_a_test_pair_is_refused() -> None:
    data = world()

    class Peeks(type(most_rated())):  # type: ignore[misc]
        def fit(self, interactions: pl.DataFrame, catalogue: pl.DataFrame, **options: object) -> Recommender:
            extra = interactions.head(1).with_columns(
                user_id=pl.lit(data.test["user_id"][0], pl.Int64), movie_id=pl.lit(data.test["movie_id"][0], pl.Int64)
            )
            return super().fit(pl.concat([interactions, extra]), catalogue, **options)

    with pytest.raises(EvaluationError, match="1 of the"):
        ultragcn(Peeks, data, seed=0)


def test_a_model_is_shown_bare_pairs_of_one_moment() -> None:
    seen: list[TrainingData] = []

    class Watch(type(most_rated())):  # type: ignore[misc]
        def _fit(self, data: TrainingData) -> None:
            seen.append(data)
            super()._fit(data)

    ultragcn(Watch, world(), seed=5)
    assert seen[0].seed == 5
    assert set(seen[0].histories.ratings) == {5.0}
    assert len(set(seen[0].histories.timestamps)) == 1


def test_the_inner_split_takes_a_tenth_of_train_and_nothing_of_test() -> None:
    data = world(users=200)
    inner = inner_split(data, seed=1)
    assert 0.08 < len(inner.test) / len(data.train) < 0.12
    assert len(inner.train.join(inner.test, on=["user_id", "movie_id"])) == 0
    both = pl.concat([inner.train, inner.test])
    assert len(both.join(data.train, on=["user_id", "movie_id"], how="anti")) == 0
    shuffled = UltraGcnData(data.train.sample(fraction=1.0, shuffle=True, seed=2), data.test)
    assert inner_split(shuffled, seed=1).test.equals(inner.test)
    assert not inner_split(data, seed=2).test.equals(inner.test)


@pytest.mark.real_data
def test_popularity_scores_as_others_code_does(mirror: Path) -> None:
    """F1, NDCG and Recall at 20 by an evaluator that agreed with UltraGCN's own functions to four digits."""
    folder = mirror / "ml-1m-ultragcn"
    data = read_ultragcn(folder / "train.txt", folder / "test.txt")
    result = ultragcn(most_rated, data, seed=0)
    assert result.n_users == 6022
    assert [result.f1, result.ndcg, result.recall] == pytest.approx([0.0931, 0.1176, 0.1160], abs=2e-4)


@pytest.mark.real_data
def test_the_fast_model_passes_its_mark(mirror: Path) -> None:
    """Published for UltraGCN, which trained about an hour on a GPU: NDCG 0.2642, F1 0.2004."""
    folder = mirror / "ml-1m-ultragcn"
    data = read_ultragcn(folder / "train.txt", folder / "test.txt")
    result = ultragcn(lambda: build("norm_ease", ULTRAGCN_CONFIGS["norm_ease"]), data, seed=0)
    assert result.ndcg >= 0.271
    assert result.f1 >= 0.205


def test_every_configuration_is_one_of_a_model() -> None:
    for name, config in ULTRAGCN_CONFIGS.items():
        assert build(name, config).name == name
