"""All models side by side."""

import dagster as dg

from recsys_assets.defs.metadata import numbers, table_record
from recsys_assets.defs.recommenders import ALL
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.registry.standings import publish_leaderboard


@dg.asset(
    name="leaderboard",
    deps=ALL,
    group_name="evaluation",
    kinds={"polars", "matplotlib"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "report"},
)
def leaderboard(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """Every model on the same frozen splits; ranked by validation, test shown beside."""
    standings = publish_leaderboard(deployment.settings())
    return dg.MaterializeResult(
        metadata={
            "standings": table_record(standings.table),
            "best_model": standings.best,
            "plots": dg.MetadataValue.md(standings.plots_markdown),
            **numbers(standings.best_metrics),
            "report": dg.MetadataValue.path(str(standings.html)),
            "left_out": ", ".join(standings.left_out) or "none",
        }
    )
