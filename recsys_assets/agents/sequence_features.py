"""What a sequence model of the leaderboard holds movies to be, frozen: features of movies that agents learn with.

    z_i = the first `width` principal components of e_i, the vectors by which the model reads and scores movies

Movies that are watched near each other lie near each other, which neither genres nor ratings say. Nothing of it is
trained further. The vectors are those of a published version where that was fitted on exactly the ratings at hand; on
any other ratings (training users alone, all but the last movies) its settings are fitted anew, so that no vector knows
more than who learns from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, PositiveInt

from recsys_assets.agents.setting import AgentSetting
from recsys_assets.recommenders.data import FloatArray, TrainingData
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.recommenders.models import build, load_model
from recsys_assets.recommenders.sequence.model import SequenceRecommender

NO_MODEL = "none"
ONCE = {"refit": "none"}
"""Where vectors are fitted anew they are those that find each user's last movie best: training again with these last
movies takes as long once more, and is for lists that people are shown."""


class SequenceFeatures(BaseModel, extra="forbid", frozen=True):
    """Which model's vectors, and how many numbers of them."""

    model: Literal["gru4rec", "none"] = "gru4rec"
    """`none`: movies are described by tastes, genres and renown alone."""
    width: PositiveInt = 16
    """Principal components that are kept."""
    fit: dict[str, Any] = {}
    """Settings of the model where it is fitted anew that differ from the published version's, or from its defaults."""


def with_sequence_features(
    setting: AgentSetting,
    config: SequenceFeatures | None = None,
    *,
    data: TrainingData | None = None,
    published: Sequence[Path] = (),
) -> AgentSetting:
    """The same setting, its movies described by a sequence model too.

    `data`: what the model is fitted on, the training users of the setting where not given: so must it be where others
    are to judge. `published`: exports that may be taken instead of fitting.
    """
    config = config or SequenceFeatures()
    if config.model == NO_MODEL:
        return setting
    return described_by(setting, sequence_model(data or setting.training, config, published=published), config)


def described_by(setting: AgentSetting, model: SequenceRecommender, config: SequenceFeatures) -> AgentSetting:
    """The same setting, its movies described by a model that knows them all."""
    vectors = principal_components(frozen_vectors(model), config.width)
    return replace(setting, world=replace(setting.world, sequence=vectors))


def sequence_model(
    data: TrainingData, config: SequenceFeatures, *, published: Sequence[Path] = ()
) -> SequenceRecommender:
    """The published model where one was fitted on `data`, else one of its settings that is fitted on it."""
    for folder in published:
        found = load_model(folder)
        if isinstance(found, SequenceRecommender) and _fitted_on(found, data):
            data.progress(f"agents: movies as the published {found.name} holds them")
            return found
    settings = _settings(read_manifest(published[0])["config"] if published else {}, config.fit)
    data.progress(f"agents: fitting {config.model} on {len(data.histories.movies):,} ratings, to describe movies")
    fitted = build(config.model, settings).fit_data(data)
    assert isinstance(fitted, SequenceRecommender)
    return fitted


def frozen_vectors(model: SequenceRecommender) -> FloatArray:
    """(n, d) what a fitted sequence model holds movies to be."""
    vectors: FloatArray = model.network.items()[:-1].detach().cpu().numpy().astype(np.float32)
    return vectors


def principal_components(vectors: FloatArray, width: int) -> FloatArray:
    """(n, width) coordinates of (n, d) along the directions they differ most in, the rest 0 where d is smaller.

    Signs are fixed, so that the same vectors give the same numbers: the largest coordinate of each is positive.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    turned = centred @ directions[:, ::-1][:, :width]
    largest = np.take_along_axis(turned, np.abs(turned).argmax(axis=0)[None], axis=0)
    found = np.zeros((len(vectors), width), dtype=np.float32)
    found[:, : turned.shape[1]] = turned * np.where(largest < 0, -1, 1)
    return found


def _settings(published: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Of a model that is fitted anew. Of its pipeline, too, `own` changes only what it names."""
    pipeline = {**(published.get("pipeline") or {}), **(own.get("pipeline") or {})}
    return {**published, **ONCE, **own, **({"pipeline": pipeline} if pipeline else {})}


def _fitted_on(model: SequenceRecommender, data: TrainingData) -> bool:
    """Whether it knows the same users, movies and ratings, and no others."""
    held, given = model.histories, data.histories
    return (
        np.array_equal(model.users.values, data.users.values)
        and np.array_equal(model.movies.values, data.movies.values)
        and all(
            np.array_equal(getattr(held, column), getattr(given, column))
            for column in ("indptr", "movies", "ratings", "timestamps")
        )
    )
