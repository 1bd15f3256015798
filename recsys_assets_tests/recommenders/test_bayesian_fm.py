"""BayesianFm against myfm's own predictions, the normal posterior, and worlds of moods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from recsys_assets.recommenders import ModelError, Recommender, build
from recsys_assets.recommenders.bayesian_fm import BayesianFm
from recsys_assets.recommenders.fm_gibbs import _myfm
from recsys_assets_tests.recommenders.worlds import World, frame

Fit = Callable[[str], Recommender]
DAY = 86400


@pytest.fixture(scope="module")
def model(fitted: Fit) -> BayesianFm:
    found = fitted("bayesian_fm")
    assert isinstance(found, BayesianFm)
    return found


def test_predictions_are_those_of_myfm(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One chain, all draws after the burn-in kept by myfm and asked by its own code, on the training ratings."""
    module, kept = _myfm(), {}

    class Keeping:
        """myfm, which keeps its draws whatever it is told."""

        def __getattr__(self, name: str) -> object:
            return getattr(module, name)

        class ConfigBuilder(module.ConfigBuilder):  # type: ignore[name-defined]
            def set_n_kept_samples(self, n: int) -> None:
                super().set_n_kept_samples(12)

        def create_train_fm(self, rank, start, when, blocks, *rest):  # type: ignore[no-untyped-def]
            predictor, history = module.create_train_fm(rank, start, when, blocks, *rest)
            kept["told"] = np.asarray(predictor.predict(when, blocks))
            return predictor, history

    monkeypatch.setattr("recsys_assets.recommenders.fm_gibbs._myfm", Keeping)
    config = BayesianFm.Config(factors=3, chains=1, draws=20, burn_in=8, kept_factors=40, moments=(DAY, 60))
    fm = BayesianFm(config).fit(world.interactions, world.catalogue, seed=2)
    h = fm.histories
    ours = fm._predict(h.rows, h.movies.astype(np.int64), h.timestamps)
    np.testing.assert_allclose(ours, kept["told"], atol=2e-3)


def moody(*, mood: float, seed: int = 0) -> pl.DataFrame:
    """50 users who rate 12 movies on each of three days, in a mood of +- `mood` that day; noise 0.2."""
    rng = np.random.default_rng(seed)
    u, day, k = np.indices((50, 3, 12)).reshape(3, -1)
    movie = np.argsort(rng.random((50, 36)), axis=1)[u, day * 12 + k]
    moods = rng.choice([-mood, mood], (50, 3))
    rating = 3 + 0.4 * rng.standard_normal(36)[movie] + moods[u, day] + 0.2 * rng.standard_normal(len(u))
    when = 10 * DAY * day + 3600 * u + 20 * k
    return frame(u + 1, movie + 1, np.clip(rating, 0.5, 5), when)


def catalogue_of(n: int) -> pl.DataFrame:
    return pl.DataFrame({"movie_id": np.arange(1, n + 1)}).with_columns(
        title=pl.lit("x"), year=pl.lit(1990), genres=pl.lit([], dtype=pl.List(pl.String))
    )


def test_a_mood_is_known_from_its_neighbours_in_time_only() -> None:
    """Held-out ratings amid their day's are predicted nearly to the noise; as of later, the mood is not presumed."""
    ratings = moody(mood=0.7)
    held = pl.Series(np.random.default_rng(1).random(len(ratings)) < 0.2)
    train, test = ratings.filter(~held), ratings.filter(held)
    users, movies, truth = (test[c].to_numpy() for c in ("user_id", "movie_id", "rating"))
    at = test["timestamp"].dt.epoch("s").to_numpy()
    later = np.full(len(at), at.max() + 400 * DAY)

    def rmse(told: np.ndarray) -> float:
        return float(np.sqrt(np.mean((told - truth) ** 2)))

    config = {"factors": 2, "chains": 1, "draws": 60, "burn_in": 20, "kept_factors": 8}
    moments = build("bayesian_fm", config | {"moments": (DAY,)}).fit(train, catalogue_of(36), seed=0)
    timeless = build("bayesian_fm", config | {"moments": ()}).fit(train, catalogue_of(36), seed=0)
    assert isinstance(moments, BayesianFm)
    assert isinstance(timeless, BayesianFm)
    assert rmse(moments.predict(users, movies, at=at)) < 0.4
    assert rmse(timeless.predict(users, movies, at=at)) > 0.6
    assert rmse(moments.predict(users, movies, at=later)) < rmse(timeless.predict(users, movies)) + 0.05
    last = moments.predict(users, movies)
    np.testing.assert_array_equal(last, moments.predict(users, movies, at=last_of(train, users)))
    assert np.abs(last - moments.predict(users, movies, at=later)).mean() > 0.2


def last_of(ratings: pl.DataFrame, users: np.ndarray) -> np.ndarray:
    last = dict(ratings.group_by("user_id").agg(pl.col("timestamp").max().dt.epoch("s")).iter_rows())
    return np.array([last[u] for u in users.tolist()])


