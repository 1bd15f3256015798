"""Off-policy estimates where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.agents.offpolicy.estimators import LEAST, fit_reward_model, policy_value
from recsys_assets.agents.offpolicy.logs import DecisionLog, RewardModel, effective_sample_size
from recsys_assets.agents.offpolicy.softmax import softmax, softmax_choice

MOVIES, CONTEXTS = 6, 5
RNG = np.random.default_rng(4)
MEANS = RNG.normal(0, 1, (CONTEXTS, MOVIES))
LOGGING = softmax(RNG.normal(0, 0.7, (CONTEXTS, MOVIES)), temperature=1.0)
TARGET = softmax(MEANS, temperature=0.5)
TRUTH = float((TARGET * MEANS).sum(axis=1).mean())


def world(n: int, seed: int, *, wrong_propensities: bool = False) -> tuple[DecisionLog, np.ndarray, np.ndarray]:
    """Decisions of the logging policy; contexts come evenly."""
    rng = np.random.default_rng(seed)
    context = np.arange(n) % CONTEXTS
    shown = np.array([rng.choice(MOVIES, p=LOGGING[c]) for c in context])
    rewards = MEANS[context, shown] + rng.normal(0, 1, n)
    propensities = np.full(n, 0.5) if wrong_propensities else LOGGING[context, shown]
    log = DecisionLog(np.arange(n) // 10, rewards, propensities, TARGET[context, shown])
    return log, context, shown


def right_model(context: np.ndarray, shown: np.ndarray) -> RewardModel:
    return RewardModel(MEANS[context, shown], (TARGET * MEANS).sum(axis=1)[context])


def test_estimates_are_unbiased_over_repetitions() -> None:
    ips, snips, dr = [], [], []
    for seed in range(60):
        log, _, _ = world(1000, seed)
        wrong = RewardModel(np.full(len(log), 0.3), np.full(len(log), 0.3))
        ips.append(policy_value(log, "ips", samples=2).value)
        snips.append(policy_value(log, "snips", samples=2).value)
        dr.append(policy_value(log, "dr", model=wrong, samples=2).value)
    for found in (ips, snips, dr):
        values = np.array(found, dtype=float)
        assert abs(values.mean() - TRUTH) < 4 * values.std() / len(values) ** 0.5


def test_doubly_robust_is_right_if_either_part_is() -> None:
    log, _, _ = world(20_000, 1)
    wrong = RewardModel(np.zeros(len(log)), np.zeros(len(log)))
    assert policy_value(log, "dr", model=wrong, samples=2).value == pytest.approx(TRUTH, abs=0.06)
    unsure, context, shown = world(20_000, 2, wrong_propensities=True)
    assert policy_value(unsure, "dr", model=right_model(context, shown), samples=2).value == pytest.approx(
        TRUTH, abs=0.06
    )
    alone = policy_value(unsure, "ips", samples=2).value
    assert alone is not None
    assert abs(alone - TRUTH) > 0.1


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
    same = DecisionLog(log.users, log.rewards, log.propensities, log.propensities)
    for estimator in ("ips", "snips"):
        assert policy_value(same, estimator).value == pytest.approx(float(log.rewards.mean()))  # type: ignore[arg-type]
    assert policy_value(same, "ips").ess == pytest.approx(500)


def test_no_figure_where_the_logs_say_too_little() -> None:
    log, _, _ = world(60, 6)
    found = policy_value(log, "snips")
    assert found.value is None
    assert found.ess < LEAST
    assert "log more" in found.refused
    far = DecisionLog(np.arange(5000), np.ones(5000), np.full(5000, 0.5), np.eye(1, 5000)[0])
    assert policy_value(far, "ips").value is None


def test_effective_sample_size_by_hand() -> None:
    assert effective_sample_size(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)


def test_a_cap_bounds_the_weights() -> None:
    log, _, _ = world(500, 7)
    assert log.weights(cap=2.0).max() <= 2.0
    assert policy_value(log, "snips", cap=2.0).ess >= policy_value(log, "snips").ess


def test_a_cross_fitted_linear_model_finds_linear_rewards() -> None:
    log, context, shown = world(5000, 8)
    features = np.zeros((len(log), CONTEXTS * MOVIES))
    features[np.arange(len(log)), context * MOVIES + shown] = 1

    def expected(rows: np.ndarray) -> np.ndarray:
        wanted = np.zeros((len(rows), CONTEXTS, MOVIES))
        wanted[np.arange(len(rows)), context[rows]] = TARGET[context[rows]]
        return wanted.reshape(len(rows), -1)

    model = fit_reward_model(features, log, expected)
    assert policy_value(log, "dm", model=model).value == pytest.approx(TRUTH, abs=0.08)
    assert policy_value(log, "dr", model=model).value == pytest.approx(TRUTH, abs=0.08)


@pytest.mark.parametrize(
    ("propensities", "target", "said"),
    [([0.0], [0.5], "propensities must be above 0"), ([0.5], [1.5], "0-1"), ([0.5, 0.5], [0.5], "as many of each")],
)
def test_logs_that_say_nothing_are_refused(propensities: list[float], target: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DecisionLog(np.array([1]), np.array([1.0]), np.array(propensities), np.array(target))


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
