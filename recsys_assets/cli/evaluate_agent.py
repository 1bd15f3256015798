"""`recsys evaluate-agent`: agents against strong policies that learn nothing, as `agent_report` does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from recsys_assets.cli.common import MISUSED, NOT_BUILT, DatasetOption, out, settings_of, stop
from recsys_assets.settings import Settings

Environment = Literal["SimulatedFeedback-v0", "RandomUsers-v0"]


def evaluate_agent(
    env: Annotated[
        Environment,
        typer.Option(help="Simulated people of a data set's ratings; or of random tastes, for IMDb's table of movies."),
    ] = "SimulatedFeedback-v0",
    steps: Annotated[int | None, typer.Option(min=1, help="Movies shown while an agent learns.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Agents that are trained, each from another seed.")] = 5,
    sessions: Annotated[int, typer.Option(min=2, help="Of random users.")] = 4_000,
    dataset: DatasetOption = None,
) -> None:
    """Train agents anew and compare them with bandits, recommenders and a tuned re-ranker, on people nothing saw."""
    settings = settings_of(dataset)
    if env == "RandomUsers-v0":
        said, written = _random_users(settings, steps, sessions)
    else:
        said, written = _simulated_feedback(settings, steps, seeds)
    for sentence in said:
        out.print(sentence, highlight=False, soft_wrap=True, markup=False)
    out.print(f"All tables and plots: {written}", highlight=False, soft_wrap=True)


def evaluate_reward(
    dataset: DatasetOption = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(
            help="Of who is held out, and of all else; give several for several draws. [default: as deployed]"
        ),
    ] = None,
) -> None:
    """Fit the reward model of preferences on the training part, and judge it on people that nothing was fitted on.

    The model of the last seed is the one that is kept.
    """
    from recsys_assets.agents.preferences.judged import reliability_figure
    from recsys_assets.agents.preferences.publish import publish_reward_model
    from recsys_assets.atomic import atomic_file
    from recsys_assets.evaluation.canvas import png_bytes
    from recsys_assets.warehouse.lake import LakeError

    settings = settings_of(dataset)
    seeds = seed or [settings.seed]
    try:
        for each in seeds:
            published = publish_reward_model(settings.model_copy(update={"seed": each}), progress=_say)
    except LakeError as error:
        stop(NOT_BUILT, f"{error} `recsys materialize '*splits' --dataset {settings.dataset}` makes what is missing.")
    except ValueError as error:
        stop(MISUSED, str(error))
    picture = settings.reports_dir / settings.dataset / "reward_model.png"
    with atomic_file(picture) as aside:
        aside.write_bytes(png_bytes(reliability_figure(published.report)))
    _say(f"model {published.path}, calibration {picture}")


def evaluate_ppo(
    dataset: DatasetOption = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Movies shown while an agent learns.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Reward models and agents, each from another seed.")] = 3,
    sessions: Annotated[int, typer.Option(min=1, help="Of each person with each agent.")] = 4,
) -> None:
    """Train PPO from feedback from several seeds, and compare it with its start on people nothing was fitted on."""
    from recsys_assets.agents.evaluation.ppo_seeds import ppo_seeds, write_ppo_seeds
    from recsys_assets.agents.evaluation.publish import deployed_setting
    from recsys_assets.agents.ppo.config import PpoConfig
    from recsys_assets.warehouse.lake import LakeError

    settings, config = settings_of(dataset), PpoConfig() if steps is None else PpoConfig(steps=steps)
    try:
        setting = deployed_setting(settings, progress=_say)
    except LakeError as error:
        command = f"recsys materialize '*data_snapshot' --dataset {settings.dataset}"
        stop(NOT_BUILT, f"{settings.dataset} has no published ratings; run `{command}` ({error})")
    except ValueError as error:
        stop(MISUSED, str(error))
    found = ppo_seeds(setting, config, seeds=seeds, sessions_a_seed=sessions, seed=settings.seed, progress=_say)
    for sentence in found.sentences:
        _say(sentence)
    _say(f"Tables and plot: {write_ppo_seeds(found, settings.reports_dir / settings.dataset)}")


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)


def _simulated_feedback(settings: Settings, steps: int | None, seeds: int) -> tuple[list[str], Path]:
    from recsys_assets.agents.dqn.config import DqnConfig
    from recsys_assets.agents.evaluation.publish import publish_agent_report
    from recsys_assets.agents.evaluation.report import ReportConfig
    from recsys_assets.agents.evaluation.written import sentences
    from recsys_assets.agents.recommender import DqnAgentConfig
    from recsys_assets.warehouse.lake import LakeError

    agent = DqnAgentConfig() if steps is None else DqnAgentConfig(dqn=DqnConfig(steps=steps))
    try:
        published = publish_agent_report(settings, agent, ReportConfig(seeds=seeds), progress=_say)
    except LakeError as error:
        command = f"recsys materialize '*data_snapshot' --dataset {settings.dataset}"
        stop(NOT_BUILT, f"{settings.dataset} has no published ratings; run `{command}` ({error})")
    except ValueError as error:
        stop(MISUSED, str(error))
    return sentences(published.report), published.html


def _random_users(settings: Settings, steps: int | None, sessions: int) -> tuple[list[str], Path]:
    from recsys_assets.agents.dqn.random_users import DEFAULTS
    from recsys_assets.agents.environments.random_users import imdb_features
    from recsys_assets.agents.evaluation.random_users_report import report_random_users, sentences, write_random_users
    from recsys_assets.sources.errors import UnavailableError
    from recsys_assets.sources.fetch import fetch
    from recsys_assets.sources.imdb import IMDB_TABLES

    table = IMDB_TABLES[0].file
    try:
        path = fetch(table, settings).path
    except UnavailableError as error:
        stop(NOT_BUILT, f"{table.name} is not here: put it at {table.target(settings)} ({error})")
    dqn = DEFAULTS if steps is None else DEFAULTS.model_copy(update={"steps": steps})
    features = imdb_features(path, seed=settings.seed)
    report = report_random_users(features, dqn, seed=settings.seed, sessions=sessions, progress=_say)
    return sentences(report), write_random_users(
        report, settings.reports_dir / "imdb", name="IMDb's table, random users"
    )
