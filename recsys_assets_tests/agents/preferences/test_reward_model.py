"""The reward model finds planted tastes, keeps what it knows, and means the same in another fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.preferences.choices import ChoiceConfig
from recsys_assets.agents.preferences.feedback import feedback_opinions
from recsys_assets.agents.preferences.judged import WHOLE, by_person, judge_reward_model, ordered, weight_of_pairs
from recsys_assets.agents.preferences.lessons import content_of, seen_by_all
from recsys_assets.agents.preferences.reward_model import RewardModel
from recsys_assets.agents.preferences.training import RewardConfig, _bradley_terry, train_reward_model
from recsys_assets.agents.preferences.view import States, View
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.recommenders.data import IntArray

CONFIG = RewardConfig(folds=2, cuts=2, epochs=3, choices=ChoiceConfig(sessions=60))


@pytest.fixture(scope="module")
def model(setting: AgentSetting) -> RewardModel:
    return train_reward_model(setting, CONFIG, seed=1)


def _seen(setting: AgentSetting) -> tuple[States, IntArray]:
    """Moments and movies of all opinions of validation users."""
    seen = seen_by_all(setting, "validation")
    return seen.states.take(seen.opinions.states), seen.opinions.movies


def test_planted_tastes_are_found_where_movies_means_are_blind(model: RewardModel, setting: AgentSetting) -> None:
    report = judge_reward_model(model, setting, seed=2)
    assert report.low > 0.1
    assert report.accuracy > report.standing + 0.1
    assert report.spearman > 0.3


def test_what_is_saved_is_what_is_loaded(model: RewardModel, setting: AgentSetting, tmp_path: Path) -> None:
    model.save(tmp_path)
    states, movies = _seen(setting)
    again = RewardModel.load(tmp_path)
    ours, theirs = (m.rewards(m.view(setting), states, movies) for m in (model, again))
    np.testing.assert_array_equal(ours, theirs)


def test_the_reward_does_not_turn_with_the_factors(model: RewardModel, setting: AgentSetting) -> None:
    turn = np.eye(setting.model.width, dtype=np.float32)
    turn[1:, 1:] = turn[1:, 1:][::-1]  # other names for the same factors
    taste = setting.model
    turned = TasteModel(taste.base, taste.design @ turn, (turn.T @ taste.prior @ turn).astype(np.float32), taste.noise)
    other = replace(setting, model=turned)
    rewards = []
    for each in (setting, other):
        states, movies = _seen(each)
        rewards.append(model.rewards(model.view(each), states, movies))
    np.testing.assert_allclose(rewards[0], rewards[1], atol=1e-3)


def test_the_reward_is_lower_where_members_disagree(model: RewardModel, setting: AgentSetting) -> None:
    (states, movies), view = _seen(setting), View.of(setting)
    bold = replace(model, caution=0.0).rewards(view, states, movies)
    wary = model.rewards(view, states, movies)
    deviation = model.scores(view, states, movies).std(axis=0) / model.temperature
    np.testing.assert_allclose(bold - wary, model.slope[0] * deviation, atol=1e-5)


def test_arrays_score_as_the_network_does(setting: AgentSetting) -> None:
    import torch as th

    from recsys_assets.agents.preferences.network import RewardNetwork

    view, (states, movies) = View.of(setting), _seen(setting)
    states = replace(states, asked=np.arange(len(states)) % 2 == 0)
    inputs = view.movie_inputs(content_of(setting.world))
    with th.random.fork_rng():
        network = RewardNetwork(view.state_width, inputs.shape[1])
        for parameter in network.parameters():
            th.nn.init.normal_(parameter, std=0.3)
    parts = (view.states(states), view.pairs(states, movies), inputs[movies])
    theirs = network(*(th.from_numpy(part) for part in parts)).detach().numpy()
    kept = RewardModel(setting.world.genre_names, setting.world.movies, (network.arrays(th.from_numpy(inputs)),))
    np.testing.assert_allclose(kept.scores(view, states, movies)[0], theirs, rtol=1e-4, atol=1e-4)


def test_ties_count_half() -> None:
    np.testing.assert_array_equal(ordered(np.array([1.0, 0.0, -1.0, 2.0])), [1, 0.5, 0, 1])


def test_nobody_counts_for_more_than_the_pairs_that_make_a_whole_person() -> None:
    people = np.array([7] * (5 * WHOLE) + [8])
    rights = np.concatenate([np.zeros((5 * WHOLE, 1)), np.ones((1, 1))]).astype(np.float32)
    shares, weights = by_person(rights, people)
    np.testing.assert_array_equal(shares[:, 0], [0, 1])
    np.testing.assert_array_equal(weights, [WHOLE, 1])
    np.testing.assert_allclose(np.bincount(people, weight_of_pairs(people))[[7, 8]], weights, rtol=1e-5)


def test_what_a_model_starts_from_is_the_best_sum_of_its_numbers(setting: AgentSetting) -> None:
    rng, truth = np.random.default_rng(0), np.array([1.5, 0.5, -1.0])
    differences = rng.normal(size=(20_000, 3))
    won = rng.random(20_000) < 1 / (1 + np.exp(-differences @ truth))
    found = _bradley_terry(np.where(won[:, None], differences, -differences), np.ones(20_000, dtype=np.float32))
    np.testing.assert_allclose(found, truth, atol=0.06)


def test_a_model_of_noise_is_not_called_worse_and_one_that_is_upside_down_is(
    model: RewardModel, setting: AgentSetting
) -> None:
    upside_down = replace(model, temperature=-model.temperature)
    report = judge_reward_model(upside_down, setting, seed=2)
    assert report.clearly_worse
    assert not report.passed
    unsure = replace(report, low=-0.01, high=0.02)
    assert not unsure.passed
    assert not unsure.clearly_worse


def test_feedback_of_held_out_people_teaches_nothing(setting: AgentSetting) -> None:
    users = [int(setting.users["train"][0]), int(setting.users["held_out"][0]), 999_999]
    feedback = pl.DataFrame(
        [
            (f"{user}-{movie}", user, movie, action, None, None, datetime(2026, 1, 1), f"list-{user}")
            for user in users
            for movie, action in ((1, "like"), (2, "ignore"), (3, "watch"))
        ],
        {
            "event_id": pl.String,
            "user_id": pl.Int64,
            "movie_id": pl.Int64,
            "action": pl.String,
            "rating": pl.Float64,
            "text": pl.String,
            "timestamp": pl.Datetime("us"),
            "request_id": pl.String,
        },
        orient="row",
    )
    found = feedback_opinions(setting, feedback)
    assert set(found.people) == {users[0], users[2]}
    assert found.asked.sum() == 2  # one list each, beside one state of what each said
    assert found.values[found.movies == setting.world.movies.index(np.array([2]))[0]] == pytest.approx([-0.3, -0.3])
