"""The data-quality site, with the models that were trained on the data."""

import dagster as dg

from recsys_assets.defs.features import data_snapshot
from recsys_assets.defs.leaderboard import leaderboard
from recsys_assets.defs.promotion import CHAMPIONS
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.quality.pages import write_lineage, write_site
from recsys_assets.registry.trained import trained_models


@dg.asset(
    deps=[data_snapshot, leaderboard, *CHAMPIONS],
    group_name="quality",
    kinds={"html"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "report"},
)
def quality_site(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """Static pages of what was checked, found and drifted, and of the models trained on it.

    Each step of checks brings the pages of its tables up to date by itself; here the models are added.
    """
    settings = deployment.settings()
    models = trained_models(settings)
    write_lineage(settings, models)
    page = write_site(settings)
    return dg.MaterializeResult(metadata={"site": dg.MetadataValue.path(page), "models": len(models)})
