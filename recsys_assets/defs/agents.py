"""Agents: the people they are trained on, the agent on the leaderboard, and whether it earned its place."""

import dagster as dg

from recsys_assets.defs.config import launchpad_config
from recsys_assets.defs.features import data_snapshot, splits
from recsys_assets.defs.metadata import numbers
from recsys_assets.defs.resources import NIGHTLY, TEAM, Deployment
from recsys_assets.defs.training import model_asset, trained
from recsys_assets.defs.tuner import tuned_pipeline_config, with_tuned_vectors

GROUP = "agents"
DqnAgentParams = launchpad_config("dqn_agent")
PpoAgentParams = launchpad_config("ppo_agent")
SEQUENCE_MODEL = "gru4rec"
"""Whose frozen vectors describe movies to the agent."""
LIKE_HELD_OUT_USERS = dg.AssetCheckSpec(
    "like_held_out_users",
    asset="user_simulator",
    blocking=True,
    description="Tastes must foretell held-out users' ratings better than the movies' level, and acts be calibrated.",
)

BETTER_THAN_MEANS = dg.AssetCheckSpec(
    "better_than_movies_means",
    asset="reward_model",
    blocking=True,
    description="More of held-out people's pairs in the right order than by the movies' means, and chances calibrated. "
    "It stops what learns from the model only where the model is worse beyond chance; of few people little is sure.",
)


@dg.asset(
    deps=[data_snapshot],
    group_name=GROUP,
    kinds={"numpy"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "model", "cost": "slow"},
    check_specs=[LIKE_HELD_OUT_USERS],
)
def user_simulator(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """Simulated people, made of training users, and how like held-out users they are.

    The check is part of it: both ask the same people, who take longer to make than to judge.
    """
    from recsys_assets.agents.evaluation.publish import validated_simulator
    from recsys_assets.agents.simulators.figures import validation_figure
    from recsys_assets.evaluation.canvas import markdown_image

    report = validated_simulator(deployment.settings())
    return dg.MaterializeResult(
        metadata={
            "fold_in_rmse": report.fold_in_rmse,
            "level_rmse": report.level_rmse,
            "held_out_ratings": report.n_ratings,
            "noise": report.noise,
            "summary": report.summary,
            "assumptions": report.assumptions,
            "plots": dg.MetadataValue.md(markdown_image(validation_figure(report), alt="validation of the simulator")),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=LIKE_HELD_OUT_USERS.name,
                passed=report.passed,
                severity=dg.AssetCheckSeverity.ERROR,
                description=report.summary,
                metadata={"fold_in_rmse": report.fold_in_rmse, "level_rmse": report.level_rmse},
            )
        ],
    )


@model_asset(kinds={"torch"}, cost="slow", needs=[user_simulator, SEQUENCE_MODEL, tuned_pipeline_config])
def dqn_agent(
    context: dg.AssetExecutionContext, config: DqnAgentParams, deployment: Deployment
) -> dg.MaterializeResult:
    """A Double DQN over all movies: starts as the best supervised policy, and learns the value of whole sessions.

    Movies are described to it by the published `gru4rec`, frozen; the version is named in its lineage. Where that was
    fitted on other ratings its settings are fitted anew, through the tuned pipeline.
    """
    return trained(context, deployment, config, with_tuned_vectors)


@dg.asset(
    deps=[user_simulator, data_snapshot, splits],
    group_name=GROUP,
    kinds={"torch"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "model", "cost": "slow"},
    check_specs=[BETTER_THAN_MEANS],
)
def reward_model(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """What people like better than what, by ratings, choices and feedback: three networks and how far they agree.

    Fitted on the training part and judged on people it never saw: whether agents may learn from such a model.
    """
    from recsys_assets.agents.preferences.judged import reliability_figure
    from recsys_assets.agents.preferences.publish import publish_reward_model
    from recsys_assets.evaluation.canvas import markdown_image

    published = publish_reward_model(deployment.settings(), progress=context.log.info)
    report = published.report
    figures = numbers(report.figures)
    plot = markdown_image(reliability_figure(report), alt="calibration of the reward model")
    return dg.MaterializeResult(
        metadata={
            **figures,
            "summary": report.summary,
            "calibration": dg.MetadataValue.md(plot),
            "export": dg.MetadataValue.path(str(published.path)),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=BETTER_THAN_MEANS.name,
                passed=report.passed,
                severity=dg.AssetCheckSeverity.ERROR if report.clearly_worse else dg.AssetCheckSeverity.WARN,
                description=report.summary,
                metadata=figures,
            )
        ],
    )


@model_asset(kinds={"torch"}, cost="slow", needs=[user_simulator, reward_model])
def ppo_agent(
    context: dg.AssetExecutionContext, config: PpoAgentParams, deployment: Deployment
) -> dg.MaterializeResult:
    """PPO against a reward model learned from ratings, choices and feedback, held near what is served.

    It learns its model as `reward_model` does, of all people it may learn from, and waits for that one to be sound.
    `start: champion` goes on from the champion within a minute; the nightly run begins from scratch.
    """
    return trained(context, deployment, config)


@dg.asset(
    deps=[user_simulator, data_snapshot],
    group_name=GROUP,
    kinds={"torch", "matplotlib"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "report", "cost": "slow"},
)
def agent_report(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """Agents of five seeds against strong policies that learn nothing, on people that nothing was fitted on."""
    from recsys_assets.agents.evaluation.publish import publish_agent_report
    from recsys_assets.agents.evaluation.report import headline

    published = publish_agent_report(deployment.settings(), progress=context.log.info)
    pictures = "\n\n".join(f"![{title}]({source})" for title, source in published.images.items())
    return dg.MaterializeResult(
        metadata={
            "verdict": published.report.verdict.sentence,
            **numbers(headline(published.report)),
            "tables": dg.MetadataValue.md(published.markdown),
            "plots": dg.MetadataValue.md(pictures),
            "report": dg.MetadataValue.path(str(published.html)),
        }
    )
