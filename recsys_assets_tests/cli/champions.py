"""Champions as a promotion leaves them, without a registry: exports that links lead to."""

from __future__ import annotations

from typing import Any

import polars as pl

from recsys_assets.atomic import point_to
from recsys_assets.recommenders import Recommender, build
from recsys_assets.registry.export import write_default
from recsys_assets.settings import Settings


def export_champion(
    settings: Settings,
    name: str,
    interactions: pl.DataFrame,
    catalogue: pl.DataFrame,
    config: dict[str, Any] | None = None,
) -> None:
    """Fit and export a champion that also answers where no model is named."""
    export_fitted(settings, build(name, config).fit(interactions, catalogue, seed=1))


def export_fitted(settings: Settings, fitted: Recommender) -> None:
    """Export what is fitted already."""
    exported = settings.champion_dir / ".versions" / fitted.name / "1"
    exported.parent.mkdir(parents=True)
    fitted.save(exported, extra={"data_version": "d1"})
    point_to(settings.champion_dir / fitted.name, exported)
    write_default(settings, fitted.name, "the only one")
