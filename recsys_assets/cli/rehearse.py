"""The command that rehearses the loop: people are simulated, the platform is not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markdown import Markdown

from recsys_assets.cli.common import FAILED, DatasetOption, clear_errors, out, settings_of, stop

if TYPE_CHECKING:
    from recsys_assets.feedback.events import FeedbackEvent


def rehearse(
    agent: Annotated[str, typer.Option(help="Agent that people are served by and that learns.")] = "ppo_agent",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of feedback and retraining.")] = 6,
    people: Annotated[int, typer.Option(min=10, help="People who give feedback.")] = 500,
    held_out: Annotated[int, typer.Option(min=10, help="People who give none, and are measured.")] = 300,
    patience: Annotated[float, typer.Option(min=10, help="Seconds that a round's learning may take.")] = 900.0,
    seed: Annotated[int, typer.Option(help="Of people and their chances.")] = 1,
    dataset: DatasetOption = None,
) -> None:
    """Simulated people give feedback through the inbox, sensors retrain, and what others get out of it is measured.

    Use a deployment of its own (RECSYS_DATA_DIR, RECSYS_MODELS_DIR, DAGSTER_HOME): feedback of people who do not exist
    stays in it.
    """
    from recsys_assets.agents.rehearsal.people import PeopleConfig
    from recsys_assets.agents.rehearsal.rounds import Platform, RoundsConfig
    from recsys_assets.agents.rehearsal.rounds import rehearse as play
    from recsys_assets.defs.launch import prepare_instance
    from recsys_assets.defs.rehearsal import RehearsalError, come_to_rest, daemon, open_instance
    from recsys_assets.feedback.folders import Folders
    from recsys_assets.feedback.inbox import Inbox
    from recsys_assets.feedback.training_data import published_feedback
    from recsys_assets.serving.rehearsal import stage_of, write_rehearsal
    from recsys_assets.warehouse.lake import Lake

    settings, config = settings_of(dataset), RoundsConfig(rounds=rounds)
    home, began = prepare_instance(), time.monotonic()

    def say(line: str) -> None:
        out.print(f"[{time.monotonic() - began:6.0f} s] {line}", highlight=False, soft_wrap=True, markup=False)

    with clear_errors(), open_instance(home) as instance:
        stage = stage_of(settings, PeopleConfig(active=people, held_out=held_out), seed=seed, progress=say)
        stage.champion(agent)  # there is one, or this says what to do
        expected = len(published_feedback(Lake(settings.lake_dir)).events)

        def deliver(events: Sequence[FeedbackEvent]) -> None:
            nonlocal expected
            with Inbox(Folders.of(settings).inbox) as inbox:
                for start in range(0, len(events), inbox.max_events):
                    inbox.append(events[start : start + inbox.max_events])
            expected += len(events)

        def learn() -> str:
            seen = come_to_rest(settings, instance, agent, least_events=expected, patience=patience)
            served = stage.champion(agent).version
            return f"{agent} version {seen.model_version} has seen {seen.feedback_events:,} events; served: {served}"

        platform = Platform(lambda: stage.champion(agent), deliver, learn)
        name = f"rehearsal-{seed}-{int(time.time())}"
        try:
            with daemon(home, log=settings.log_dir / "rehearsal_daemon.log"):
                rivals = stage.rivals(seed=seed, progress=say)
                found = play(stage.people, platform, rivals, config, name=name, seed=seed, progress=say)
        except RehearsalError as error:
            stop(FAILED, str(error))
        path = write_rehearsal(stage, found, config, seed=seed)
    out.print(Markdown(path.read_text(encoding="utf-8")))
    out.print(f"{path} ({time.monotonic() - began:.0f} s)", highlight=False)
