"""What people watched next: each of their last movies, given all they had rated before it.

A policy is asked for ten movies at the beginning of a session instead of one; HR@10 and NDCG@10 are those of
`recsys_assets.evaluation.metrics`, all movies ranked, the rated ones hidden. A person's movies make one figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_assets.agents.evaluation.comparison import Contestant
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.policies.base import Policy, hide_known
from recsys_assets.agents.policies.simple import ScoringPolicy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.agents.users import Group
from recsys_assets.evaluation.bootstrap import Interval, mean_interval
from recsys_assets.evaluation.metrics import find_hits, hit_rate, ndcg
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.ranking import top_k

LENGTH = 10
LAST = 10
"""Movies of each person that are to be foretold."""
AT_ONCE = 512


@dataclass(frozen=True)
class Events:
    """m moments: `owners` (m,) row of the person, `known` (m rows) what they had rated, `following` (m,) the next."""

    owners: IntArray
    known: Histories
    following: IntArray


@dataclass(frozen=True)
class NextMovie:
    """Means over people, with intervals."""

    name: str
    hit_rate: Interval
    ndcg: Interval
    n_events: int


def last_events(histories: Histories, *, last: int = LAST) -> Events:
    """The `last` movies of each person, of whom one rating at least is known before."""
    lengths = histories.lengths
    counts = np.minimum(last, np.maximum(lengths - 1, 0))
    owners = np.repeat(np.arange(len(histories)), counts)
    back = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    before = lengths[owners] - 1 - back
    rows = np.repeat(np.arange(len(owners)), before)
    place = np.arange(len(rows)) - np.repeat(np.cumsum(before) - before, before)
    source = histories.indptr[owners][rows] + place
    known = Histories(
        np.concatenate(([0], np.cumsum(before))).astype(np.int64),
        histories.movies[source],
        histories.ratings[source],
        histories.timestamps[source],
    )
    return Events(owners, known, histories.movies[histories.indptr[owners] + before].astype(np.int64))


def foretold(
    contestant: Contestant, setting: AgentSetting, *, group: Group = "held_out", last: int = LAST, seed: int = 0
) -> NextMovie:
    """How often it would have shown people of `group` what they rated next; the mean of its policies."""
    events = last_events(setting.histories[group], last=last)
    rows, by_person = np.arange(len(events.owners)), []
    for policy in contestant.policies:
        lists = first_lists(policy, setting, events.known)
        hits = find_hits(rows, lists, rows, events.following)
        by_person.append([_by_owner(metric(hits, LENGTH), events.owners) for metric in (hit_rate, ndcg)])
    hit, gain = (mean_interval(values, seed=seed) for values in np.mean(by_person, axis=0))
    return NextMovie(contestant.name, hit, gain, len(rows))


def first_lists(policy: Policy, setting: AgentSetting, known: Histories, *, k: int = LENGTH) -> IntArray:
    """Movie indices (m, k) that `policy` ranks highest when sessions of people with these histories begin."""
    layout, rng = setting.layout, np.random.default_rng(0)
    found = []
    for start in range(0, len(known), AT_ONCE):
        part = known.take(np.arange(start, min(len(known), start + AT_ONCE)))
        policy.begin(part, layout)
        scores = ranked(policy, _beginnings(setting, part), part, layout, rng)
        found.append(top_k(scores, k)[0])
    return np.concatenate(found) if found else np.empty((0, k), dtype=np.int64)


def ranked(
    policy: Policy, observations: FloatArray, known: Histories, layout: ObservationLayout, rng: np.random.Generator
) -> FloatArray:
    """Scores (b, n) of all movies, what is known hidden."""
    if isinstance(policy, ScoringPolicy):
        scores = np.array(policy.scores(observations, rng), dtype=np.float32)
    elif hasattr(policy, "ranking"):
        scores = np.array(policy.ranking(observations), dtype=np.float32)
    else:
        raise TypeError(f"{policy.name} chooses one movie and ranks none; give it `ranking` or `scores`")
    hide_known(scores, observations, known, layout)
    return scores


def _beginnings(setting: AgentSetting, known: Histories) -> FloatArray:
    """Observations of sessions that have not begun, as `Sessions.reset` makes them."""
    layout, beliefs = setting.layout, setting.model.believe(known)
    rows = layout.empty(len(known))
    rows[:, layout.taste_mean], rows[:, layout.taste_deviation] = beliefs.mean, beliefs.deviation
    rows[:, layout.log_known] = np.log1p(known.lengths) / 10
    rows[:, layout.user] = np.arange(len(known))
    return rows


def _by_owner(values: np.ndarray, owners: IntArray) -> np.ndarray:
    """Mean of each person's figures."""
    counts = np.bincount(owners)
    return (np.bincount(owners, values) / np.maximum(counts, 1))[counts > 0]