def test_scores_are_predictions_as_of_the_last_rating(model: BayesianFm) -> None:
    scores = model.scores(np.array([101, 110]))
    for user, row in zip((101, 110), scores, strict=True):
        told = model.predict(np.full(len(row), user), model.movies.values)
        np.testing.assert_allclose(np.clip(row, 0.5, 5), told, atol=1e-4)


def test_a_newcomer_is_the_mean_of_the_normal_posterior(model: BayesianFm) -> None:
    """x | r ~ N: with prior covariance C and noise s2, C A' (A C A' + s2 I)^-1 (r - base): the dual form."""
    movies, ratings = np.array([0, 3, 5, 8]), np.array([5.0, 1.5, 4.0, 2.0])
    history = model.history_of(pl.DataFrame({"movie_id": model.movies.values[movies], "rating": ratings}))
    bias, factors = model._fold_in(history)
    c = model.spread.astype(float) @ model.spread.T
    a = np.c_[np.ones(4), model.movie_factors[movies]]
    left = ratings - model.mean - model.movie_bias[movies]
    x = c @ a.T @ np.linalg.solve(a @ c @ a.T + model.noise * np.eye(4), left)
    np.testing.assert_allclose(np.concatenate([bias, factors[0]]), x, atol=1e-4)


def test_the_prior_of_newcomers_is_the_spread_of_known_users(model: BayesianFm) -> None:
    x = np.c_[model.row_bias, model.row_factors][: len(model.users)]
    np.testing.assert_allclose(model.spread @ model.spread.T, x.T @ x / len(x), atol=1e-4)


def test_unknown_users_and_movies_get_what_is_left_of_the_formula(model: BayesianFm) -> None:
    both, user_only, movie_only = model.predict(
        np.array([999, 101, 999]), np.array([999, 999, 10]), at=np.full(3, 4 * 10**9)
    )
    assert both == pytest.approx(model.mean, abs=1e-5)
    assert user_only == pytest.approx(model.mean + model.row_bias[0], abs=1e-5)
    assert movie_only == pytest.approx(model.mean + model.movie_bias[0], abs=1e-5)


def test_genres_tell_what_to_expect_of_a_movie_nobody_rated(model: BayesianFm) -> None:
    """390 and 400 nobody rated; 390 is a noir like the odd ones, which odd users love."""
    odd, even = model.predict(np.array([101, 101]), np.array([390, 400]))
    assert odd > even + 0.3


def test_users_outside_the_sample_are_answered_by_their_own_taste(world: World, model: BayesianFm) -> None:
    config = model.config.model_copy(update={"max_ratings": len(world.interactions) // 3})
    sampled = BayesianFm(config).fit(world.interactions, world.catalogue, seed=7)
    shown = sampled.recommend(sampled.users.values, 5).movies
    assert ((shown // 10) % 2 == (sampled.users.values % 2)[:, None]).mean() > 0.9


def test_what_is_known_of_people_is_used() -> None:
    """Women love odd movies, men even ones; two ratings a person and 60 people must be enough to see it."""
    rng = np.random.default_rng(0)
    u, m = np.repeat(np.arange(60), 6), np.argsort(rng.random((60, 20)), axis=1)[:, :6].ravel()
    rating = np.where(u % 2 == m % 2, 4.5, 2.0) + 0.3 * rng.standard_normal(len(u))
    ratings = frame(u + 1, m + 1, np.clip(rating, 0.5, 5), rng.permutation(len(u)) * DAY)
    people = pl.DataFrame({"user_id": np.arange(1, 61), "gender": ["F", "M"] * 30}).with_columns(
        age=pl.lit(None, pl.Int32), occupation=pl.lit(None, pl.String)
    )
    first = ratings.group_by("user_id", maintain_order=True).head(2)
    test = ratings.join(first, on=["user_id", "movie_id"], how="anti")
    asked, truth = (test["user_id"].to_numpy(), test["movie_id"].to_numpy()), test["rating"].to_numpy()
    errors = []
    for known in (people, None):
        fm = BayesianFm(BayesianFm.Config(factors=2, chains=1, draws=80, burn_in=20, moments=()))
        fm.fit(first, catalogue_of(20), people=known, seed=0)
        errors.append(float(np.sqrt(np.mean((fm.predict(*asked) - truth) ** 2))))
    assert errors[0] < 0.8 * errors[1]


def test_moments_that_are_not_nested_and_draws_that_are_all_dropped_are_refused() -> None:
    with pytest.raises(ValidationError, match="must divide"):
        BayesianFm.Config(moments=(86400, 7000))
    with pytest.raises(ModelError, match="none is kept"):
        build("bayesian_fm", {"draws": 10, "burn_in": 10})


def test_chains_start_from_different_seeds(world: World) -> None:
    told = []
    for chains, seed in ((1, 5), (1, 6), (2, 5)):
        config = BayesianFm.Config(factors=2, chains=chains, draws=6, burn_in=2, kept_factors=30)
        fm = BayesianFm(config).fit(world.interactions, world.catalogue, seed=seed)
        told.append(fm._predict(fm.histories.rows, fm.histories.movies.astype(np.int64), fm.histories.timestamps))
    np.testing.assert_allclose(told[2], (told[0] + told[1]) / 2, atol=2e-3)
    assert np.abs(told[0] - told[1]).max() > 0.01
