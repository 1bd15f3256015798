"""Train one model: fit what is judged, judge it, fit what is served. The same code for every model."""

from __future__ import annotations

import tempfile
import time
import typing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal, runtime_checkable

import numpy as np
import polars as pl

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.protocols import (
    INTERACTION_COLUMNS,
    Make,
    Scores,
    cross_validate,
    fit_temporal,
    leave_one_out,
    score_temporal,
)
from recsys_assets.evaluation.results import Evaluation
from recsys_assets.feedback.training_data import TrainingFeedback
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders import Recommender


@runtime_checkable
class HearsFeedback(typing.Protocol):
    """A model that learns from more of the feedback than its ratings."""

    def hear(self, events: pl.DataFrame, texts: pl.DataFrame | None) -> None:
        """Before it is fitted: accepted events (`feedback.events.EVENT_SCHEMA`), and what was read in their texts."""


Protocol = Literal["temporal", "leave_one_out", "cross_validation"]
PROTOCOLS: tuple[Protocol, ...] = ("temporal", "leave_one_out", "cross_validation")
TIMED_USERS, TIMED_REPEATS, TIMED_LENGTH = 256, 3, 10
"""How speed is measured: lists of 10 for up to 256 users at once, the best of 3."""


@dataclass(frozen=True)
class Trained:
    """One configuration fitted twice, and what is known of it."""

    holdout: Recommender
    """Fitted on the temporal training part only: what the promotion gate scores."""
    serving: Recommender
    """Fitted on all interactions, feedback's ratings among them: what people are served."""
    evaluation: Evaluation


def train(
    name: str,
    make: Make,
    splits: pl.DataFrame,
    catalogue: pl.DataFrame,
    *,
    people: pl.DataFrame | None = None,
    feedback: TrainingFeedback | None = None,
    seed: int,
    dataset: str,
    data_version: str,
    split_version: str,
    protocols: tuple[Protocol, ...] = PROTOCOLS,
    progress: Progress = silent,
) -> Trained:
    """Put the model that `make` gives through `protocols`, then fit it on everything, `feedback` included."""
    if unknown := set(protocols) - set(PROTOCOLS):
        raise EvaluationError(
            f"there is no protocol {', '.join(sorted(unknown))}; protocols are {', '.join(PROTOCOLS)}"
        )
    texts = feedback.texts if feedback else None
    judged = partial(hearing, make, _heard_then(feedback, splits), texts)
    holdout = fit_temporal(judged, splits, catalogue, people=people, feedback=feedback, seed=seed, progress=progress)
    found = Scores()
    if "temporal" in protocols:
        found += score_temporal(holdout, splits, progress=progress)
    if "leave_one_out" in protocols:
        found += leave_one_out(make, splits, catalogue, people=people, seed=seed, progress=progress)
    if "cross_validation" in protocols:
        found += cross_validate(make, splits, catalogue, people=people, seed=seed, progress=progress)
    found = found.grouped(people, seed=seed)
    everything = splits.select(INTERACTION_COLUMNS)
    everything = feedback.served(everything) if feedback else everything
    progress(f"{name}: fitting on all {len(everything):,} ratings, to be served")
    started = time.perf_counter()
    serving = hearing(make, feedback.heard if feedback else None, texts)
    serving.fit(everything, catalogue, people=people, seed=seed, progress=progress)
    fit_seconds = time.perf_counter() - started
    evaluation = Evaluation(
        model=name,
        dataset=dataset,
        data_version=data_version,
        split_version=split_version,
        seed=seed,
        config=serving.config.model_dump(mode="json"),
        rankings=found.rankings,
        ratings=found.ratings,
        fit_seconds=fit_seconds,
        recommend_ms_per_user=recommend_ms_per_user(serving, seed=seed),
        model_bytes=saved_bytes(serving),
    )
    progress(f"{name}: evaluated, {fit_seconds:.1f} s to fit, {evaluation.recommend_ms_per_user:.2f} ms a user")
    return Trained(holdout, serving, evaluation)


def hearing(make: Make, events: pl.DataFrame | None, texts: pl.DataFrame | None) -> Recommender:
    """A new model that has been told the `events` of feedback, if it is one that learns from them."""
    model = make()
    if events is not None and isinstance(model, HearsFeedback):
        model.hear(events, texts)
    return model


def _heard_then(feedback: TrainingFeedback | None, splits: pl.DataFrame) -> pl.DataFrame | None:
    """What of the feedback was known when the temporal training part ended."""
    later = splits.filter(pl.col("temporal").cast(pl.String) != "train")["timestamp"].min()
    return feedback.heard_before(later) if feedback is not None and isinstance(later, datetime) else None


def recommend_ms_per_user(model: Recommender, *, seed: int) -> float:
    """Milliseconds of wall time per user, for a batch of known users; the best of a few, as noise only adds."""
    known = model.users.values
    users = np.random.default_rng(seed).choice(known, size=min(TIMED_USERS, len(known)), replace=False)
    seconds = []
    for _ in range(TIMED_REPEATS):
        started = time.perf_counter()
        model.recommend(users, TIMED_LENGTH)
        seconds.append(time.perf_counter() - started)
    return 1000 * min(seconds) / len(users)


def saved_bytes(model: Recommender) -> int:
    """Bytes of all files of the saved model."""
    with tempfile.TemporaryDirectory(prefix="recsys-size-") as folder:
        model.save(Path(folder) / "model")
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
