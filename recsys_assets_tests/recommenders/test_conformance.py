"""What every model must do, whatever its maths."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.recommenders import ModelError, Recommendations, Recommender, build, load_model
from recsys_assets_tests.recommenders.worlds import World

USERS = np.arange(101, 141)
NEWCOMER = pl.DataFrame({"movie_id": [10, 30, 50, 20, 999], "rating": [5.0, 4.5, 5.0, 1.0, 3.0]})
Fit = Callable[[str], Recommender]


def same(a: Recommendations, b: Recommendations) -> None:
    np.testing.assert_array_equal(a.movies, b.movies)
    np.testing.assert_array_equal(a.scores, b.scores)
    np.testing.assert_array_equal(a.fallback, b.fallback)


def test_a_loaded_model_answers_as_the_saved_one(model: Recommender, tmp_path: Path) -> None:
    model.save(tmp_path / "export", extra={"data_version": "d1"})
    loaded = load_model(tmp_path / "export")
    assert type(loaded) is type(model)
    assert loaded.config == model.config
    same(loaded.recommend(USERS, 10), model.recommend(USERS, 10))
    same(loaded.fold_in(NEWCOMER, 10), model.fold_in(NEWCOMER, 10))
    assert loaded.explain(101, 10) == model.explain(101, 10)
    assert json.loads((tmp_path / "export" / "manifest.json").read_text())["data_version"] == "d1"


def test_a_second_export_holds_the_same_arrays(model: Recommender, tmp_path: Path) -> None:
    model.save(tmp_path / "a")
    load_model(tmp_path / "a").save(tmp_path / "b")
    with np.load(tmp_path / "a" / "arrays.npz") as a, np.load(tmp_path / "b" / "arrays.npz") as b:
        assert a.files == b.files
        assert all((a[k] == b[k]).all() and a[k].dtype == b[k].dtype for k in a.files)


def test_the_same_seed_and_data_give_the_same_model(model: Recommender, name: str, fit: Fit) -> None:
    same(fit(name).recommend(USERS, 10), model.recommend(USERS, 10))


def test_the_order_of_rows_does_not_matter(name: str, world: World, fitted: Fit) -> None:
    shuffled = world.interactions.sample(fraction=1.0, shuffle=True, seed=3)
    model = build(name, fitted(name).config).fit(shuffled, world.catalogue.reverse(), seed=7)
    same(model.recommend(USERS, 10), fitted(name).recommend(USERS, 10))


def test_a_batch_answers_as_its_single_users(model: Recommender) -> None:
    batch = model.recommend(USERS, 10)
    for row, user in enumerate(USERS[:5]):
        single = model.recommend(np.array([user]), 10)
        np.testing.assert_array_equal(single.movies[0], batch.movies[row])
        np.testing.assert_allclose(single.scores[0], batch.scores[row], atol=1e-5)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_a_shorter_list_is_the_head_of_a_longer_one(model: Recommender, k: int) -> None:
    long, short = model.recommend(USERS, 20), model.recommend(USERS, k)
    assert short.movies.shape == short.scores.shape == (len(USERS), k)
    np.testing.assert_array_equal(short.movies, long.movies[:, :k])


def test_a_list_longer_than_the_catalogue_is_padded(model: Recommender, world: World) -> None:
    movies = len(world.catalogue)
    answer = model.recommend(USERS, movies + 5, exclude="nothing")
    assert (np.sort(answer.movies[:, :movies], axis=1) == world.catalogue["movie_id"].to_numpy()).all()
    assert (answer.movies[:, movies:] == -1).all()
    assert np.isneginf(answer.scores[:, movies:]).all()


def test_scores_are_finite_and_descend(model: Recommender, world: World) -> None:
    scores = model.scores(USERS)
    assert scores.shape == (len(USERS), len(world.catalogue))
    assert np.isfinite(scores).all()
    assert (np.diff(model.recommend(USERS, 20, exclude="nothing").scores, axis=1) <= 0).all()


def test_no_users_give_an_empty_answer(model: Recommender) -> None:
    assert model.recommend(np.array([], dtype=np.int64), 5).movies.shape == (0, 5)
    assert model.scores(np.array([], dtype=np.int64)).shape[0] == 0


def test_seen_movies_are_never_recommended(model: Recommender, world: World) -> None:
    everything = model.recommend(USERS, len(world.catalogue))
    shown = {(u, m) for u, row in zip(USERS, everything.movies, strict=True) for m in row.tolist() if m >= 0}
    seen = set(world.interactions.select("user_id", "movie_id").iter_rows())
    assert not shown & seen
    assert shown | seen >= {(u, m) for u in USERS for m in world.catalogue["movie_id"].to_list()}


def test_pairs_also_excluded_are_never_recommended(model: Recommender) -> None:
    users = np.array([101, 102, 101, 999])
    first = model.recommend(users, 1).movies[:, 0]
    pairs = pl.DataFrame({"user_id": [101, 102, 555], "movie_id": [first[0], first[1], 10]})
    after = model.recommend(users, 40, also_exclude=pairs).movies
    assert [first[i] in after[i] for i in range(4)] == [False, False, False, True]
    assert 10 in model.recommend(np.array([999]), 40, also_exclude=pairs).movies


def test_cold_users_are_answered_by_weighted_rating_and_marked(model: Recommender, fitted: Fit) -> None:
    answer = model.recommend(np.array([999, 101]), 5)
    assert answer.fallback.tolist() == [True, False]
    best, _ = fitted("popularity").top(5)  # type: ignore[attr-defined]
    assert answer.movies[0].tolist() == best.tolist()


def test_a_newcomer_is_answered_without_what_they_saw(model: Recommender) -> None:
    answer = model.fold_in(NEWCOMER, 40)
    assert not answer.fallback[0]
    assert not set(NEWCOMER["movie_id"]) & set(answer.movies[0].tolist())
    assert set(NEWCOMER["movie_id"][:4]) <= set(model.fold_in(NEWCOMER, 40, exclude="nothing").movies[0].tolist())


@pytest.mark.parametrize("ratings", [NEWCOMER.clear(), NEWCOMER.filter(pl.col("movie_id") == 999)])
def test_a_newcomer_nothing_is_known_of_gets_the_fallback(model: Recommender, ratings: pl.DataFrame) -> None:
    answer = model.fold_in(ratings, 5)
    assert answer.fallback[0]
    assert answer.movies[0].tolist() == model.recommend(np.array([999]), 5).movies[0].tolist()


@pytest.mark.parametrize("user", [101, 102, 999])
def test_the_reasons_add_up_to_the_score(model: Recommender, user: int, world: World) -> None:
    scores = model.scores(np.array([user]))[0]
    for movie, score in zip(world.catalogue["movie_id"].to_list()[::7], scores[::7], strict=True):
        told = model.explain(user, movie)
        assert told.score == pytest.approx(score, abs=1e-4)
        assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)
        sizes = [abs(r.contribution) for r in told.reasons]
        assert sizes == sorted(sizes, reverse=True)


def test_the_reasons_of_a_newcomer_add_up_too(model: Recommender) -> None:
    answer = model.fold_in(NEWCOMER, 3)
    for movie, score in zip(answer.movies[0], answer.scores[0], strict=True):
        told = model.explain_fold_in(NEWCOMER, int(movie))
        assert told.score == pytest.approx(score, abs=1e-4)
        assert sum(r.contribution for r in told.reasons) == pytest.approx(told.score, abs=1e-4)


def test_unknown_movies_are_named(model: Recommender) -> None:
    with pytest.raises(ModelError, match="12345"):
        model.similar(np.array([10, 12345]), 3)
    with pytest.raises(ModelError, match="12345"):
        model.explain(101, 12345)


def test_a_model_that_is_not_fitted_says_so(name: str, tmp_path: Path) -> None:
    model = build(name)
    for ask in (
        lambda: model.recommend(USERS, 3),
        lambda: model.scores(USERS),
        lambda: model.fold_in(NEWCOMER, 3),
        lambda: model.similar(USERS, 3),
        lambda: model.explain(101, 10),
        lambda: model.save(tmp_path / "export"),
    ):
        with pytest.raises(ModelError, match="not fitted"):
            ask()


def test_a_list_of_nothing_is_refused(model: Recommender) -> None:
    with pytest.raises(ModelError, match="at least 1"):
        model.recommend(USERS, 0)


@pytest.mark.parametrize("file", ["arrays.npz", "catalogue.parquet", "manifest.json"])
def test_an_export_with_a_changed_byte_is_refused(model: Recommender, file: str, tmp_path: Path) -> None:
    model.save(tmp_path / "export")
    path = tmp_path / "export" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match=file):
        load_model(tmp_path / "export")


def test_a_movie_the_catalogue_lacks_is_recommended_by_its_id(name: str, world: World, fitted: Fit) -> None:
    lacking = world.catalogue.filter(pl.col("movie_id") != 10)
    model = build(name, fitted(name).config).fit(world.interactions, lacking)
    assert 10 in model.recommend(np.array([999]), 40).movies
    assert model.titles[0] == "movie 10"


def test_one_rating_is_enough_to_fit(name: str, world: World) -> None:
    model = build(name).fit(world.interactions.head(1), world.catalogue)
    user = world.interactions["user_id"][0]
    answer = model.recommend(np.array([user]), 5)
    assert (answer.movies >= 0).all()
    assert sum(r.contribution for r in model.explain(user, 20).reasons) == pytest.approx(
        model.explain(user, 20).score, abs=1e-4
    )
