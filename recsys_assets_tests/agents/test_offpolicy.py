"""Off-policy estimates where the truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.agents.offpolicy.estimators import ESTIMATORS, LEAST, Estimator, policy_value
from recsys_assets.agents.offpolicy.logs import DecisionLog, MatchedLog, RewardModel, effective_sample_size
from recsys_assets.agents.offpolicy.reward_model import fit_reward_model
from recsys_assets.agents.offpolicy.softmax import softmax, softmax_choice

MOVIES, CONTEXTS = 6, 5
RNG = np.random.default_rng(4)
MEANS = RNG.normal(0, 1, (CONTEXTS, MOVIES))
LOGGING = softmax(RNG.normal(0, 0.7, (CONTEXTS, MOVIES)), temperature=1.0)
TARGET = softmax(MEANS, temperature=0.5)
TRUTH = float((TARGET * MEANS).sum(axis=1).mean())


def world(n: int, seed: int, *, wrong_propensities: bool = False) -> tuple[MatchedLog, np.ndarray, np.ndarray]:
    """Decisions of the logging policy; contexts come evenly."""
    rng = np.random.default_rng(seed)
    context = np.arange(n) % CONTEXTS
    shown = np.array([rng.choice(MOVIES, p=LOGGING[c]) for c in context])
    rewards = MEANS[context, shown] + rng.normal(0, 1, n)
    propensities = np.full(n, 0.5) if wrong_propensities else LOGGING[context, shown]
    log = MatchedLog(np.arange(n) // 10, rewards, propensities, TARGET[context, shown])
    return log, context, shown


def right_model(context: np.ndarray, shown: np.ndarray) -> RewardModel:
    return RewardModel(MEANS[context, shown], (TARGET * MEANS).sum(axis=1)[context])


def test_estimates_are_unbiased_over_repetitions() -> None:
    found: dict[Estimator, list[float]] = {"ips": [], "snips": [], "dr": [], "sndr": []}
    for seed in range(60):
        log, _, _ = world(1000, seed)
        wrong = RewardModel(np.full(len(log), 0.3), np.full(len(log), 0.3))
        for estimator, values in found.items():
            values.append(policy_value(log, estimator, model=wrong, samples=2).value)  # type: ignore[arg-type]
    for each in found.values():
        values = np.array(each, dtype=float)
        assert abs(values.mean() - TRUTH) < 4 * values.std() / len(values) ** 0.5


@pytest.mark.parametrize("estimator", ["dr", "sndr"])
def test_doubly_robust_is_right_if_either_part_is(estimator: Estimator) -> None:
    log, _, _ = world(20_000, 1)
    wrong = RewardModel(np.zeros(len(log)), np.zeros(len(log)))
    assert policy_value(log, estimator, model=wrong, samples=2).value == pytest.approx(TRUTH, abs=0.06)
    unsure, context, shown = world(20_000, 2, wrong_propensities=True)
    right = right_model(context, shown)
    assert policy_value(unsure, estimator, model=right, samples=2).value == pytest.approx(TRUTH, abs=0.06)
    alone, trusting = (
        policy_value(unsure, "ips", samples=2).value,
        policy_value(log, "dm", model=wrong, samples=2).value,
    )
    assert alone is not None
    assert abs(alone - TRUTH) > 0.1
    assert trusting == 0


def test_a_good_reward_model_narrows_the_interval() -> None:
    log, context, shown = world(3000, 3)
    plain, robust = policy_value(log, "ips"), policy_value(log, "dr", model=right_model(context, shown))
    assert plain.high is not None
    assert plain.low is not None
    assert robust.high is not None
    assert robust.low is not None
    assert robust.high - robust.low < plain.high - plain.low


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(100):
        found = policy_value(world(1000, 1000 + seed)[0], "snips", samples=200, seed=seed)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= TRUTH <= found.high
    assert 86 <= inside <= 100


def test_the_logging_policy_is_worth_what_it_earned() -> None:
    log, _, _ = world(500, 5)
    same = MatchedLog(log.users, log.rewards, log.propensities, log.propensities)
    anything = RewardModel(np.full(500, 0.7), np.full(500, 0.7))
    for estimator in ("ips", "snips", "dr", "sndr"):
        found = policy_value(same, estimator, model=anything)  # type: ignore[arg-type]
        assert found.value == pytest.approx(float(log.rewards.mean()))
        assert found.ess == pytest.approx(500)


def test_a_policy_without_chance_is_worth_what_it_earned() -> None:
    """Propensity 1 and a target that does the same: nothing is weighed."""
    rewards = np.random.default_rng(2).normal(size=300)
    sure = MatchedLog(np.arange(300), rewards, np.ones(300), np.ones(300))
    model = RewardModel(np.zeros(300), np.zeros(300))
    for estimator in ("ips", "snips", "dr", "sndr"):
        found = policy_value(sure, estimator, model=model)  # type: ignore[arg-type]
        assert found.value == pytest.approx(float(rewards.mean()))
        assert found.low < found.value < found.high  # type: ignore[operator]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_figure_where_the_logs_say_too_little(estimator: Estimator) -> None:
    log, context, shown = world(60, 6)
    found = policy_value(log, estimator, model=right_model(context, shown))
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.ess < LEAST
    assert "log more" in found.refused
    far = MatchedLog(np.arange(5000), np.ones(5000), np.full(5000, 0.5), np.eye(1, 5000)[0])
    nothing = RewardModel(np.zeros(5000), np.zeros(5000))
    assert policy_value(far, estimator, model=nothing).value is None
    assert policy_value(far, estimator, model=nothing, cap=1e-6).value is None, "a cap makes no log good enough"


def test_no_figure_where_the_policy_does_what_the_logs_could_not_show() -> None:
    log, _, _ = world(3000, 6)
    partly = MatchedLog(log.users, log.rewards, log.propensities, log.target, np.full(3000, 0.6))
    found = policy_value(partly, "snips")
    assert (found.value, found.covered) == (None, pytest.approx(0.6))
    assert "among the candidates" in found.refused


def test_effective_sample_size_by_hand() -> None:
    assert effective_sample_size(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)


def test_a_cap_bounds_the_weights_and_narrows_the_interval() -> None:
    log, _, _ = world(2000, 7)
    assert log.weights(cap=2.0).max() <= 2.0
    capped, plain = policy_value(log, "ips", cap=1.0), policy_value(log, "ips")
    assert capped.high - capped.low < plain.high - plain.low  # type: ignore[operator]
    assert capped.ess == plain.ess
    with pytest.raises(ValueError, match="above 0"):
        policy_value(log, "ips", cap=0.0)


def candidates_log(n: int, seed: int) -> tuple[DecisionLog, np.ndarray, np.ndarray]:
    """The same world with its candidates: log, one column a pair of context and movie (n, k, d), and the target."""
    log, context, shown = world(n, seed)
    every = np.tile(np.arange(MOVIES), (n, 1))
    whole = DecisionLog(log.users, context[:, None].astype(np.float32), every, LOGGING[context], shown, log.rewards)
    features = np.zeros((n, MOVIES, CONTEXTS * MOVIES), dtype=np.float32)
    rows, columns = np.indices((n, MOVIES))
    features[rows, columns, context[:, None] * MOVIES + columns] = 1
    return whole, features, TARGET[context]


def test_a_cross_fitted_linear_model_finds_linear_rewards() -> None:
    log, features, target = candidates_log(5000, 8)
    model = fit_reward_model(log, features, target)
    assert policy_value(log.matched(target), "dm", model=model).value == pytest.approx(TRUTH, abs=0.08)
    assert policy_value(log.matched(target), "dr", model=model).value == pytest.approx(TRUTH, abs=0.08)


def test_nobodys_own_rewards_enter_what_is_expected_of_them() -> None:
    """Planted: one user's rewards are spoilt; what is expected of that user must not move, of others it must."""
    log, features, target = candidates_log(600, 9)
    rewards = np.where(log.users == 7, 1000.0, log.rewards)
    spoilt = replace(log, rewards=rewards)
    one, other = fit_reward_model(log, features, target), fit_reward_model(spoilt, features, target)
    mine = log.users == 7
    np.testing.assert_allclose(one.expected[mine], other.expected[mine])
    np.testing.assert_allclose(one.taken[mine], other.taken[mine])
    assert np.abs(one.expected - other.expected)[~mine].max() > 1
    few = replace(log, users=np.zeros(600, dtype=np.int64))
    with pytest.raises(ValueError, match="too few for 5 folds"):
        fit_reward_model(few, features, target)


