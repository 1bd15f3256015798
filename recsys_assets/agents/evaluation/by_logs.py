"""What each policy would earn a decision, by logs that kept propensities: simulated ones, and our own feedback.

Simulated: a softmax over the rival's best hundred plays with held-out people; every policy is then asked which of the
same hundred it would have shown. What it would have earned is known there, beside the estimates. Feedback: a policy is
asked, with what was known of a user before a request, which movie it would have put in that place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.evaluation.comparison import Contestant
from recsys_assets.agents.evaluation.next_movie import first_lists, ranked
from recsys_assets.agents.offpolicy.estimators import LEAST, MODELLED, PolicyValue, policy_value
from recsys_assets.agents.offpolicy.feedback import FeedbackDecisions
from recsys_assets.agents.offpolicy.logs import DecisionLog, MatchedLog, RewardModel, effective_sample_size
from recsys_assets.agents.offpolicy.reward_model import FOLDS, cross_fitted, fit_reward_model
from recsys_assets.agents.offpolicy.simulated import SimulatedLog, log_people
from recsys_assets.agents.offpolicy.softmax import CANDIDATES, SoftmaxPolicy
from recsys_assets.agents.offpolicy.study import candidate_features
from recsys_assets.agents.policies.base import Policy
from recsys_assets.agents.policies.simple import RandomPolicy
from recsys_assets.agents.policies.tuned import Weights, belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray

TEMPERATURE = 0.3
"""Stars: of the policy that writes the simulated log."""
FIRST_SEED, AT_ONCE = 5_000_000, 1_024


@dataclass(frozen=True)
class LoggedValue:
    """Of one policy. Without `dm` and `dr` where a log has too few users for a model of rewards."""

    policy: str
    ess: float
    snips: PolicyValue | None
    dm: PolicyValue | None
    dr: PolicyValue | None
    truth: float | None
    """What it would have earned; known of simulated logs."""


@dataclass(frozen=True)
class LogStudy:
    """All policies by one log."""

    name: str
    """`simulated` or `feedback`."""
    source: str
    n: int
    earned: float
    """Mean reward of what was shown."""
    values: tuple[LoggedValue, ...]


def by_simulated_log(
    setting: AgentSetting,
    contestants: Sequence[Contestant],
    weights: Weights,
    *,
    sessions_each: int = 8,
    seed: int = 0,
    progress: Progress = silent,
) -> LogStudy:
    """Contestants by a log of held-out people of simulator A, each with its first training."""
    sessions = setting.sessions(setting.simulator_a("held_out"))
    belief = belief_policy(setting, weights)
    belief.begin(sessions.known, sessions.layout)
    logging = SoftmaxPolicy("the rival's softmax", belief.scores, TEMPERATURE)
    seeds = FIRST_SEED + 100 * seed + np.arange(sessions_each)
    written = log_people(logging, sessions, np.arange(len(sessions.known)), seeds=seeds)
    features = _features(written, setting)
    values = []
    for contestant in contestants:
        target = target_of(contestant.policies[0], written.log, sessions, setting)
        model = fit_reward_model(written.log, features, target, seed=seed)
        values.append(_valued(contestant.name, written.log.matched(target), model, written.truth(target), seed=seed))
        progress(f"by logs: {contestant.name}, effective size {values[-1].ess:,.0f}")
    source = f"a softmax over the rival's best {CANDIDATES}, shown to {len(sessions.known):,} held-out people"
    return LogStudy("simulated", source, len(written.log), float(written.log.rewards.mean()), _best_first(values))


def by_feedback(
    decisions: FeedbackDecisions,
    interactions: pl.DataFrame,
    setting: AgentSetting,
    contestants: Sequence[Contestant],
    *,
    seed: int = 0,
) -> LogStudy | None:
    """The same by feedback events that carry propensities; None where there are none. `interactions`: all ratings."""
    frame = decisions.frame.with_columns(
        movie=pl.Series(setting.world.movies.index(decisions.frame["movie_id"].to_numpy()))
    )
    frame = frame.filter(pl.col("movie") >= 0)
    if frame.is_empty():
        return None
    rewards, users = frame["reward"].to_numpy(), frame["user_id"].to_numpy()
    requests, known = _known_before(frame, interactions, setting)
    places, movies = frame["position"].to_numpy(), frame["movie"].to_numpy()
    shown = _moment_features(setting, known, requests, movies)
    values = []
    for contestant in contestants:
        lists = first_lists(contestant.policies[0], setting, known, k=int(places.max()) + 1)
        wanted = lists[requests, places]
        matched = replace(decisions, frame=frame).matched((wanted == movies).astype(np.float64))
        model = None
        if len(np.unique(users)) >= FOLDS:
            model = cross_fitted(users, shown, _moment_features(setting, known, requests, wanted), rewards, seed=seed)
        values.append(_valued(contestant.name, matched, model, None, seed=seed))
    return LogStudy(
        "feedback",
        "what was shown, with which probability, and what came of it",
        len(frame),
        float(rewards.mean()),
        _best_first(values),
    )


def target_of(policy: Policy, log: DecisionLog, sessions: Sessions, setting: AgentSetting) -> FloatArray:
    """(n, k) 1 at the candidate that `policy` ranks highest at each moment; chance gives all the same."""
    there = log.candidates >= 0
    if isinstance(policy, RandomPolicy):
        return (there / there.sum(axis=1, keepdims=True)).astype(np.float32)
    policy.begin(sessions.known, sessions.layout)
    rng, found = np.random.default_rng(0), np.zeros(log.candidates.shape, dtype=np.float32)
    for start in range(0, len(log), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        scores = ranked(policy, log.contexts[part], sessions.known, sessions.layout, rng)
        inside = np.take_along_axis(scores, np.maximum(log.candidates[part], 0), axis=1)
        inside[~there[part]] = -np.inf
        found[np.arange(start, start + len(inside)), inside.argmax(axis=1)] = 1
    return found


def _valued(
    name: str, matched: MatchedLog, model: RewardModel | None, truth: float | None, *, seed: int
) -> LoggedValue:
    ess = effective_sample_size(matched.weights())
    snips = policy_value(matched, "snips", seed=seed)
    if model is None:
        return LoggedValue(name, ess, snips, None, None, truth)
    dm, dr = (policy_value(matched, estimator, model=model, seed=seed) for estimator in MODELLED[:2])
    return LoggedValue(name, ess, snips, dm, dr, truth)


def _best_first(values: Sequence[LoggedValue]) -> tuple[LoggedValue, ...]:
    """By effective size: what the log can say most of comes first."""
    return tuple(sorted(values, key=lambda v: -v.ess))


def _features(written: SimulatedLog, setting: AgentSetting) -> FloatArray:
    """In parts: 100 candidates of 12,000 moments are a million of movies."""
    rows = np.arange(len(written.log))
    return np.concatenate(
        [
            candidate_features(written.take(part), setting.world, setting.model, setting.layout)
            for part in np.array_split(rows, max(1, len(rows) // AT_ONCE))
        ]
    )


def _known_before(frame: pl.DataFrame, interactions: pl.DataFrame, setting: AgentSetting) -> tuple[IntArray, Histories]:
    """Request of each decision (n,), and what its user had rated when it came (one row a request)."""
    asked = frame.group_by("request_id", "user_id", maintain_order=True).agg(asked=pl.col("timestamp").min())
    asked = asked.with_row_index("request")
    rows = frame.join(asked, on=["request_id", "user_id"], how="left", maintain_order="left")["request"].to_numpy()
    before = asked.join(interactions, on="user_id", how="inner").filter(pl.col("timestamp") < pl.col("asked"))
    movies = setting.world.movies.index(before["movie_id"].to_numpy())
    inside = movies >= 0
    known = Histories.from_columns(
        before["request"].to_numpy().astype(np.int64)[inside],
        len(asked),
        movies[inside],
        before["rating"].to_numpy().astype(np.float32)[inside],
        before["timestamp"].dt.epoch("s").to_numpy()[inside],
    )
    return rows.astype(np.int64), known


def _moment_features(setting: AgentSetting, known: Histories, requests: IntArray, movies: IntArray) -> FloatArray:
    """(n, 6) of `movies` (n,) for what was known at `requests` (n,): expected rating, renown, doubt, and products."""
    beliefs, movies = setting.model.believe(known), np.maximum(movies, 0)
    design = setting.model.design[movies]
    stars = setting.model.base[movies] + np.einsum("nw,nw->n", beliefs.mean[requests], design)
    doubt = np.einsum("nw,nw->n", beliefs.deviation[requests] ** 2, design**2)
    renown = setting.world.popularity[movies]
    columns = (stars, renown, doubt, stars**2, stars * renown, renown**2)
    return np.stack(columns, axis=1).astype(np.float32)


def told(value: PolicyValue | None, ess: float) -> str:
    """`0.412 (0.380 to 0.440)`, or why there is none."""
    if ess < LEAST:
        return "too few"
    if value is None or value.value is None or value.low is None or value.high is None:
        return "none"
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
