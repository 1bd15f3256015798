"""Which models of a data set there are, for pages that show what a table went into."""

from __future__ import annotations

from recsys_assets.quality.pages import TrainedModel
from recsys_assets.registry.records import ModelVersion
from recsys_assets.registry.registry import Registry
from recsys_assets.settings import Settings

SHOWN_VERSIONS = 3
"""Of a model, the newest, beside its champion."""
FIGURES = {
    "temporal_validation_ndcg_at_10": "NDCG@10, validation",
    "temporal_test_ndcg_at_10": "NDCG@10, test",
    "cv5_rmse": "RMSE, 5 folds",
}


def trained_models(settings: Settings) -> list[TrainedModel]:
    """The newest versions of each model and those with an alias, by model, newest first."""
    found: list[ModelVersion] = Registry(settings).versions_of_all()
    newest = {m: sorted((v.version for v in found if v.model == m), reverse=True) for m in {v.model for v in found}}
    return [
        TrainedModel(
            model=v.model,
            version=v.version,
            aliases=v.aliases,
            data_version=v.tags.get("data_version", ""),
            trained_at=v.created_at.isoformat(timespec="seconds"),
            figures={name: v.metrics[key] for key, name in FIGURES.items() if key in v.metrics},
        )
        for v in found
        if v.aliases or v.version in newest[v.model][:SHOWN_VERSIONS]
    ]
