"""The command that rehearses the loop: people are simulated, the platform is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markdown import Markdown

from recsys_assets.cli.common import FAILED, DatasetOption, clear_errors, out, settings_of, stop
from recsys_assets.cli.run import require_success, run_graph
from recsys_assets.progress import Progress
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from recsys_assets.agents.answering import SessionAgent
    from recsys_assets.agents.rehearsal.rounds import Platform, Rehearsal
    from recsys_assets.defs.rehearsal import Instance
    from recsys_assets.feedback.events import FeedbackEvent
    from recsys_assets.registry.floors import Floor
    from recsys_assets.serving.rehearsal import Stage


def rehearse(
    agent: Annotated[str, typer.Option(help="Agent that people are served by and that learns.")] = "ppo_agent",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of feedback and retraining.")] = 6,
    people: Annotated[int, typer.Option(min=10, help="People who give feedback.")] = 500,
    held_out: Annotated[int, typer.Option(min=10, help="People who give none, and are measured.")] = 300,
    bots: Annotated[int, typer.Option(min=0, help="Accounts that praise one movie; 0: none.")] = 300,
    bots_from: Annotated[int, typer.Option(min=1, help="Round in which they join.")] = 4,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="The same without inbox, daemon and sensors: minutes, not an hour.")
    ] = False,
    patience: Annotated[float, typer.Option(min=10, help="Seconds that a round's learning may take.")] = 900.0,
    seed: Annotated[int, typer.Option(help="Of people and their chances.")] = 1,
    dataset: DatasetOption = None,
) -> None:
    """Simulated people give feedback through the inbox, sensors retrain, and what others get out of it is measured.

    Use a deployment of its own (RECSYS_DATA_DIR, RECSYS_MODELS_DIR, DAGSTER_HOME): feedback of people who do not exist
    stays in it. One that has no champion of the agent yet is made first.
    """
    from recsys_assets.agents.rehearsal.bots import BotsConfig, bots_among
    from recsys_assets.agents.rehearsal.people import PeopleConfig
    from recsys_assets.agents.rehearsal.rounds import RoundsConfig, frame_of
    from recsys_assets.agents.rehearsal.rounds import rehearse as play
    from recsys_assets.defs.launch import prepare_instance
    from recsys_assets.serving.rehearsal import stage_of, write_rehearsal

    settings, config = settings_of(dataset), RoundsConfig(rounds=rounds)
    home, began = prepare_instance(), time.monotonic()

    def say(line: str) -> None:
        out.print(f"[{time.monotonic() - began:6.0f} s] {line}", highlight=False, soft_wrap=True, markup=False)

    _served_first(settings, agent)
    with clear_errors():
        stage = stage_of(settings, PeopleConfig(active=people, held_out=held_out), seed=seed, progress=say)
        stage.champion(agent)  # it answers these people, or this says what to do
        praising = bots_among(stage.people, BotsConfig(accounts=bots, first_round=bots_from))
        name = f"rehearsal-{seed}-{int(time.time())}"
        rivals = stage.rivals(agent, seed=seed, progress=say)
        playing = partial(
            play, stage.people, rivals=rivals, config=config, name=name, seed=seed, bots=praising, progress=say
        )
        if in_memory:
            found, sent, judged = _without_platform(stage, agent, playing)
        else:
            found, sent, judged = _with_platform(stage, agent, home, playing, patience=patience, progress=say)
        gate = ""
        if bots and rounds >= bots_from:
            gate = _gate_on_bots(judged(stage.credulous(agent, frame_of(sent))))
        title = "rehearsal_in_memory" if in_memory else "rehearsal"
        path = write_rehearsal(stage, found, config, seed=seed, bots=praising, gate=gate, name=title)
    out.print(Markdown(path.read_text(encoding="utf-8")))
    out.print(f"{path} ({time.monotonic() - began:.0f} s)", highlight=False)


Judged = Callable[["SessionAgent"], "Floor"]


def _without_platform(
    stage: Stage, agent: str, playing: Callable[[Platform], Rehearsal]
) -> tuple[Rehearsal, list[FeedbackEvent], Judged]:
    from recsys_assets.serving.rehearsal_in_memory import PlatformInMemory

    memory = PlatformInMemory(stage, agent)
    return playing(memory.platform()), memory.sent, memory.gate


def _with_platform(
    stage: Stage,
    agent: str,
    home: Path,
    playing: Callable[[Platform], Rehearsal],
    *,
    patience: float,
    progress: Progress,
) -> tuple[Rehearsal, list[FeedbackEvent], Judged]:
    from recsys_assets.defs.rehearsal import RehearsalError, daemon, open_instance

    sent: list[FeedbackEvent] = []
    try:
        with (
            open_instance(home) as instance,
            daemon(home, log=stage.settings.log_dir / "rehearsal_daemon.log"),
        ):
            found = playing(_platform(stage, instance, agent, sent, patience=patience, progress=progress))
    except RehearsalError as error:
        stop(FAILED, str(error))
    return found, sent, partial(stage.gate, agent)


def _served_first(settings: Settings, agent: str) -> None:
    """A deployment without a champion of `agent` is made."""
    from recsys_assets.registry import NotRegisteredError
    from recsys_assets.registry.export import champion_path

    try:
        champion_path(settings, agent)
    except NotRegisteredError:
        require_success(run_graph(settings, f"*{agent}_champion"))


def _platform(
    stage: Stage,
    instance: Instance,
    agent: str,
    sent: list[FeedbackEvent],
    *,
    patience: float,
    progress: Progress,
) -> Platform:
    """The running deployment; what it is given is kept in `sent` too."""
    from recsys_assets.agents.rehearsal.rounds import Platform
    from recsys_assets.defs.rehearsal import come_to_rest
    from recsys_assets.feedback.folders import Folders
    from recsys_assets.feedback.inbox import Inbox
    from recsys_assets.feedback.training_data import published_feedback
    from recsys_assets.registry.trial import last_trial
    from recsys_assets.warehouse.lake import Lake

    settings = stage.settings
    before = len(published_feedback(Lake(settings.lake_dir)).events)

    def deliver(events: Sequence[FeedbackEvent]) -> None:
        with Inbox(Folders.of(settings).inbox) as inbox:
            for start in range(0, len(events), inbox.max_events):
                inbox.append(events[start : start + inbox.max_events])
        sent.extend(events)

    def learn() -> str:
        least = before + len(sent)
        seen = come_to_rest(settings, instance, agent, least_events=least, patience=patience, progress=progress)
        served, trial = stage.champion(agent).version, last_trial(settings, agent)
        return (
            f"{agent} version {seen.model_version} has seen {seen.feedback_events:,} events; served: {served}; the "
            f"gate: {trial.decision.reason}"
        )

    return Platform(lambda: stage.champion(agent), deliver, learn)


def _gate_on_bots(floor: Floor) -> str:
    """What the gate says of a champion that had believed everybody."""
    told = "would let through" if floor.holds else "would refuse"
    return f"The gate {told} the champion that believes everybody: {floor.said}."
