"""How far the estimators can be trusted: their errors over many logs of a world in which the truth is known.

Policies are judged by logs of another. Each repetition is a log of `decisions` decisions of people drawn anew; the
truth is that of the same moments, so that what is measured is the estimator's error and not the luck of who came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, PositiveFloat, PositiveInt

from recsys_assets.agents.environments.sessions import Sessions
from recsys_assets.agents.observation import ObservationLayout
from recsys_assets.agents.offpolicy.estimators import ESTIMATORS, Estimator, PolicyValue, policy_value
from recsys_assets.agents.offpolicy.reward_model import fit_reward_model
from recsys_assets.agents.offpolicy.simulated import SimulatedLog, log_sessions
from recsys_assets.agents.offpolicy.softmax import SoftmaxPolicy
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import FloatArray, IntArray


class StudyConfig(BaseModel, extra="forbid", frozen=True):
    """How many logs of which size."""

    repetitions: PositiveInt = 20
    decisions: PositiveInt = 5_000
    samples: PositiveInt = 300
    """Bootstrap samples of each interval."""
    cap: PositiveFloat | None = None


@dataclass(frozen=True)
class EstimatorError:
    """Of one estimator about one policy, over the repetitions."""

    policy: str
    estimator: Estimator
    truth: float
    """Mean over the logs, reward a decision."""
    bias: float
    rmse: float
    ess: float
    """Mean."""
    within: float
    """Share of 95 % intervals that hold the truth."""
    refused: int
    """Logs that gave no figure."""


def estimator_errors(
    logging: SoftmaxPolicy,
    targets: Sequence[SoftmaxPolicy],
    sessions: Sessions,
    model: TasteModel,
    config: StudyConfig | None = None,
    *,
    seed: int,
) -> list[EstimatorError]:
    """Every estimator about every target, by logs of `logging`; `model`: what the service believes tastes by."""
    config = config or StudyConfig()
    found: dict[tuple[str, Estimator], list[tuple[float, PolicyValue]]] = {}
    for number in range(config.repetitions):
        written = _log_of(config.decisions, logging, sessions, seed=seed + number)
        features = candidate_features(written, sessions.simulator.world, model, sessions.layout)
        for policy in targets:
            target = _within(policy, written, sessions, seed=number)
            truth = written.truth(target)
            for value in all_values(written, features, target, config, seed=number):
                found.setdefault((policy.name, value.estimator), []).append((truth, value))
    return [_summary(name, estimator, values) for (name, estimator), values in found.items()]


def all_values(
    written: SimulatedLog, features: FloatArray, target: FloatArray, config: StudyConfig, *, seed: int
) -> list[PolicyValue]:
    """Of every estimator, about the policy of these probabilities (n, k)."""
    matched = written.log.matched(target)
    model = fit_reward_model(written.log, features, target, seed=seed)
    return [
        policy_value(matched, e, model=model, cap=config.cap, seed=seed, samples=config.samples) for e in ESTIMATORS
    ]


def candidate_features(written: SimulatedLog, world: World, model: TasteModel, layout: ObservationLayout) -> FloatArray:
    """(n, k, 8) what a service can tell of a candidate: expected rating, renown, likeness to what was shown lately,
    doubt, their squares and products, and how far the session is."""
    seen, movies = written.log.contexts, np.maximum(written.log.candidates, 0)
    design, base = model.design[movies], model.base[movies]
    stars = base + np.einsum("nw,nkw->nk", seen[:, layout.taste_mean], design)
    doubt = np.einsum("nw,nkw->nk", seen[:, layout.taste_deviation] ** 2, design**2)
    overlap = np.einsum("ng,nkg->nk", seen[:, layout.genre_mix], world.directions[movies])
    renown, progress = world.popularity[movies], np.broadcast_to(seen[:, [layout.progress]], movies.shape)
    columns = (stars, renown, overlap, doubt, stars**2, stars * renown, renown**2, progress)
    return np.stack(columns, axis=2).astype(np.float32)


def _log_of(decisions: int, logging: SoftmaxPolicy, sessions: Sessions, *, seed: int) -> SimulatedLog:
    """Whole sessions of people drawn by `seed`, cut at that many decisions in the order of people."""
    people = len(sessions.known)
    users = np.random.default_rng([seed, 5]).integers(0, people, max(1, decisions // 4))
    written = log_sessions(logging, sessions, users, seed=seed)
    order: IntArray = np.argsort(written.log.users, kind="stable")[:decisions]
    return written.take(order)


def _within(policy: SoftmaxPolicy, written: SimulatedLog, sessions: Sessions, *, seed: int) -> FloatArray:
    """What `policy` does at the logged moments (n, k), among the candidates alone."""
    policy.begin(sessions.known, sessions.layout)
    rng = np.random.default_rng([seed, 3])
    parts = np.array_split(np.arange(len(written.log)), max(1, len(written.log) // 512))
    chances = [policy.chances(written.log.contexts[p], written.log.candidates[p], rng) for p in parts]
    found = np.concatenate(chances)
    shares: FloatArray = found / np.maximum(found.sum(axis=1, keepdims=True), 1e-12)
    return shares


def _summary(policy: str, estimator: Estimator, values: Sequence[tuple[float, PolicyValue]]) -> EstimatorError:
    given = [(truth, v) for truth, v in values if v.value is not None]
    errors = np.array([v.value - truth for truth, v in given], dtype=np.float64)  # type: ignore[operator]
    inside = [v.low <= truth <= v.high for truth, v in given]  # type: ignore[operator]
    nothing = float("nan")
    return EstimatorError(
        policy,
        estimator,
        float(np.mean([truth for truth, _ in values])),
        float(errors.mean()) if given else nothing,
        float(np.sqrt((errors**2).mean())) if given else nothing,
        float(np.mean([v.ess for _, v in values])),
        float(np.mean(inside)) if given else nothing,
        len(values) - len(given),
    )
