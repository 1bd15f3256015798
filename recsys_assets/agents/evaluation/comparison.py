"""Policies side by side: the same people, the same chances, differences within each person.

An agent is trained once per seed; each of its policies plays with session seeds of its own, and whoever it is compared
with plays the very same sessions. The unit of chance is the person: all sessions of one are one figure, and intervals
are the paired bootstrap over people. Where each seed is another training, `over_trainings` draws trainings as well as
people, for luck of training is no less luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recsys_assets.agents.environments.rollout import SessionLog, rollout
from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.evaluation.breadth import breadth_of
from recsys_assets.agents.policies.base import Policy
from recsys_assets.evaluation.bootstrap import Interval, mean_interval, paired_bootstrap, two_way_bootstrap
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray

SEEDS = 5
FIRST_SESSION_SEED = 1_000_000
"""Far from those of training and of looks at validation users."""


@dataclass(frozen=True)
class Contestant:
    """One policy, or one per training seed."""

    name: str
    policies: tuple[Policy, ...]

    @classmethod
    def of(cls, policy: Policy) -> Contestant:
        return cls(policy.name, (policy,))


@dataclass(frozen=True)
class Result:
    """`logs`: one per seed. `per_user` (n_users,) mean return of each person's sessions."""

    name: str
    logs: tuple[SessionLog, ...]
    per_user: FloatArray
    mean: Interval
    difference: Interval
    """From the reference, person by person; 0 for the reference itself."""
    over_trainings: Interval
    """The same difference, were both people and seeds others."""
    by_seed: tuple[float, ...]
    """Mean return of each seed's sessions: best and median tell how much luck of training there is."""
    difference_by_seed: tuple[float, ...]
    """From the reference in the same sessions."""
    coverage: float
    """Share of all movies that were shown to somebody; this and what follows: mean over seeds."""
    genre_coverage: float
    """Share of all genres in a session, on average."""
    diversity: float
    """1 - mean cosine of genres between two movies of a session."""
    personalization: float
    """1 - mean share of movies that two people's sessions have in common."""
    repeats: int
    """Movies shown twice in a session: 0, or the policy is broken."""

    @property
    def best_seed(self) -> float:
        return max(self.by_seed)

    @property
    def median_seed(self) -> float:
        return float(np.median(self.by_seed))

    @property
    def staying(self) -> FloatArray:
        """(horizon,) share of sessions that come to each step: the leave curve."""
        lengths = np.concatenate([log.lengths for log in self.logs])
        return (lengths[:, None] > np.arange(self.logs[0].movies.shape[1])).mean(axis=0).astype(np.float32)

    @property
    def mean_length(self) -> float:
        return float(np.mean([log.lengths.mean() for log in self.logs]))

    @property
    def act_shares(self) -> FloatArray:
        return np.mean([log.act_shares for log in self.logs], axis=0)


@dataclass(frozen=True)
class Comparison:
    """All contestants in one simulator, the best first."""

    simulator: str
    reference: str
    n_users: int
    n_sessions: int
    """Of each person with each contestant."""
    horizon: int
    results: tuple[Result, ...]
    seed: int = 0
    """Of the bootstrap."""

    def __getitem__(self, name: str) -> Result:
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(f"no contestant {name!r}; there are {', '.join(r.name for r in self.results)}")

    def against(self, reference: str) -> Comparison:
        """The same sessions, differences taken from another contestant."""
        theirs = _by_seed_and_user(self[reference].logs, self.n_users)
        owns = (_by_seed_and_user(result.logs, self.n_users) for result in self.results)
        results = (
            replace(result, **_differences(own, theirs, seed=self.seed))
            for result, own in zip(self.results, owns, strict=True)
        )
        return replace(self, reference=reference, results=tuple(results))


def compare(
    sessions: Sessions,
    contestants: Sequence[Contestant],
    *,
    reference: str,
    seeds: int = SEEDS,
    sessions_a_seed: int = 4,
    seed: int = 0,
    progress: Progress = silent,
) -> Comparison:
    """Every contestant in `seeds` x `sessions_a_seed` sessions of every person of `sessions`."""
    users = np.arange(len(sessions.known))
    logs: dict[str, tuple[SessionLog, ...]] = {}
    for contestant in contestants:
        played = []
        for number in range(seeds):
            first = FIRST_SESSION_SEED + 10_000 * seed + number * sessions_a_seed
            policy = contestant.policies[number % len(contestant.policies)]
            played.append(rollout(policy, sessions, users, seeds=np.arange(first, first + sessions_a_seed)))
        logs[contestant.name] = tuple(played)
        mean = np.mean([log.returns.mean() for log in played])
        progress(f"{sessions.simulator.name}: {contestant.name} {mean:.3f}")
    if reference not in logs:
        raise KeyError(f"the reference {reference!r} is no contestant; there are {', '.join(logs)}")
    against = _by_seed_and_user(logs[reference], len(users))
    results = [_result(name, found, against, sessions, seed=seed) for name, found in logs.items()]
    results.sort(key=lambda r: -r.mean.mean)
    return Comparison(
        sessions.simulator.name,
        reference,
        len(users),
        seeds * sessions_a_seed,
        sessions.layout.horizon,
        tuple(results),
        seed,
    )


def _result(name: str, logs: tuple[SessionLog, ...], against: FloatArray, sessions: Sessions, *, seed: int) -> Result:
    own = _by_seed_and_user(logs, against.shape[1])
    per_user = own.mean(axis=0)
    breadths = [breadth_of(log, sessions.simulator.world) for log in logs]
    return Result(
        name,
        logs,
        per_user,
        mean_interval(per_user, seed=seed),
        **_differences(own, against, seed=seed),
        by_seed=tuple(float(mean) for mean in own.mean(axis=1)),
        coverage=float(np.mean([b.coverage for b in breadths])),
        genre_coverage=float(np.mean([b.genre_coverage for b in breadths])),
        diversity=float(np.mean([b.diversity for b in breadths])),
        personalization=float(np.mean([b.personalization for b in breadths])),
        repeats=sum(b.repeats for b in breadths),
    )


def _differences(own: FloatArray, against: FloatArray, *, seed: int) -> dict[str, Any]:
    """Fields of `Result` that depend on the reference, of mean returns (seeds, n_users) of both."""
    return {
        "difference": paired_bootstrap(own.mean(axis=0), against.mean(axis=0), seed=seed),
        "over_trainings": two_way_bootstrap(own - against, seed=seed),
        "difference_by_seed": tuple(float(mean) for mean in (own - against).mean(axis=1)),
    }


def _by_seed_and_user(logs: Sequence[SessionLog], n_users: int) -> FloatArray:
    """(seeds, n_users) mean return."""
    found: FloatArray = np.stack([log.returns.reshape(-1, n_users).mean(axis=0) for log in logs])
    return found
