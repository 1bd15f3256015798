"""The tuner: what limits the training-data pipeline, who tunes it, and the configuration that models train with."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from pydantic import Field

from recsys_assets.defs.features import data_snapshot
from recsys_assets.defs.metadata import numbers
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.settings import Settings

GROUP = "tuner"
SLOW = {"layer": "tuner", "cost": "slow"}


class ProfileParams(dg.Config):
    seconds: float = Field(default=0.6, gt=0, description="Of each of about ten probes, from disk and object store.")


class TunerParams(dg.Config):
    steps: int = Field(default=60_000, gt=0, description="Decisions that are learned from; 1.2 million for a release.")
    envs: int = Field(default=250, gt=0, multiple_of=5, description="Pipelines that are learned from at a time.")
    pipelines: int = Field(default=64, gt=1, description="Simulated pipelines of each family in the comparison.")


class TunedParams(dg.Config):
    decisions: int = Field(default=18, gt=3, description="Of the tuner on the real pipeline, for each storage.")
    interval: float = Field(default=0.6, gt=0, description="Seconds between decisions.")


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
    from recsys_assets.tuner.published import publish_profile
    from recsys_assets.tuner.written import profile_markdown

    found = publish_profile(deployment.settings(), seconds=config.seconds, progress=context.log.info)
    metadata: dict[str, dg.RawMetadataValue] = {}
    for p in found:
        name = p.scenario.name.replace("-", "_")
        figures = {
            f"{name}_batches_per_second": p.untuned.batches_per_second,
            f"{name}_stall": p.untuned.stall,
            f"{name}_best_gain": p.best.gain,
            f"{name}_switching_ms": p.switching.call_ms,
        }
        metadata |= {**numbers(figures), f"{name}_limit": p.limit, f"{name}_advice": p.advice}
    return dg.MaterializeResult(metadata={**metadata, "tables": dg.MetadataValue.md(profile_markdown(found))})


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
    from recsys_assets.evaluation.canvas import markdown_image
    from recsys_assets.tuner.evaluation.report import steps_figure, to_markdown
    from recsys_assets.tuner.evaluation.rivals import RIVAL
    from recsys_assets.tuner.learned.training import TunerConfig
    from recsys_assets.tuner.published import publish_tuner

    made = publish_tuner(
        deployment.settings(),
        TunerConfig(steps=config.steps, envs=config.envs, validation=config.envs),
        pipelines=config.pipelines,
        progress=context.log.info,
    )
    looks, name = made.trained.looks, made.trained.tuner.name
    q = {f"q_{c.family.name}": float(c.quality(name).mean()) for c in made.contests}
    figure = steps_figure(made.contests[0], [name, RIVAL, "fitted model"])
    return dg.MaterializeResult(
        metadata={
            **numbers({**q, "q_at_start": looks[0].quality, "q_best_look": max(k.quality for k in looks)}),
            "comparison": dg.MetadataValue.md("SIMULATED.\n\n" + to_markdown(made.contests)),
            "plots": dg.MetadataValue.md(markdown_image(figure, alt="throughput before and after a re-size")),
            "policy": dg.MetadataValue.path(str(made.path)),
        }
    )


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
    from recsys_assets.evaluation.canvas import markdown_image
    from recsys_assets.tuner.deployed import measured_grid
    from recsys_assets.tuner.figures import knee_figure, tuning_figure
    from recsys_assets.tuner.published import publish_tuned
    from recsys_assets.tuner.real.workload import OBJECT_STORE
    from recsys_assets.tuner.written import log_markdown, tuned_markdown

    settings = deployment.settings()
    found = publish_tuned(settings, decisions=config.decisions, interval=config.interval, progress=context.log.info)
    figures = {f"{t.tuned.scenario.replace('-', '_')}_ratio": t.tuned.ratio for t in found}
    grid, told = measured_grid(settings, OBJECT_STORE, 2)
    pictures = [markdown_image(tuning_figure(t), alt=f"tuning of {t.tuned.scenario}") for t in found]
    return dg.MaterializeResult(
        metadata={
            **numbers(figures),
            **{t.tuned.scenario.replace("-", "_"): t.tuned.sentence for t in found},
            "comparison": dg.MetadataValue.md(tuned_markdown(found)),
            "decisions": dg.MetadataValue.md(log_markdown(found)),
            "plots": dg.MetadataValue.md("\n\n".join(pictures)),
            "knee": dg.MetadataValue.md(f"Grid {told}.\n\n{markdown_image(knee_figure(grid), alt='what memory buys')}"),
        }
    )


def with_tuned_pipeline(settings: Settings, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The config of a sequence model with the tuned workers, if there are any."""
    from recsys_assets.tuner.published import with_tuned_pipeline

    return with_tuned_pipeline(settings, fields)


def with_tuned_vectors(settings: Settings, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The config of an agent that fits vectors of movies through the pipeline, likewise."""
    from recsys_assets.tuner.published import with_tuned_vectors

    return with_tuned_vectors(settings, fields)
