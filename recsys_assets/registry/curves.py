"""How trainings went, read back from MLflow: curves by step or epoch of each version, and figures by version.

The name of a curve holds a slash (`train/loss`), that of a figure does not (`RunRecord.series` and `.metrics`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from recsys_assets.registry.registry import Registry

Curve = NDArray[np.float64]
MOST_VERSIONS = 12
"""Newest versions whose curves are read: nobody tells more lines apart."""


@dataclass(frozen=True)
class Training:
    """One version's."""

    version: int
    aliases: tuple[str, ...]
    created_at: datetime
    curves: dict[str, Curve]
    """Name -> (n, 2) of steps and values, by step; empty of models that learn in one go."""
    metrics: dict[str, float]

    @property
    def label(self) -> str:
        return f"version {self.version}" + (f" ({', '.join(self.aliases)})" if self.aliases else "")


def trainings(registry: Registry, model: str, *, most: int = MOST_VERSIONS) -> list[Training]:
    """The newest versions of a model, newest first; empty where there is none."""
    client = registry._client()
    found = []
    for version in registry.versions(model)[:most]:
        names = sorted(name for name in version.metrics if "/" in name)
        curves = {name: _history(client.get_metric_history(version.run_id, name)) for name in names}
        metrics = {name: value for name, value in version.metrics.items() if "/" not in name}
        found.append(Training(version.version, version.aliases, version.created_at, curves, metrics))
    return found


def _history(points: list[object]) -> Curve:
    """One value a step; of several the one logged last."""
    last = {int(p.step): float(p.value) for p in sorted(points, key=lambda p: (p.step, p.timestamp))}  # type: ignore[attr-defined]
    found: Curve = np.array(sorted(last.items()), dtype=np.float64).reshape(-1, 2)
    return found
