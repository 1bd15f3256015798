"""Commands that run the asset graph, and the one that looks whether they could."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.answers import recommend
from recsys_assets.cli.common import FAILED, MISUSED, DatasetOption, JsonOption, out, print_json, settings_of, stop
from recsys_assets.cli.models import leaderboard
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    from recsys_assets.defs.launch import RunOutcome

SLOW = 'tag:cost="slow"'
"""Models that take minutes; the tag is set in `defs/recommenders.py`."""


def materialize(
    selection: Annotated[
        str,
        typer.Argument(
            help=r"Assets: svd, '\*splits' (with what it needs), 'svd\*' (with what follows), 'svd ease' (both)."
        ),
    ] = "*",
    dataset: DatasetOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the models that take minutes to train.")] = False,
) -> None:
    """Fetch, validate, train, compare and promote: run the asset graph and wait, a line for every step."""
    require_success(run_graph(settings_of(dataset), selection, leave_out=SLOW if quick else ""))


def demo(dataset: DatasetOption = None, user: Annotated[int, typer.Option(help="Who gets the list.")] = 1) -> None:
    """Run the graph with all quick models, then show the leaderboard, ten recommendations, and what to open next."""
    settings = settings_of(dataset)
    require_success(run_graph(settings, "*", leave_out=SLOW))
    leaderboard(dataset=settings.dataset)
    recommend(user=str(user), k=10, dataset=settings.dataset)
    report = settings.reports_dir / "leaderboard.html"
    out.print("\n[bold]What to open next[/]")
    out.print("  .venv/bin/recsys materialize                 also the models that take minutes: sequences, blends")
    out.print("  make dev                                     lineage, checks, runs and plots at http://127.0.0.1:3000")
    out.print(f"  {report}", soft_wrap=True)
    out.print('  .venv/bin/recsys similar "TITLE"             titles near one you like')
    out.print("  .venv/bin/recsys materialize --dataset ml-latest-small    the same on real ratings")


def doctor(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """What is installed, where data and models are, and what is stale. Exits with 1 where something is broken."""
    from recsys_assets.serving.doctor import examine

    report = examine(settings_of(dataset))
    if as_json:
        print_json(report)
    else:
        table = RichTable(show_header=False, box=None)
        for finding in report:
            mark = {"ok": "[green]ok[/]", "stale": "[yellow]stale[/]", "missing": "[dim]missing[/]"}.get(
                finding.state, "[red]broken[/]"
            )
            table.add_row(mark, finding.subject, finding.detail)
        out.print(table)
    if any(f.state == "broken" for f in report):
        raise typer.Exit(FAILED)


def run_graph(settings: Settings, selection: str, *, leave_out: str = "") -> RunOutcome:
    """Materialize and say how it goes, a line for every step; stops where the run can't start."""
    from recsys_assets.defs.launch import LaunchError, StepEvent
    from recsys_assets.defs.launch import materialize as launched

    out.print(f"Materializing {settings.dataset}; the first step starts when the libraries are loaded")
    with out.status(f"[bold]{settings.dataset}[/]: starting") as status:
        running: dict[str, float] = {}

        def listen(event: StepEvent) -> None:
            clock = f"[dim]{event.seconds:6.1f} s[/]"
            if event.kind == "started":
                running[event.step] = event.seconds
            elif event.kind == "done":
                took = event.seconds - running.pop(event.step, event.seconds)
                out.print(f"{clock} [green]done[/]    {event.step} [dim]({took:.1f} s)[/]")
            elif event.kind == "log":
                line = event.message.removeprefix(f"{event.step}: ")
                out.print(f"{clock} [dim]        {event.step}: {escape(line)}[/]", highlight=False)
            elif event.kind in ("broken", "warning"):
                colour = "red" if event.kind == "broken" else "yellow"
                out.print(f"{clock} [{colour}]{event.kind:7}[/] {escape(event.message)}", highlight=False)
            else:
                running.pop(event.step, None)
                colour = "red" if event.kind == "failed" else "yellow"
                out.print(f"{clock} [{colour}]{event.kind}[/]  {event.step} {escape(' '.join(event.message.split()))}")
            status.update(f"[bold]{settings.dataset}[/]: {', '.join(sorted(running)) or 'waiting'}")

        try:
            outcome = launched(dataset=settings.dataset, selection=selection, leave_out=leave_out, listener=listen)
        except LaunchError as error:
            stop(MISUSED, str(error))
    return outcome


def require_success(outcome: RunOutcome) -> None:
    """Say how long it took, or stop and say where the run failed and how to see why."""
    if not outcome.success:
        rows = (
            "`recsys quality open` shows what was found, and "
            if any("expectations" in s for s in outcome.failed)
            else ""
        )
        stop(
            FAILED,
            f"the run failed in {', '.join(outcome.failed) or 'its set-up'} after {outcome.seconds:.0f} s; "
            f"{rows}`make dev`, then http://127.0.0.1:3000/runs/{outcome.run_id} shows why",
        )
    out.print(f"[green]Everything is up to date[/] after {outcome.seconds:.0f} s (run {outcome.run_id[:8]})\n")
