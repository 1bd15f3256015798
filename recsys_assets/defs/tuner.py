"""The tuner: what limits the training-data pipeline, who tunes it, and the configuration that models train with.

What was measured is shown again, and not measured again, while machine, data, code and settings are as they were.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from recsys_assets.defs.features import data_snapshot
from recsys_assets.defs.metadata import numbers
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from recsys_assets.tuner.exhibits import Made

GROUP = "tuner"
SLOW = {"layer": "tuner", "cost": "slow"}


class KeptParams(dg.Config):
    days: float = Field(
        default=7.0, ge=0, description="What was measured is kept so long while nothing changes; 0: measure anew."
    )


class ProfileParams(KeptParams):
    seconds: float = Field(default=0.6, gt=0, description="Of each of about ten probes, from disk and object store.")


class TunerParams(KeptParams):
    steps: int = Field(default=59_000, gt=0, description="Decisions that are learned from; 1.2 million for a release.")
    envs: int = Field(default=100, gt=0, multiple_of=5, description="Pipelines that are learned from at a time.")
    pipelines: int = Field(default=64, gt=1, description="Simulated pipelines of each family in the comparison.")


class TunedParams(KeptParams):
    decisions: int = Field(default=18, gt=3, description="Of the tuner on the real pipeline, for each storage.")
    interval: float = Field(default=0.6, gt=0, description="Seconds between decisions.")
    slow_seconds: float = Field(
        default=15.0, ge=0, description="For the search of what can't change while a pipeline runs; 0: none."
    )


@dg.asset(
    deps=[data_snapshot],
    group_name=GROUP,
    kinds={"parquet", "python"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags=SLOW,
)
def pipeline_profile(
    context: dg.AssetExecutionContext, config: ProfileParams, deployment: Deployment
) -> dg.MaterializeResult:
    """What limits the training-data pipeline on this machine, and what would help most; measured, not guessed."""
    settings = deployment.settings()

    def make() -> "Made":
        from recsys_assets.tuner.exhibits import make_profile

        return make_profile(settings, seconds=config.seconds, progress=context.log.info)

    return _kept_or_made(context, settings, config, make, file="profile.json")


@dg.asset(
    deps=[pipeline_profile],
    group_name=GROUP,
    kinds={"torch", "numpy"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags=SLOW,
)
def tuner_agent(context: dg.AssetExecutionContext, config: TunerParams, deployment: Deployment) -> dg.MaterializeResult:
    """PPO over a fitted model's proposals, on simulated pipelines; never worse on validation than the model alone."""
    settings = deployment.settings()

    def make() -> "Made":
        from recsys_assets.tuner.exhibits import make_tuner
        from recsys_assets.tuner.learned.training import TunerConfig

        learning = TunerConfig(steps=config.steps, envs=config.envs, validation=config.envs)
        return make_tuner(settings, learning, pipelines=config.pipelines, progress=context.log.info)

    return _kept_or_made(context, settings, config, make, file="policy.npz", measures=False)


@dg.asset(
    deps=[pipeline_profile, tuner_agent],
    group_name=GROUP,
    kinds={"python", "matplotlib"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags=SLOW,
)
def tuned_pipeline_config(
    context: dg.AssetExecutionContext, config: TunedParams, deployment: Deployment
) -> dg.MaterializeResult:
    """Workers of each stage as the tuner found them on the real pipeline, live; the default where that is as good."""
    settings = deployment.settings()

    def make() -> "Made":
        from recsys_assets.tuner.exhibits import make_tuned

        return make_tuned(
            settings,
            decisions=config.decisions,
            interval=config.interval,
            slow_seconds=config.slow_seconds,
            progress=context.log.info,
        )

    return _kept_or_made(context, settings, config, make, file="tuned.json")


def _kept_or_made(
    context: dg.AssetExecutionContext,
    settings: Settings,
    config: KeptParams,
    make: Callable[[], "Made"],
    *,
    file: str,
    measures: bool = True,
) -> dg.MaterializeResult:
    """`file`: what the asset publishes. `measures`: it depends on the machine and the data."""
    from recsys_assets.tuner.deployed import folder_of
    from recsys_assets.tuner.unchanged import keep, read_kept, stamp_of

    name, published = context.asset_key.to_user_string(), folder_of(settings) / file
    stamp = stamp_of(settings, config.model_dump(exclude={"days"}), measures=measures)
    kept = read_kept(settings, name, stamp, days=config.days) if published.exists() else None
    if kept is not None:
        context.log.info(kept.told)
        shown, told = kept.shown, kept.told
    else:
        made = make()
        shown = made.shown
        told = "now" if made.sound else "now, disturbed by others on the machine, so it is measured again next time"
        if made.sound:
            keep(settings, name, stamp, shown)
    return dg.MaterializeResult(
        metadata={
            **numbers(shown.figures),
            **shown.words,
            **{title: dg.MetadataValue.md(text) for title, text in shown.markdown.items()},
            "measured": told,
            "published": dg.MetadataValue.path(str(published)),
        }
    )


def with_tuned_pipeline(settings: Settings, model: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a sequence model with the tuned workers, if there are any."""
    from recsys_assets.tuner.published import with_tuned_pipeline

    return with_tuned_pipeline(settings, fields, model=model)


def with_tuned_vectors(settings: Settings, agent: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The config of an agent that fits vectors of movies through the pipeline, likewise."""
    from recsys_assets.tuner.published import with_tuned_vectors

    return with_tuned_vectors(settings, fields)
