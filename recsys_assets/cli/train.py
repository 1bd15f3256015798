"""The command that trains one model by hand, with its progress."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from recsys_assets.cli.common import FAILED, MISUSED, DatasetOption, clear_errors, out, settings_of, stop
from recsys_assets.progress import Progress
from recsys_assets.settings import Settings

AGENTS = {"dqn": "dqn_agent", "dqn_agent": "dqn_agent", "ppo": "ppo_agent", "ppo_agent": "ppo_agent"}
STEPS_OF = {"dqn_agent": "dqn", "ppo_agent": "ppo"}
"""Part of an agent's config that says how long it learns."""
SERVED = "SimulatedFeedback-v0"
"""The environment of the agent that is served: it shows what a service sees of a session."""
ENVIRONMENTS = (SERVED, "LoggedSession-v0", "RatedCatalogue-v0", "RandomUsers-v0")


def train(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="dqn, ppo, or any model of the leaderboard.")],
    env: Annotated[
        str,
        typer.Option(
            help=f"Environment that an agent learns in: {', '.join(ENVIRONMENTS)}. In all but the first it learns from "
            "nothing, is judged there, and is not served."
        ),
    ] = SERVED,
    steps: Annotated[int | None, typer.Option(min=1, help="Movies shown while an agent learns.")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Fit a model on the data published last, judge it, and register it as challenger."""
    from recsys_assets.recommenders import MODELS
    from recsys_assets.warehouse.lake import LakeError

    settings, name = settings_of(dataset), AGENTS.get(model, model)
    if name not in MODELS:
        stop(MISUSED, f"there is no model {model!r}; models are {', '.join(MODELS)}")
    if name not in AGENTS.values() and (steps is not None or env != SERVED):
        stop(MISUSED, f"{name} is no agent: --env and --steps are of agents ({', '.join(AGENTS)})")
    if env not in ENVIRONMENTS:
        stop(MISUSED, f"there is no environment {env!r}; environments are {', '.join(ENVIRONMENTS)}")

    if env != SERVED and name != "dqn_agent":
        stop(MISUSED, f"{name} learns in {SERVED} alone; `recsys train dqn --env {env}` tries a DQN there")

    def progress(line: str) -> None:
        out.print(line, highlight=False, soft_wrap=True)

    with clear_errors():
        try:
            if env == SERVED:
                _register(settings, name, steps, progress)
            else:
                _try_in(settings, env, steps, progress)
        except LakeError as error:
            stop(MISUSED, str(error))


def _register(settings: Settings, name: str, steps: int | None, progress: Progress) -> None:
    """Train what can be served."""
    from recsys_assets.registry.training import train_and_register

    config: dict[str, Any] = {STEPS_OF[name]: {"steps": steps}} if steps is not None else {}
    trained = train_and_register(settings, name, config=config, progress=progress)
    for note, told in trained.notes.items():
        progress(f"{note.replace('_', ' ')}: {told}")
    figures = ", ".join(f"{k} {v:.3f}" for k, v in trained.evaluation.headline().items())
    progress(f"{name} version {trained.version.version} is a challenger: {figures}")
    progress(f"`recsys materialize {name}_champion` tries and promotes it.")


def _try_in(settings: Settings, env: str, steps: int | None, progress: Progress) -> None:
    """Train from nothing where states hold no belief of a taste; what comes of it is no recommender."""
    from recsys_assets.agents.from_scratch.config import ScratchConfig
    from recsys_assets.agents.from_scratch.publish import train_deployed

    config = ScratchConfig() if steps is None else ScratchConfig(steps=steps)
    try:
        done = train_deployed(settings, env, config, progress=progress)  # type: ignore[arg-type]
    except ValueError as error:  # people or sequences are too few
        stop(FAILED, f"{env} cannot train an agent on {settings.dataset}: {error}")
    progress(f"{done.result.sentence}. It is not served: {SERVED} trains what is.")
    progress(f"network {done.network}, figures {done.figures}, picture {done.picture}")
