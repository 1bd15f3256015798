"""What goes into the registry and what comes out of it; and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from recsys_assets.recommenders.data import FloatArray

Part = Literal["holdout", "serving"]
CONTENT_TAG = "content"


class RegistryError(Exception):
    """A version that can't be had or can't be promoted; says which and what to do."""


class NotRegisteredError(RegistryError):
    """Nothing of that name has been built yet."""


@dataclass(frozen=True)
class RunRecord:
    """What one training leaves: `run_id` names the orchestrator's run, so that a retry resumes it."""

    model: str
    run_id: str
    config: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    figures: Mapping[str, bytes]
    """Name -> PNG."""
    documents: Mapping[str, str]
    """File name -> text, kept with the run."""
    holdout: Path
    serving: Path
    series: Mapping[str, FloatArray] = field(default_factory=dict)
    """Name -> (n, 2) steps and values of a training; what is not finite is left out."""


@dataclass(frozen=True)
class ModelVersion:
    """A registered version of a recommender."""

    model: str
    version: int
    aliases: tuple[str, ...]
    run_id: str
    """MLflow's."""
    metrics: dict[str, float]
    tags: dict[str, str]
    created_at: datetime

    @property
    def content(self) -> str:
        """Checksum of both exports: equal where a refit gave the same model."""
        return self.tags[CONTENT_TAG]
