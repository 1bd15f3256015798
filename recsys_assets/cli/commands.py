"""The commands, in the order in which `recsys --help` lists them.

A command is a plain function of a module of this folder; it becomes one by a line in `COMMANDS`. A group of
commands (`recsys quarantine show`) is a `typer.Typer` of its module; it becomes one by a line in `GROUPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from recsys_assets.cli import (
    answers,
    backup,
    data,
    drops,
    evaluate,
    evaluate_agent,
    feedback,
    generate,
    ingest,
    keys,
    models,
    profile,
    quality,
    quarantine,
    rehearse,
    run,
    serve,
    train,
    tune,
    tuner,
)
from recsys_assets.cli import (
    app as web_app,
)

COMMANDS: tuple[Callable[..., Any], ...] = (
    run.materialize,
    run.demo,
    data.datasets,
    ingest.ingest,
    drops.drop,
    generate.generate,
    models.leaderboard,
    evaluate.evaluate,
    evaluate_agent.evaluate_agent,
    evaluate_agent.evaluate_reward,
    evaluate_agent.evaluate_ppo,
    train.train,
    rehearse.rehearse,
    tune.tune,
    answers.recommend,
    answers.similar,
    profile.profile,
    serve.serve,
    web_app.app,
    models.models,
    models.rollback,
    models.audit,
    models.shadow,
    run.doctor,
    backup.backup,
    backup.restore,
)

GROUPS: dict[str, typer.Typer] = {
    "quarantine": quarantine.group,
    "quality": quality.group,
    "feedback": feedback.group,
    "tuner": tuner.group,
    "keys": keys.group,
}
"""Name of the group -> its commands."""

app = typer.Typer(
    help="Movie recommendations as Dagster assets. Start with `recsys demo`, or `recsys materialize`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # "rich" would swallow `[default: ...]`
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        print(version("recsys_assets"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Read by every command."""


for command in COMMANDS:
    app.command()(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)
