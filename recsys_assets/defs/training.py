"""What every model's asset has in common: where it stands in the graph, and what it shows when it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg

from recsys_assets.defs.automation import ON_SOUND_INPUTS
from recsys_assets.defs.config import as_fields
from recsys_assets.defs.features import data_snapshot, splits
from recsys_assets.defs.metadata import bullet_list, feedback_seen, numbers
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.registry.training import train_and_register
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from recsys_assets.evaluation.results import Evaluation
    from recsys_assets.loading.feeding import Feeding

GROUP = "recommenders"
Cost = Literal["quick", "slow"]
"""`quick`: trained and evaluated within half a minute on 100,000 ratings and 2 cores. `make demo` trains only these."""


def model_asset(
    *, kinds: set[str], cost: Cost = "quick", needs: Sequence[dg.AssetsDefinition | str] = ()
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """`@dg.asset` with all that models share; the function's name is the model's, its docstring the description.

    `needs`: assets, or their names, beside data and splits that have to be there, and sound, before it is trained.
    """
    return dg.asset(
        deps=[data_snapshot, splits, *needs],
        group_name=GROUP,
        kinds=kinds | {"mlflow"},
        owners=[TEAM],
        freshness_policy=NIGHTLY,
        tags={"layer": "model", "cost": cost},
        automation_condition=ON_SOUND_INPUTS,
    )


def trained(
    context: dg.AssetExecutionContext,
    deployment: Deployment,
    config: dg.Config,
    settled: Callable[[Settings, str, Mapping[str, Any]], dict[str, Any]] = lambda settings, name, fields: dict(fields),
) -> dg.MaterializeResult:
    """Fit, evaluate and register the model that the asset is named for; `settled`: its config on this deployment."""
    name, settings = context.asset_key.to_user_string(), deployment.settings()
    fields = settled(settings, name, as_fields(config))
    version = train_and_register(settings, name, config=fields, run_id=context.run_id, progress=context.log.info)
    evaluation = version.evaluation
    metadata: dict[str, Any] = {
        **{title: dg.MetadataValue.md(image) for title, image in version.plots_markdown.items()},
        **numbers(evaluation.headline()),
        "dataset": evaluation.dataset,
        "version": version.version.version,
        "mlflow_run_id": version.version.run_id,
        **feedback_seen(version.feedback.version, version.feedback.events),
        "feedback_ratings": len(version.feedback.ratings),
        **({"feedback_left_out": str(version.feedback.left_out)} if any(version.feedback.left_out.values()) else {}),
        "ratings_and_splits": f"data {evaluation.data_version}, splits {evaluation.split_version}",
        "lineage": bullet_list(f"{name}: {of}" for name, of in version.lineage.items()),
        **version.notes,
        **(_fed(settings, version.feeding, evaluation) if version.feeding else {}),
    }
    return dg.MaterializeResult(data_version=dg.DataVersion(f"{name}-v{version.version.version}"), metadata=metadata)


def _fed(settings: Settings, feeding: Feeding, evaluation: Evaluation) -> dict[str, Any]:
    """How the default and the tuned pipeline feed this training: figures for the UI to plot, and a table."""
    from recsys_assets.loading.feeding import feeding_markdown
    from recsys_assets.tuner.published import tuned_sentence

    default, tuned = feeding.default or feeding.training, feeding.tuned or feeding.training
    figures = {
        "training_batches_per_second": feeding.training.throughput,
        "training_stall": feeding.training.stall,
        "default_batches_per_second": default.throughput,
        "default_stall": default.stall,
        "tuned_batches_per_second": tuned.throughput,
        "tuned_stall": tuned.stall,
    }
    quality = f"Validation NDCG@10 {evaluation.headline().get('temporal_validation_ndcg_at_10', float('nan')):.4f}"
    table = f"{feeding_markdown(feeding)} {quality}.\n\n{tuned_sentence(settings)}."
    return {**numbers(figures), "data_pipeline_table": dg.MetadataValue.md(table)}