def test_a_log_is_matched_by_the_probability_of_what_was_shown() -> None:
    log, _, target = candidates_log(200, 10)
    matched = log.matched(target)
    direct, _, _ = world(200, 10)
    np.testing.assert_allclose(matched.target, direct.target)
    np.testing.assert_allclose(matched.propensities, direct.propensities)
    np.testing.assert_allclose(matched.covered, 1.0)
    outside = target.copy()
    outside[:, 0] *= 0.5  # the rest is what it would show of other movies
    np.testing.assert_allclose(log.matched(outside).covered, 1 - 0.5 * target[:, 0])
    with pytest.raises(ValueError, match="the log has"):
        log.matched(target[:, :3])


def test_a_log_is_kept_as_a_table(tmp_path: Path) -> None:
    log, _, target = candidates_log(50, 11)
    log.to_frame().write_parquet(tmp_path / "log.parquet")
    again = DecisionLog.of_frame(pl.read_parquet(tmp_path / "log.parquet"))
    for name in ("users", "contexts", "candidates", "places", "rewards"):
        np.testing.assert_array_equal(getattr(again, name), getattr(log, name))
    np.testing.assert_allclose(again.matched(target).weights(), log.matched(target).weights(), rtol=1e-6)


def test_probabilities_that_are_none_are_refused() -> None:
    log, _, _ = candidates_log(20, 12)
    with pytest.raises(ValueError, match=r"decision 0: probabilities .* add up to"):
        DecisionLog(log.users, log.contexts, log.candidates, log.probabilities * 0.9, log.places, log.rewards)


@pytest.mark.parametrize(
    ("propensities", "target", "said"),
    [([0.0], [0.5], "propensities must be above 0"), ([0.5], [1.5], "0-1"), ([0.5, 0.5], [0.5], "as many of each")],
)
def test_logs_that_say_nothing_are_refused(propensities: list[float], target: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MatchedLog(np.array([1]), np.array([1.0]), np.array(propensities), np.array(target))


def test_what_is_shown_follows_the_probabilities_and_they_are_told() -> None:
    scores = np.tile(np.array([2.0, 1.0, 0.0, -np.inf, -5.0]), (20_000, 1))
    choice = softmax_choice(scores, temperature=1.0, rng=np.random.default_rng(1), k=4)
    assert set(choice.movies) <= {0, 1, 2, 4}
    shares = np.bincount(choice.movies, minlength=5) / len(scores)
    wanted = np.exp([2.0, 1.0, 0.0, -np.inf, -5.0])
    np.testing.assert_allclose(shares, wanted / wanted.sum(), atol=0.012)
    np.testing.assert_allclose(choice.propensities, (wanted / wanted.sum())[choice.movies], rtol=1e-6)
    with pytest.raises(ValueError, match="above 0"):
        softmax_choice(scores, temperature=0.0, rng=np.random.default_rng(1))
