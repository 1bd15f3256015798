"""Learning from people: what they prefer, as a reward model that is judged before anything is trained by it."""

import dagster as dg

from recsys_assets.defs.agents import GROUP
from recsys_assets.defs.features import data_snapshot, splits
from recsys_assets.defs.metadata import numbers
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment

BETTER_THAN_MEANS = dg.AssetCheckSpec(
    "better_than_movies_means",
    asset="reward_model",
    blocking=True,
    description="Held-out users' pairs: more in the right order than by the movies' means, and chances calibrated.",
)


@dg.asset(
    deps=[data_snapshot, splits],
    group_name=GROUP,
    kinds={"torch"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "model", "cost": "slow"},
    check_specs=[BETTER_THAN_MEANS],
)
def reward_model(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """What people like better than what, by ratings, choices and feedback: three networks and how far they agree."""
    from recsys_assets.agents.preferences.judged import reliability_figure
    from recsys_assets.agents.preferences.publish import publish_reward_model
    from recsys_assets.evaluation.canvas import markdown_image

    published = publish_reward_model(deployment.settings(), progress=context.log.info)
    report = published.report
    figures = {
        "pair_accuracy": report.accuracy,
        "item_mean_accuracy": report.item_mean,
        "taste_accuracy": report.taste,
        "calibration_error": report.ece,
        "spearman": report.spearman,
        "held_out_pairs": float(report.n_pairs),
    }
    plot = markdown_image(reliability_figure(report), alt="calibration of the reward model")
    return dg.MaterializeResult(
        metadata={
            **numbers(figures),
            "summary": report.summary,
            "plots": dg.MetadataValue.md(plot),
            "export": dg.MetadataValue.path(str(published.path)),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=BETTER_THAN_MEANS.name,
                passed=report.passed,
                severity=dg.AssetCheckSeverity.ERROR,
                description=report.summary,
                metadata=numbers(figures),
            )
        ],
    )
