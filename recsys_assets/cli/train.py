"""The command that trains one model by hand, with its progress, and registers it as challenger."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from recsys_assets.cli.common import MISUSED, DatasetOption, clear_errors, out, settings_of, stop

AGENTS = {"dqn": "dqn_agent", "dqn_agent": "dqn_agent", "ppo": "ppo_agent", "ppo_agent": "ppo_agent"}
STEPS_OF = {"dqn_agent": "dqn", "ppo_agent": "ppo"}
"""Part of an agent's config that says how long it learns."""
ENVIRONMENTS = ("SimulatedFeedback-v0",)
"""In which an agent that is served can be trained: it has to see what a service sees of a session."""


def train(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="dqn, ppo, or any model of the leaderboard.")],
    env: Annotated[str, typer.Option(help="Environment that an agent is trained in.")] = ENVIRONMENTS[0],
    steps: Annotated[int | None, typer.Option(min=1, help="Movies shown while an agent learns.")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Fit a model on the data published last, judge it, and register it as challenger."""
    from recsys_assets.recommenders import MODELS
    from recsys_assets.registry.training import train_and_register
    from recsys_assets.warehouse.lake import LakeError

    settings, name = settings_of(dataset), AGENTS.get(model, model)
    if name not in MODELS:
        stop(MISUSED, f"there is no model {model!r}; models are {', '.join(MODELS)}")
    if name not in AGENTS.values() and (steps is not None or env != ENVIRONMENTS[0]):
        stop(MISUSED, f"{name} is no agent: --env and --steps are of agents ({', '.join(AGENTS)})")
    if env not in ENVIRONMENTS:
        stop(MISUSED, f"an agent that is served is trained in {', '.join(ENVIRONMENTS)}, not in {env!r}")
    config: dict[str, Any] = {STEPS_OF[name]: {"steps": steps}} if steps is not None else {}
    with clear_errors():
        try:
            trained = train_and_register(
                settings, name, config=config, progress=lambda line: out.print(line, highlight=False)
            )
        except LakeError as error:
            stop(MISUSED, str(error))
    figures = ", ".join(f"{k} {v:.3f}" for k, v in trained.evaluation.headline().items())
    out.print(f"{name} version {trained.version.version} is a challenger: {figures}", highlight=False, soft_wrap=True)
    out.print(f"`recsys materialize {name}_champion` tries and promotes it.", highlight=False)
