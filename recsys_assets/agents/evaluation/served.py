"""Two served models side by side: what they would earn with simulated people, and by what people answered our lists.

Both play the same sessions with the same held-out people of simulator A, whose tastes are those of public ratings, and
who think of movies what judges say today (`of_today`): feedback that no agent is fitted on. The two were fitted on all
public ratings, those of these people among them: that favours neither, and no figure of this is to be reported as the
agent's own (`agents.evaluation.report` is for that).

Off-policy, each is taken for a softmax over its 100 best movies, the scores divided by their own deviation, so that
models of different scales are compared; what the user had rated publicly is never shown. Only the first place of a list
is looked at: what a policy would put below it depends on what stands above. The log, too, is
that of judges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from recsys_assets.agents.environments.rollout import rollout
from recsys_assets.agents.evaluation.comparison import FIRST_SESSION_SEED
from recsys_assets.agents.judges import judging
from recsys_assets.agents.offpolicy.estimators import SAMPLES, policy_value
from recsys_assets.agents.offpolicy.feedback import decisions_of
from recsys_assets.agents.offpolicy.logs import Floats, MatchedLog
from recsys_assets.agents.offpolicy.softmax import CANDIDATES, shortlist
from recsys_assets.agents.policies.served import ServedPolicy
from recsys_assets.agents.preferences.levels import moved_levels
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.evaluation.bootstrap import Interval, paired_bootstrap
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, IntArray

PEOPLE, SESSIONS = 300, 600
"""Most simulated people, and about as many sessions with all of them."""
MOST_SESSIONS = 40
"""With one of them."""
USERS_AT_ONCE = 256


@dataclass(frozen=True)
class SideBySide:
    """Mean of each, and the difference challenger - champion; none of it where the logs say too little."""

    challenger: float
    champion: float
    difference: Interval
    not_had: str = ""


def of_today(setting: AgentSetting, events: pl.DataFrame) -> AgentSetting:
    """`setting` whose people think of movies as the judges among those who gave feedback do."""
    told = judging(events, seed=setting.seed)
    return replace(setting, model=moved_levels(setting.model, setting.world.movies, told))


def simulated_returns(setting: AgentSetting, challenger: Recommender, champion: Recommender) -> SideBySide:
    """Return of a session, person by person."""
    sessions = setting.sessions(setting.simulator_a("held_out"))
    n = len(sessions.known)
    people = np.random.default_rng(setting.seed).permutation(n)[:PEOPLE]
    seeds = FIRST_SESSION_SEED + np.arange(min(MOST_SESSIONS, -(-SESSIONS // len(people))))

    def per_person(model: Recommender) -> FloatArray:
        log = rollout(ServedPolicy(setting.world, name=model.name, model=model), sessions, people, seeds=seeds)
        mean: FloatArray = log.returns.reshape(len(seeds), len(people)).mean(axis=0)
        return mean

    a, b = per_person(challenger), per_person(champion)
    return SideBySide(float(a.mean()), float(b.mean()), paired_bootstrap(a, b, seed=setting.seed))


def logged_values(
    events: pl.DataFrame, public: pl.DataFrame, challenger: Recommender, champion: Recommender, *, seed: int
) -> SideBySide:
    """SNIPS reward of a decision by accepted `events`; `public`: ratings that are not to be shown again."""
    decisions = decisions_of(events.filter(pl.col("position").fill_null(0) == 0))
    if not len(decisions.frame):
        return _nothing("no event carries the probability with which its movie was shown in the first place of a list")
    shown = decisions.frame.select("user_id", "movie_id")
    a, b = (decisions.matched(_chances(model, shown, public)) for model in (challenger, champion))
    values = [policy_value(log, "snips", seed=seed) for log in (a, b)]
    if refused := next((v.refused for v in values if v.refused), ""):
        return _nothing(refused)
    ours, theirs = (float(v.value or 0.0) for v in values)
    return SideBySide(ours, theirs, _difference(a, b, seed=seed))


def _chances(model: Recommender, shown: pl.DataFrame, public: pl.DataFrame) -> Floats:
    """(n,) probability with which `model`, as a softmax policy, shows each movie to its user."""
    users, row = np.unique(shown["user_id"].to_numpy(), return_inverse=True)
    column = model.movies.index(shown["movie_id"].to_numpy())
    found = np.zeros(len(shown), dtype=np.float64)
    for start in range(0, len(users), USERS_AT_ONCE):
        block = users[start : start + USERS_AT_ONCE]
        every = _probabilities(model, block, public)
        mine = np.flatnonzero((row >= start) & (row < start + len(block)) & (column >= 0))
        found[mine] = every[row[mine] - start, column[mine]]
    return found


def _probabilities(model: Recommender, users: IntArray, public: pl.DataFrame) -> FloatArray:
    """(b, n_movies)."""
    scores = np.array(model.scores(users), dtype=np.float32)
    known = public.filter(pl.col("user_id").is_in(users.tolist()))
    rows, columns = (
        np.searchsorted(users, known["user_id"].to_numpy()),
        model.movies.index(known["movie_id"].to_numpy()),
    )
    scores[rows[columns >= 0], columns[columns >= 0]] = -np.inf
    best, _ = shortlist(scores, temperature=1.0, k=CANDIDATES)
    values = np.take_along_axis(scores, best, axis=1)
    shown = np.isfinite(values)
    spread = np.array([max(float(v[s].std()), 1e-6) if s.any() else 1.0 for v, s in zip(values, shown, strict=True)])
    weights = np.exp(np.where(shown, (values - values.max(axis=1, keepdims=True)) / spread[:, None], -np.inf))
    every = np.zeros_like(scores)
    np.put_along_axis(every, best, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32), axis=1)
    return every


def _difference(a: MatchedLog, b: MatchedLog, *, seed: int) -> Interval:
    """Of SNIPS values, users drawn with replacement, the same for both."""
    rows = np.unique(a.users, return_inverse=True)[1]
    sums = np.stack(
        [np.bincount(rows, column) for log in (a, b) for column in (log.weights(), log.weights() * log.rewards)], axis=1
    )
    n = len(sums)

    def estimate(totals: Floats) -> Floats:
        w_a, r_a, w_b, r_b = np.moveaxis(totals, -1, 0)
        return np.asarray(r_a / np.maximum(w_a, 1e-12) - r_b / np.maximum(w_b, 1e-12))

    rng, evenly = np.random.default_rng(seed), np.full(n, 1 / n)
    drawn = np.stack([rng.multinomial(n, evenly) @ sums for _ in range(SAMPLES)])
    low, high = np.quantile(estimate(drawn), [0.025, 0.975])
    return Interval(float(estimate(sums.sum(axis=0))), float(low), float(high), n)


def _nothing(why: str) -> SideBySide:
    return SideBySide(0.0, 0.0, Interval(0.0, 0.0, 0.0, 0), why)
