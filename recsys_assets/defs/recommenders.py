"""Every recommender: one asset, one MLflow run, one registered version each.

`config` is the model's own typed config, mirrored as a form for the launchpad; its fields stand beside the model.
"""

from dagster import AssetExecutionContext, MaterializeResult

from recsys_assets.defs.config import launchpad_config
from recsys_assets.defs.resources import Deployment
from recsys_assets.defs.training import model_asset, trained

PopularityParams = launchpad_config("popularity")
ContentParams = launchpad_config("content")
SvdParams = launchpad_config("svd")
HybridParams = launchpad_config("hybrid")


@model_asset(kinds={"numpy"})
def popularity(context: AssetExecutionContext, config: PopularityParams, deployment: Deployment) -> MaterializeResult:
    """IMDb's weighted rating, overall and per genre: what a user nobody knows is shown."""
    return trained(context, deployment, config)


@model_asset(kinds={"scikitlearn"})
def content(context: AssetExecutionContext, config: ContentParams, deployment: Deployment) -> MaterializeResult:
    """Titles near those a user liked, by genres, cast, director, keywords and plot."""
    return trained(context, deployment, config)


@model_asset(kinds={"python"})
def svd(context: AssetExecutionContext, config: SvdParams, deployment: Deployment) -> MaterializeResult:
    """Matrix factorization (scikit-surprise): predicted ratings."""
    return trained(context, deployment, config)


@model_asset(kinds={"numpy"})
def hybrid(context: AssetExecutionContext, config: HybridParams, deployment: Deployment) -> MaterializeResult:
    """Content candidates re-ranked by predicted rating, or the learned blend of scores: whichever validates better.

    It fits its own parts, as it was tuned with them; hence no edge from their assets.
    """
    return trained(context, deployment, config)


ALL = (popularity, content, svd, hybrid)
"""What the leaderboard compares, and what is tried and promoted."""
