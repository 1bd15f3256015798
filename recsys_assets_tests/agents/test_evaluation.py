"""Comparisons where the outcome is known, and the verdict's words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_assets.agents.crossfit import FOLDS, crossfitted
from recsys_assets.agents.environments.expected import PatientSessions, expected_returns
from recsys_assets.agents.evaluation.breadth import _repeats, breadth_of, personalization
from recsys_assets.agents.evaluation.comparison import Comparison, Contestant, Result, compare
from recsys_assets.agents.evaluation.figures import acts_figure, coverage_figure, leaving_figure, returns_figure
from recsys_assets.agents.evaluation.verdict import verdict
from recsys_assets.agents.policies import tuned
from recsys_assets.agents.policies.linucb import fit_linucb
from recsys_assets.agents.policies.of_recommenders import RecommenderPolicy
from recsys_assets.agents.policies.simple import BeliefPolicy, OraclePolicy, PopularPolicy, RandomPolicy
from recsys_assets.agents.policies.tuned import ONE, TuningConfig, Weights, belief_policy, tune_belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.evaluation.bootstrap import Interval, paired_bootstrap, two_way_bootstrap
from recsys_assets.recommenders import build


@pytest.fixture(scope="module")
def comparison(setting: AgentSetting) -> Comparison:
    """Of people who are not bored, so that knowing their taste is all there is to know."""
    simulator = setting.simulator_a("held_out", temper=setting.config.temper.model_copy(update={"boredom": 0.0}))
    policies = [
        RandomPolicy(setting.world),
        PopularPolicy(setting.world),
        PopularPolicy(setting.world, name="most rated, again"),
        BeliefPolicy(setting.world, model=setting.model, popularity=1.0),
        OraclePolicy(setting.world, simulator=simulator, popularity=1.0),
        fit_linucb(setting, seed=1, width=4, sessions=300),
        RecommenderPolicy(setting.world, name="ease", model=build("ease").fit_data(setting.training)),
    ]
    return compare(
        setting.sessions(simulator),
        [Contestant.of(p) for p in policies],
        reference="most rated",
        seeds=2,
        sessions_a_seed=2,
    )


def test_who_knows_more_earns_more(comparison: Comparison) -> None:
    returns = {r.name: r.mean.mean for r in comparison.results}
    knowing, not_knowing = ("knows the taste", "greedy"), ("most rated", "random")  # most dislike what most have seen
    assert min(returns[n] for n in knowing) > max(returns[n] for n in not_knowing) + 3
    assert returns["LinUCB"] > returns["random"]
    assert [r.mean.mean for r in comparison.results] == sorted(returns.values(), reverse=True)


def test_the_same_policy_twice_differs_by_nothing(comparison: Comparison) -> None:
    again = comparison["most rated, again"].difference
    assert (again.mean, again.low, again.high) == (0, 0, 0)
    for result in comparison.results:
        assert result.over_trainings.mean == pytest.approx(result.difference.mean, abs=1e-5)
        assert result.over_trainings.low <= result.over_trainings.mean <= result.over_trainings.high


def test_intervals_are_over_people_and_hold_their_mean(comparison: Comparison, setting: AgentSetting) -> None:
    for result in comparison.results:
        assert result.mean.n == len(setting.users["held_out"])
        assert result.mean.low <= result.mean.mean <= result.mean.high
        np.testing.assert_allclose(result.mean.mean, result.per_user.mean(), rtol=1e-5)
        np.testing.assert_allclose(np.mean(result.by_seed), result.per_user.mean(), rtol=1e-5)


def test_luck_of_people_and_trainings_is_what_two_way_resampling_says() -> None:
    rng = np.random.default_rng(0)
    people, trainings = rng.normal(size=400), np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    alike = two_way_bootstrap(np.tile(people, (5, 1)).astype(np.float32), seed=1)
    plain = paired_bootstrap(people, np.zeros(400), seed=1)
    assert (alike.low, alike.high) == pytest.approx((plain.low, plain.high), abs=0.02)
    unlike = two_way_bootstrap(np.tile(trainings[:, None], (1, 400)).astype(np.float32), seed=1)
    every = np.stack(np.meshgrid(*[trainings] * 5), axis=-1).reshape(-1, 5).mean(axis=1)
    assert (unlike.low, unlike.high) == pytest.approx(tuple(np.quantile(every, [0.025, 0.975])), abs=0.21)


def test_each_seed_is_compared_with_the_same_sessions(comparison: Comparison) -> None:
    found, against = comparison["greedy"], comparison["most rated"]
    np.testing.assert_allclose(found.difference_by_seed, np.subtract(found.by_seed, against.by_seed), atol=1e-5)
    assert against.difference_by_seed == (0, 0)
    assert (found.best_seed, found.median_seed) == (max(found.by_seed), np.median(found.by_seed))


def test_several_policies_play_a_seed_each(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("held_out"))
    pair = Contestant("pair", (PopularPolicy(setting.world), RandomPolicy(setting.world)))
    alone = [Contestant.of(p) for p in pair.policies]
    found = compare(sessions, [pair, *alone], reference="random", seeds=2, sessions_a_seed=1)
    assert found["pair"].by_seed == (found["most rated"].by_seed[0], found["random"].by_seed[1])


def test_staying_and_repeats_are_counted_as_a_loop_counts_them(comparison: Comparison) -> None:
    result = comparison["random"]
    rows = np.concatenate([log.movies for log in result.logs])
    assert result.staying.tolist() == pytest.approx([np.mean([m[s] >= 0 for m in rows]) for s in range(rows.shape[1])])
    assert {r.repeats for r in comparison.results} == {0}
    broken = replace(result.logs[0], movies=np.array([[7, 3, 7, 7, -1, -1]]), users=np.array([0]))
    assert _repeats(broken) == 2


def test_personalization_equals_that_of_a_loop(comparison: Comparison) -> None:
    log = comparison["random"].logs[0]
    lists = [set(row[row >= 0].tolist()) for row in log.movies[: comparison.n_users]]
    shares = [len(a & b) / min(len(a), len(b)) for i, a in enumerate(lists) for j, b in enumerate(lists) if i != j]
    assert personalization(log) == pytest.approx(1 - np.mean(shares), abs=1e-5)


def test_a_reference_that_does_not_play_is_named(setting: AgentSetting) -> None:
    sessions = setting.sessions(setting.simulator_a("held_out"))
    with pytest.raises(KeyError, match="reference 'x' is no contestant"):
        compare(sessions, [Contestant.of(RandomPolicy(setting.world))], reference="x", seeds=1, sessions_a_seed=1)


def test_breadth_equals_that_of_a_loop(comparison: Comparison, setting: AgentSetting) -> None:
    result = comparison["greedy"]
    log, directions = result.logs[0], setting.world.directions
    diversities, genres, found = [], [], breadth_of(log, setting.world)
    for movies in log.movies:
        shown = movies[movies >= 0]
        genres.append((directions[shown].sum(axis=0) > 0).mean())
        pairs = [1 - directions[a] @ directions[b] for a in shown for b in shown if a != b]
        if pairs:
            diversities.append(np.mean(pairs))
    assert found.genre_coverage == pytest.approx(np.mean(genres), abs=1e-5)
    assert found.diversity == pytest.approx(np.mean(diversities), abs=1e-5)
    assert found.coverage == len(set(log.movies[log.movies >= 0].tolist())) / len(setting.world)


def test_the_same_list_for_everyone_is_not_personal(comparison: Comparison) -> None:
    assert comparison["random"].personalization > comparison["most rated"].personalization


def test_the_verdict_says_what_the_interval_says(comparison: Comparison) -> None:
    earned = verdict(comparison, "greedy")
    worse = verdict(replace(comparison, results=tuple(_mirrored(r) for r in comparison.results)), "greedy")
    nothing = verdict(comparison, "most rated, again")
    assert (earned.standing, worse.standing, nothing.standing) == ("earned", "worse", "not proven")
    assert earned.low > 0
    assert worse.high < 0
    assert "earned its place" in earned.sentence
    assert "should not be served" in worse.sentence
    assert f"{earned.difference:+.2f}" in earned.sentence


def test_differences_can_be_taken_from_any_contestant(comparison: Comparison) -> None:
    """Against whom they were all compared first changes nothing: a chain of differences closes."""
    again = comparison.against("random")
    for result in again.results:
        of_reference = comparison["random"].difference.mean
        assert result.difference.mean == pytest.approx(comparison[result.name].difference.mean - of_reference, abs=1e-5)
        assert result.difference_by_seed == pytest.approx(
            np.subtract(result.by_seed, comparison["random"].by_seed), abs=1e-5
        )
    assert verdict(again, "greedy").rival == "random"
    assert again.against("most rated") == comparison


def _mirrored(result: Result) -> Result:
    d = result.difference
    return replace(result, difference=Interval(-d.mean, -d.high, -d.low, d.n))


def test_a_contestant_that_is_not_there_is_named(comparison: Comparison) -> None:
    with pytest.raises(KeyError, match="no contestant 'x'"):
        comparison["x"]


def test_tuned_weights_are_at_least_as_good_as_where_the_search_began(setting: AgentSetting) -> None:
    weights = tune_belief_policy(setting, TuningConfig(rounds=2, draws=6), seed=3)
    assert weights == tune_belief_policy(setting, TuningConfig(rounds=2, draws=6), seed=3)
    returns = []
    for w in (weights, Weights(1.0, 0.2, 1.5)):
        played = [
            expected_returns(belief_policy(fold, w), sessions, np.arange(len(sessions.known)), seeds=np.arange(1))[0]
            for fold in crossfitted(setting)
            for sessions in [PatientSessions(fold.simulator_a("train"), fold.model)]
        ]
        returns.append(np.concatenate(played).mean())
    assert returns[0] >= returns[1]


def test_the_search_asks_no_more_people_than_it_may(setting: AgentSetting, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(*args: Any, **kwargs: Any) -> np.ndarray:
        found = expected_returns(*args, **kwargs)
        asked.append(found.size)
        return found

    monkeypatch.setattr(tuned, "expected_returns", counted)
    tune_belief_policy(setting, TuningConfig(rounds=1, draws=2, seeds=3, people=20), seed=3)
    assert asked == [5 * 3] * FOLDS * 2


def test_the_heuristic_is_tuned_in_one_weight_alone(setting: AgentSetting) -> None:
    config = TuningConfig(rounds=2, draws=6, seeds=2)
    one = tune_belief_policy(setting, config, seed=3, tuned=ONE)
    assert (one.popularity, one.doubt) == (0, 0)
    assert one.variety > 0
    assert one != tune_belief_policy(setting, config, seed=4, tuned=ONE)


def test_pictures_can_be_drawn(comparison: Comparison) -> None:
    for figure in (
        returns_figure(comparison, ["greedy"]),
        leaving_figure(comparison, ["greedy", "random"]),
        acts_figure(comparison),
        coverage_figure(comparison, ["greedy"]),
    ):
        assert figure.axes
