"""`recsys tuner from-scratch` and `recsys tuner simulated`: tuners that learn from nothing, and all tuners compared."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from recsys_assets.cli.common import MISUSED, DatasetOption, out, settings_of, stop
from recsys_assets.cli.tuner_shared import told

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.settings import Settings

JobsOption = Annotated[int, typer.Option(min=1, help="Processes side by side, of one thread each.")]


def from_scratch(
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each recipe.")] = 5,
    recipe: Annotated[
        list[str] | None,
        typer.Option(help="stages, fives, whole, paid, intune or proposals; again for more. [default: all]"),
    ] = None,
    jobs: JobsOption = 1,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Of all together; then the best weights count.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Decisions of each. [default: the recipe's]")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Train PPO without the fitted model's proposals, its ablations, and InTune's DQN, on simulated pipelines."""
    from recsys_assets.tuner.learned.scratch import VIEWS, train_all

    unknown = sorted(set(recipe or ()) - set(VIEWS))
    if unknown:
        stop(MISUSED, f"No recipe {unknown[0]!r}; there are {', '.join(VIEWS)}.")
    folder = _folder(settings_of(dataset), "scratch")
    done = train_all(
        folder,
        dict.fromkeys(recipe or VIEWS, seeds),
        jobs=jobs,
        minutes=minutes,
        steps=steps,
        progress=told,
    )
    for t in done:
        line = f"{t.name}, seed {t.seed}: q {t.quality:.4f} on validation pipelines, {t.looks[-1].steps:,} decisions"
        out.print(f"{line}, {t.per_cpu_second:,.0f} a CPU second", highlight=False, soft_wrap=True)
    out.print(str(folder), highlight=False, soft_wrap=True)


def simulated(
    seeds: Annotated[int, typer.Option(min=1, help="Of the noise, for each rival.")] = 5,
    pipelines: Annotated[int, typer.Option(min=2, help="Held-out pipelines of each family.")] = 256,
    search: Annotated[bool, typer.Option(help="With black-box searches, minutes of CPU for a seed.")] = True,
    online: Annotated[
        bool, typer.Option("--online", help="With PPO tuned to each pipeline while it runs: seconds of CPU a pipeline.")
    ] = False,
    go_on: Annotated[bool, typer.Option("--go-on", help="Keep what was played before.")] = False,
    jobs: JobsOption = 1,
    dataset: DatasetOption = None,
) -> None:
    """Compare all tuners on held-out simulated pipelines, those of `from-scratch` too; print and publish the tables."""
    from recsys_assets.tuner.evaluation.plays import entrants, play_all
    from recsys_assets.tuner.evaluation.report import played, to_markdown
    from recsys_assets.tuner.reported import add_to_report

    settings = settings_of(dataset)
    folder = _folder(settings, "plays")
    if not go_on:
        shutil.rmtree(folder, ignore_errors=True)
    play_all(
        folder,
        entrants(seeds=seeds, search=search, scratch=_folder(settings, "scratch"), online=online),
        pipelines=pipelines,
        jobs=jobs,
        progress=told,
    )
    contests = played(folder)
    path = add_to_report(settings, "contests", {contest.title: contest.rows() for contest in contests})
    out.print(to_markdown(contests), highlight=False, soft_wrap=True, markup=False)
    out.print(str(path), highlight=False, soft_wrap=True)


def _folder(settings: Settings, name: str) -> Path:
    from recsys_assets.tuner.deployed import folder_of

    return folder_of(settings) / name
