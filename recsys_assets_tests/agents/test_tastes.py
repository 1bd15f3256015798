"""Beliefs of tastes: the closed form, the rank-one step, and what a factorization by variational Bayes finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recsys_assets.agents.factorization import factorize
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel, fold_in_rmse
from recsys_assets.recommenders.data import Histories


def history(movies: list[int], ratings: list[float]) -> Histories:
    n = len(movies)
    return Histories.from_columns(
        np.zeros(n, dtype=np.int64), 1, np.array(movies), np.array(ratings), np.arange(n, dtype=np.int64)
    )


@pytest.fixture
def model() -> TasteModel:
    rng = np.random.default_rng(1)
    design = np.concatenate([np.ones((9, 1)), rng.normal(size=(9, 2))], axis=1).astype(np.float32)
    return TasteModel(
        rng.normal(3.5, 0.3, 9).astype(np.float32), design, np.diag([0.2, 0.5, 0.5]).astype(np.float32), 0.7
    )


def test_the_belief_is_the_posterior_of_a_bayesian_regression(model: TasteModel) -> None:
    movies, ratings = [2, 5, 7], [4.0, 2.5, 5.0]
    a = model.design[movies].astype(float)
    precision = np.linalg.inv(model.prior) + a.T @ a / model.noise
    mean = np.linalg.solve(precision, a.T @ (np.array(ratings) - model.base[movies]) / model.noise)
    found = model.believe(history(movies, ratings))
    np.testing.assert_allclose(found.mean[0], mean, atol=1e-4)
    np.testing.assert_allclose(found.covariance[0], np.linalg.inv(precision), atol=1e-4)


def test_one_rating_after_another_gives_the_belief_of_all_at_once(model: TasteModel) -> None:
    movies, ratings = [2, 5, 7, 1], [4.0, 2.5, 5.0, 3.0]
    beliefs = model.start(1)
    for movie, rating in zip(movies, ratings, strict=True):
        beliefs = model.update(beliefs, np.array([movie]), np.array([rating], dtype=np.float32))
    at_once = model.believe(history(movies, ratings))
    np.testing.assert_allclose(beliefs.mean, at_once.mean, atol=1e-4)
    np.testing.assert_allclose(beliefs.covariance, at_once.covariance, atol=1e-4)


def test_what_says_nothing_changes_nothing(model: TasteModel) -> None:
    before = model.believe(history([2], [4.0]))
    after = model.update(
        before, np.array([3]), np.array([5.0], dtype=np.float32), noise=np.array([np.inf], dtype=np.float32)
    )
    np.testing.assert_allclose(after.mean, before.mean)
    np.testing.assert_allclose(after.covariance, before.covariance)


def test_nothing_known_is_the_prior(model: TasteModel) -> None:
    found = model.believe(history([], []))
    np.testing.assert_allclose(found.mean, 0)
    np.testing.assert_allclose(found.covariance[0], model.prior, atol=1e-5)


def test_the_factorization_finds_planted_tastes_noise_and_bias() -> None:
    rng = np.random.default_rng(2)
    users, movies, noise = 300, 80, 0.4
    p, q = rng.normal(size=(users, 2)) * 0.8, rng.normal(size=(movies, 2))
    bias_u, bias_i = rng.normal(0, 0.5, users), rng.normal(0, 0.4, movies)
    u, i = np.nonzero(rng.random((users, movies)) < 0.5)
    truth = 3.5 + bias_u[u] + bias_i[i] + (p[u] * q[i]).sum(axis=1)
    ratings = truth + rng.normal(0, noise, len(u))
    histories = Histories.from_columns(u, users, i, ratings, np.arange(len(u)))
    found = factorize(histories, movies, factors=2, rounds=40, seed=0)
    assert found.noise**0.5 == pytest.approx(noise, abs=0.03)
    assert found.users.prior[0, 0] == pytest.approx(0.25, abs=0.08)
    fitted = found.mean + found.movies.mean[i, 0] + found.users.mean[u, 0]
    fitted += (found.movies.mean[i, 1:] * found.users.mean[u, 1:]).sum(axis=1)
    assert np.sqrt(np.mean((fitted - truth) ** 2)) < 0.3


def test_tastes_foretell_ratings_of_people_nothing_was_fitted_on(setting: AgentSetting) -> None:
    split = setting.splits["held_out"]
    by_taste, by_level = fold_in_rmse(setting.model, split.known, split.hidden)
    assert by_taste < 0.8 * by_level


def test_plain_arrays_hold_the_whole_model(model: TasteModel) -> None:
    again = TasteModel.of_arrays(model.to_arrays())
    np.testing.assert_array_equal(again.predict(model.start(1).mean), model.predict(model.start(1).mean))
    assert again.noise == model.noise


def test_old_ratings_say_of_a_taste_what_they_said_when_they_were_given(model: TasteModel) -> None:
    times = np.array([800_000_000, 1_800_000_000, 2])  # old, of today, and a newcomer's, who is numbered only
    known = Histories.from_columns(np.arange(3), 3, np.array([4, 4, 4]), np.full(3, 4.0), times)
    moved = replace(model, base=model.base + 1, then=model.base, since=1_700_000_000)

    then, now = model.believe(known).mean, moved.believe(known).mean
    np.testing.assert_allclose(now[0], then[0], atol=1e-6)
    today = replace(model, base=model.base + 1).believe(known).mean
    np.testing.assert_allclose(now[1:], today[1:], atol=1e-6)
    kept = TasteModel.of_arrays(moved.to_arrays())
    np.testing.assert_allclose(kept.moved, 1, atol=1e-6)
    assert (kept.since, kept.as_rated.then) == (1_700_000_000, None)
    assert TasteModel.of_arrays(model.to_arrays()).then is None
