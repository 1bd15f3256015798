"""Logs of simulated sessions: true to the policy that wrote them, and judged rightly where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.offpolicy.simulated import SimulatedLog, log_sessions
from recsys_assets.agents.offpolicy.softmax import SoftmaxPolicy
from recsys_assets.agents.offpolicy.study import StudyConfig, candidate_features, estimator_errors
from recsys_assets.agents.policies.simple import BeliefPolicy, PopularPolicy
from recsys_assets.agents.setting import AgentSetting


def policies(setting: AgentSetting, *temperatures: float, k: int = 20) -> list[SoftmaxPolicy]:
    scores = []
    for _ in temperatures:
        belief = BeliefPolicy(setting.world, model=setting.model, popularity=1.0, variety=1.0)
        belief.begin(setting.splits["train"].known, setting.layout)
        scores.append(belief.scores)
    return [SoftmaxPolicy(f"softmax {t}", s, t, k) for t, s in zip(temperatures, scores, strict=True)]


@pytest.fixture(scope="module")
def written(setting: AgentSetting) -> SimulatedLog:
    sessions = setting.sessions(setting.simulator_a("train"))
    return log_sessions(policies(setting, 1.0)[0], sessions, np.arange(len(sessions.known)).repeat(4), seed=3)


def test_a_log_holds_every_decision_of_sessions_that_another_policy_could_have_had(
    setting: AgentSetting, written: SimulatedLog
) -> None:
    log, layout, known = written.log, setting.layout, setting.splits["train"].known
    assert len(log) > 1000
    np.testing.assert_array_equal(layout.users_of(log.contexts), log.users)
    assert (log.propensities > 0).all()
    for row in range(0, len(log), 97):
        masked = set(known.take(log.users[[row]]).movies) | set(layout.shown_of(log.contexts[[row]])[0])
        possible = log.candidates[row][log.probabilities[row] > 0]
        assert not masked & set(possible.tolist())
        assert len(set(possible.tolist())) == len(possible)


def test_movies_are_shown_as_often_as_the_log_says(written: SimulatedLog) -> None:
    """Each place of the candidates, in order of probability: expected and observed counts."""
    order = np.argsort(-written.log.probabilities, axis=1)
    ranked = np.take_along_axis(written.log.probabilities, order, axis=1)
    rank = (order == written.log.places[:, None]).argmax(axis=1)
    for place in range(5):
        share, spread = ranked[:, place].mean(), (ranked[:, place] * (1 - ranked[:, place])).sum() ** 0.5
        assert abs((rank == place).sum() - share * len(rank)) < 4 * spread


def test_what_candidates_earn_on_average_is_what_they_earned(written: SimulatedLog) -> None:
    log = written.log
    expected = written.expected[np.arange(len(log)), log.places]
    difference = log.rewards - expected
    assert abs(difference.mean()) < 4 * difference.std() / len(log) ** 0.5
    assert np.corrcoef(expected, log.rewards)[0, 1] > 0.2


def test_the_truth_of_the_logging_policy_is_what_it_earns(setting: AgentSetting, written: SimulatedLog) -> None:
    sessions = setting.sessions(setting.simulator_a("train"))
    played = rollout(policies(setting, 1.0)[0], sessions, np.arange(len(sessions.known)), seeds=np.arange(4))
    mean = played.rewards.sum() / played.lengths.sum()
    assert written.truth(written.log.probabilities) == pytest.approx(float(mean), abs=0.06)


def test_the_same_seed_writes_the_same_log(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("train"))
    one, other, third = (
        log_sessions(policies(setting, 1.0)[0], sessions, np.arange(20), seed=seed).log for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.movies, other.movies)
    np.testing.assert_array_equal(one.rewards, other.rewards)
    assert len(one) != len(third) or (one.movies != third.movies).any()


def test_chances_among_candidates_are_those_of_the_policy(setting: AgentSetting, written: SimulatedLog) -> None:
    same, sharper = policies(setting, 1.0, 0.3)
    rng = np.random.default_rng(0)
    for policy in (same, sharper):
        policy.begin(setting.splits["train"].known, setting.layout)
    found = same.chances(written.log.contexts[:200], written.log.candidates[:200], rng)
    np.testing.assert_allclose(found, written.log.probabilities[:200], atol=1e-5)
    fewer = SoftmaxPolicy("fewer", sharper.scores, 0.3, 5)
    fewer.begin(setting.splits["train"].known, setting.layout)
    found = fewer.chances(written.log.contexts[:200], written.log.candidates[:200], rng)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert ((found > 0).sum(axis=1) == 5).all()
    popular = SoftmaxPolicy("popular", lambda o, _: np.tile(setting.world.popularity, (len(o), 1)), 0.1, 20)
    popular.begin(setting.splits["train"].known, setting.layout)
    assert popular.chances(written.log.contexts, written.log.candidates, rng).sum(axis=1).min() < 0.95


def test_estimators_come_near_the_truth_and_models_help(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("train"))
    logging, sharper = policies(setting, 1.0, 0.4)
    config = StudyConfig(repetitions=8, decisions=1200, samples=50)
    errors = {e.estimator: e for e in estimator_errors(logging, [sharper], sessions, setting.model, config, seed=1)}
    assert {e.refused for e in errors.values()} == {0}
    assert all(e.ess > 100 for e in errors.values())
    for name in ("ips", "snips", "dr", "sndr"):
        found = errors[name]  # type: ignore[index]
        assert abs(found.bias) < 4 * found.rmse / 8**0.5
        assert found.rmse < 0.15
    assert errors["dr"].rmse < errors["ips"].rmse


def test_logs_too_far_from_a_policy_give_no_figure(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("train"))
    logging, sharper = policies(setting, 5.0, 0.02)
    config = StudyConfig(repetitions=1, decisions=300, samples=20)
    for error in estimator_errors(logging, [sharper], sessions, setting.model, config, seed=1):
        assert error.refused == 1
        assert np.isnan(error.rmse)


def test_what_a_service_can_tell_of_candidates_is_right_by_hand(setting: AgentSetting, written: SimulatedLog) -> None:
    features = candidate_features(written, setting.world, setting.model, setting.layout)
    log, layout = written.log, setting.layout
    row, movie = 250, int(log.candidates[250, 3])
    stars = setting.model.predict(log.contexts[[row], layout.taste_mean])[0, movie]
    overlap = log.contexts[row, layout.genre_mix] @ setting.world.directions[movie]
    np.testing.assert_allclose(
        features[row, 3, :3], [stars, setting.world.popularity[movie], overlap], rtol=1e-4, atol=1e-5
    )


def test_popularity_can_be_a_policy_too(setting: AgentSetting) -> None:
    popular = PopularPolicy(setting.world)
    sessions = setting.sessions(setting.simulator_a("train"))
    log = log_sessions(SoftmaxPolicy("popular", popular.scores, 0.2, 10), sessions, np.arange(10), seed=1).log
    assert log.candidates.shape[1] == 10
