"""Every recommender: one asset, one MLflow run, one registered version each."""

from typing import Any

import dagster as dg

from recsys_assets.defs.automation import ON_SOUND_INPUTS
from recsys_assets.defs.config import as_fields, launchpad_config
from recsys_assets.defs.features import data_snapshot, splits
from recsys_assets.defs.metadata import numbers
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.registry.training import train_and_register

PopularityParams = launchpad_config("popularity")
ContentParams = launchpad_config("content")
SvdParams = launchpad_config("svd")
HybridParams = launchpad_config("hybrid")

GROUP = "recommenders"
TAGS = {"layer": "model"}


@dg.asset(
    deps=[data_snapshot, splits],
    group_name=GROUP,
    kinds={"numpy", "mlflow"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags=TAGS,
    automation_condition=ON_SOUND_INPUTS,
)
def popularity(
    context: dg.AssetExecutionContext,
    config: PopularityParams,  # type: ignore[valid-type]
    deployment: Deployment,
) -> dg.MaterializeResult:
    """IMDb's weighted rating, overall and per genre: what a user nobody knows is shown."""
    return _trained(context, deployment, "popularity", config)


@dg.asset(
    deps=[data_snapshot, splits],
    group_name=GROUP,
    kinds={"scikitlearn", "mlflow"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags=TAGS,
    automation_condition=ON_SOUND_INPUTS,
)
def content(
    context: dg.AssetExecutionContext,
    config: ContentParams,  # type: ignore[valid-type]
    deployment: Deployment,
) -> dg.MaterializeResult:
    """Titles near those a user liked, by genres, cast, director, keywords and plot."""
    return _trained(context, deployment, "content", config)


@dg.asset(
    deps=[data_snapshot, splits],
    group_name=GROUP,
    kinds={"python", "mlflow"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags=TAGS,
    automation_condition=ON_SOUND_INPUTS,
)
def svd(
    context: dg.AssetExecutionContext,
    config: SvdParams,  # type: ignore[valid-type]
    deployment: Deployment,
) -> dg.MaterializeResult:
    """Matrix factorization (scikit-surprise): predicted ratings."""
    return _trained(context, deployment, "svd", config)


@dg.asset(
    deps=[data_snapshot, splits],
    group_name=GROUP,
    kinds={"numpy", "mlflow"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags=TAGS,
    automation_condition=ON_SOUND_INPUTS,
)
def hybrid(
    context: dg.AssetExecutionContext,
    config: HybridParams,  # type: ignore[valid-type]
    deployment: Deployment,
) -> dg.MaterializeResult:
    """Content candidates re-ranked by predicted rating, or the learned blend of scores: whichever validates better.

    It fits its own parts (popularity, content, svd) as it was tuned with them; hence no edge from those assets.
    """
    return _trained(context, deployment, "hybrid", config)


def _trained(
    context: dg.AssetExecutionContext, deployment: Deployment, model: str, config: dg.Config
) -> dg.MaterializeResult:
    trained = train_and_register(
        deployment.settings(),
        model,
        config=as_fields(config),
        run_id=context.run_id,
        progress=context.log.info,
    )
    metadata: dict[str, Any] = {
        "quality": dg.MetadataValue.md(trained.plot_markdown),
        **numbers(trained.evaluation.headline()),
        "dataset": trained.evaluation.dataset,
        "version": trained.version.version,
        "mlflow_run_id": trained.version.run_id,
        "ratings_and_splits": f"data {trained.evaluation.data_version}, splits {trained.evaluation.split_version}",
    }
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{trained.version.model}-v{trained.version.version}"), metadata=metadata
    )
