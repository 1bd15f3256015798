"""Served models side by side: in simulated sessions, and by logs of what people answered."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.evaluation.comparison import FIRST_SESSION_SEED
from recsys_assets.agents.evaluation.served import _chances, _probabilities, logged_values, simulated_returns
from recsys_assets.agents.policies.of_recommenders import RecommenderPolicy
from recsys_assets.agents.policies.served import ServedPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.recommenders import Recommender, build
from recsys_assets_tests.agents.conftest import small_world

UPSIDE_DOWN = {"interest": -9.0}
"""Of `content`: what was liked counts against."""


@pytest.fixture(scope="module")
def world() -> tuple[pl.DataFrame, pl.DataFrame]:
    return small_world()


@pytest.fixture(scope="module")
def ease(world: tuple[pl.DataFrame, pl.DataFrame]) -> Recommender:
    return build("ease").fit(*world, seed=1)


@pytest.fixture(scope="module")
def bad(world: tuple[pl.DataFrame, pl.DataFrame]) -> Recommender:
    return build("content", UPSIDE_DOWN).fit(*world, seed=1)


def test_movies_are_known_by_their_ids(setting: AgentSetting, world: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    """A model fitted on a larger catalogue, whose columns are others, plays the same sessions."""
    ratings, catalogue = world
    known = ratings.filter(pl.col("user_id").is_in(setting.users["train"].tolist()))
    more = catalogue.with_columns(movie_id=-pl.col("movie_id") + 1).head(5)
    shifted = pl.concat([more.with_columns(movie_id=pl.col("movie_id") + 5000), catalogue])
    first = shifted.with_columns(movie_id=pl.when(pl.col("movie_id") >= 4000).then(0).otherwise("movie_id")).unique(
        "movie_id", maintain_order=True
    )
    plain, wider = build("ease").fit(known, catalogue, seed=1), build("ease").fit(known, first, seed=1)
    assert wider.movies.values[0] == 0
    sessions = setting.sessions(setting.simulator_a("held_out"))
    people, seeds = np.arange(len(sessions.known)), np.array([FIRST_SESSION_SEED])
    policies = (
        RecommenderPolicy(setting.world, model=plain),
        ServedPolicy(setting.world, model=plain),
        ServedPolicy(setting.world, model=wider),
    )
    shown = [rollout(policy, sessions, people, seeds=seeds).movies for policy in policies]
    assert (shown[0] == shown[1]).all()
    assert (shown[0] == shown[2]).all()


def test_a_movie_that_a_model_never_heard_of_is_shown_last(setting: AgentSetting) -> None:
    ratings, catalogue = small_world()
    gone = 1
    kept = build("popularity").fit(
        ratings.filter(pl.col("movie_id") != gone), catalogue.filter(pl.col("movie_id") != gone)
    )
    sessions = setting.sessions(setting.simulator_a("held_out"))
    log = rollout(ServedPolicy(setting.world, model=kept), sessions, np.arange(3), seeds=np.array([1]))
    assert setting.world.movies.index(np.array([gone]))[0] not in log.movies


def test_who_knows_tastes_earns_more_than_who_turns_them_upside_down(
    setting: AgentSetting, world: tuple[pl.DataFrame, pl.DataFrame], bad: Recommender
) -> None:
    good = build("biased_mf").fit(*world, seed=1)
    found = simulated_returns(setting, bad, good)
    assert found.challenger < found.champion
    assert found.difference.high < 0
    same = simulated_returns(setting, good, good)
    assert (same.difference.mean, same.difference.low, same.difference.high) == (0, 0, 0)


def events(model: Recommender, *, n: int, seed: int = 0) -> pl.DataFrame:
    """Decisions of a policy that shows any of the 60 movies alike; people like what `model` puts in its top 10."""
    rng = np.random.default_rng(seed)
    users, movies = rng.integers(1, 101, n), rng.integers(1, 61, n)
    tops = model.recommend(np.arange(1, 101), 10, exclude="nothing").movies
    liked = [(tops[u - 1] == m).any() for u, m in zip(users, movies, strict=True)]
    return pl.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(n)],
            "user_id": users,
            "movie_id": movies,
            "action": ["like" if yes else "skip" for yes in liked],
            "request_id": [f"r{i}" for i in range(n)],
            "position": [0] * n,
            "policy": ["uniform"] * n,
            "propensity": [1 / 60] * n,
            "timestamp": [datetime(2026, 11, 25)] * n,
        }
    )


def test_the_policy_whose_movies_people_answered_well_is_worth_more(ease: Recommender, bad: Recommender) -> None:
    nothing = pl.DataFrame(schema={"user_id": pl.Int64, "movie_id": pl.Int64})
    found = logged_values(events(ease, n=6000), nothing, bad, ease, seed=1)
    assert not found.not_had
    assert found.champion > found.challenger
    assert found.difference.mean == pytest.approx(found.challenger - found.champion)
    assert found.difference.low <= found.difference.mean <= found.difference.high < 0


def test_too_few_decisions_give_no_figure(ease: Recommender, bad: Recommender) -> None:
    nothing = pl.DataFrame(schema={"user_id": pl.Int64, "movie_id": pl.Int64})
    assert "fewer than 100" in logged_values(events(ease, n=50), nothing, bad, ease, seed=1).not_had
    below = events(ease, n=6000).with_columns(position=pl.lit(1, pl.Int64))
    assert "first place of a list" in logged_values(below, nothing, bad, ease, seed=1).not_had
    without = events(ease, n=50).with_columns(propensity=pl.lit(None, pl.Float64))
    assert "no event carries the probability" in logged_values(without, nothing, bad, ease, seed=1).not_had


def test_chances_add_up_to_one_and_spare_what_was_rated_publicly(ease: Recommender) -> None:
    public = pl.DataFrame({"user_id": [2, 2, 99_999], "movie_id": [5, 6, 7]})
    found = _probabilities(ease, np.array([1, 2]), public)
    assert found.sum(axis=1) == pytest.approx(1.0)
    five, six = ease.movies.index(np.array([5, 6]))
    assert found[1, [five, six]].tolist() == [0, 0]
    assert found[0, five] > 0
    shown = pl.DataFrame({"user_id": [2, 1, 2], "movie_id": [5, 5, 123_456]})
    assert _chances(ease, shown, public).tolist() == pytest.approx([0, found[0, five], 0])


def test_a_models_scale_is_not_its_certainty(ease: Recommender) -> None:
    """Scores ten times as large rank alike, and are taken for the same policy."""

    class Louder(type(ease)):  # type: ignore[misc]
        def scores(self, users: np.ndarray) -> np.ndarray:
            return 10 * super().scores(users)

    louder = Louder.__new__(Louder)
    louder.__dict__.update(ease.__dict__)
    nobody = pl.DataFrame(schema={"user_id": pl.Int64, "movie_id": pl.Int64})
    users = np.array([1, 2, 3])
    np.testing.assert_allclose(_probabilities(louder, users, nobody), _probabilities(ease, users, nobody), atol=1e-6)
