"""`recsys ...`: the platform from a terminal. Thin: each command calls one function and prints what it returns.

Exit codes: 0 done; 1 the work failed; 2 the command was used wrongly; 3 what was asked for has not been built yet.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.settings import Settings, load_settings

FAILED, NOT_BUILT = 1, 3

app = typer.Typer(
    help="Movie recommendations as Dagster assets. Start with `recsys demo`, or `recsys materialize`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out, err = Console(), Console(stderr=True)

DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", "-d", help="Data set, e.g. synthetic or ml-latest-small. [default: $RECSYS_DATASET]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="Which champion answers. [default: the best on validation]")
]


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


@app.command()
def materialize(
    selection: Annotated[
        str, typer.Argument(help="Assets: svd, '*splits' (with what it needs), 'svd*' (with what follows).")
    ] = "*",
    dataset: DatasetOption = None,
) -> None:
    """Fetch, validate, train, compare and promote: run the asset graph and wait, a line for every step."""
    _materialize(_settings(dataset), selection)


@app.command()
def demo(dataset: DatasetOption = None, user: Annotated[int, typer.Option(help="Who gets the list.")] = 1) -> None:
    """Run the whole graph, then show the leaderboard, ten recommendations with reasons, and what to open next."""
    settings = _settings(dataset)
    _materialize(settings, "*")
    leaderboard(dataset=settings.dataset)
    recommend(user=user, k=10, dataset=settings.dataset)
    report = settings.reports_dir / "leaderboard.html"
    out.print("\n[bold]What to open next[/]")
    out.print("  make dev                                     lineage, checks, runs and plots at http://127.0.0.1:3000")
    out.print(f"  {report}", soft_wrap=True)
    out.print('  .venv/bin/recsys similar "TITLE"             titles near one you like')
    out.print("  .venv/bin/recsys materialize --dataset ml-latest-small    the same on real ratings")


@app.command()
def datasets(as_json: JsonOption = False) -> None:
    """What there is to recommend from: size, licence, where it would come from, what is on disk."""
    from recsys_assets.sources.inventory import inventory

    listed = inventory(load_settings())
    if as_json:
        _print_json(listed)
        return
    table = RichTable(title="Data sets", title_justify="left")
    for column in ("--dataset", "ratings", "what", "from", "on disk"):
        table.add_column(column, justify="right" if column in ("ratings", "on disk") else "left", overflow="fold")
    for status in listed:
        found = status.dataset
        table.add_row(
            found.name,
            f"{found.ratings:,}" if found.ratings else "any",
            f"{found.title}: {found.description}",
            escape(status.origin),
            f"{status.bytes_on_disk / 1e6:,.1f} MB" if status.bytes_on_disk else "",
        )
    out.print(table)
    for licence in dict.fromkeys(s.dataset.licence for s in listed):
        names = ", ".join(s.dataset.name for s in listed if s.dataset.licence == licence)
        out.print(f"[bold]{names}[/]: {licence}", highlight=False)


@app.command()
def leaderboard(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """Every model on the same frozen splits."""
    settings = _settings(dataset)
    path = settings.reports_dir / settings.dataset / "leaderboard.json"
    if not path.exists():
        _stop(
            NOT_BUILT,
            f"{settings.dataset} has no leaderboard yet; run `recsys materialize --dataset {settings.dataset}`",
        )
    if as_json:
        print(path.read_text(encoding="utf-8"))
        return
    from recsys_assets.evaluation.leaderboard import terminal_table

    document = json.loads(path.read_text(encoding="utf-8"))
    out.print(terminal_table(document))
    out.print(escape(document["verdict"]), highlight=False)
    out.print(f"[dim]{path.with_suffix('.html')}[/]", soft_wrap=True)


@app.command()
def recommend(
    user: Annotated[int, typer.Option("--user", "-u", help="User id; an unknown one gets what most rate well.")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    model: ModelOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Movies for a user, each with its reasons."""
    from recsys_assets.serving.answers import recommend as answer

    settings = _settings(dataset)
    with _clear_errors():
        listed = answer(settings, user, k, model=model)
    if as_json:
        _print_json(listed)
        return
    table = RichTable(title=f"{k} movies for user {user} · {listed.model} · {settings.dataset}", title_justify="left")
    for column in ("#", "movie", "genres", "score", "because"):
        table.add_column(column, justify="right" if column in "#score" else "left", overflow="fold")
    for movie in listed.movies:
        table.add_row(
            str(movie.position),
            escape(movie.title),
            ", ".join(movie.genres),
            f"{movie.score:.3f}",
            escape("\n".join(movie.reasons)),
        )
    out.print(table)
    if listed.fallback:
        out.print(f"[yellow]User {user} is unknown: these are the movies most people rate well.[/]")


@app.command()
def similar(
    title: Annotated[str, typer.Argument(help='As listed, e.g. "Toy Story (1995)"; the year may be left out.')],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    model: Annotated[str, typer.Option("--model", "-m", help="A model that knows similar movies.")] = "content",
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Movies like one you name."""
    from recsys_assets.serving.answers import similar as answer

    settings = _settings(dataset)
    with _clear_errors():
        listed_title, near = answer(settings, title, k, model=model)
    if as_json:
        _print_json({"title": listed_title, "model": model, "movies": near})
        return
    table = RichTable(title=f"Like {escape(listed_title)} · {model} · {settings.dataset}", title_justify="left")
    for column in ("#", "movie", "genres", "similarity"):
        table.add_column(column, justify="right" if column in ("#", "similarity") else "left")
    for movie in near:
        table.add_row(str(movie.position), escape(movie.title), ", ".join(movie.genres), f"{movie.score:.3f}")
    out.print(table)


@app.command()
def models(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """Registered versions, their aliases, and which champion is served."""
    from recsys_assets.registry import Registry

    settings = _settings(dataset)
    with _clear_errors():
        versions = Registry(settings).versions_of_all()
    if as_json:
        _print_json(versions)
        return
    if not versions:
        _stop(
            NOT_BUILT,
            f"{settings.dataset} has no models yet; run `recsys materialize --dataset {settings.dataset}`",
        )
    table = RichTable(title=f"Models · {settings.dataset}", title_justify="left")
    for column in ("model", "version", "aliases", "trained (UTC)", "data", "NDCG@10 val", "RMSE test"):
        table.add_column(column)
    for v in versions:
        figures = v.metrics
        table.add_row(
            v.model,
            str(v.version),
            ", ".join(v.aliases),
            f"{v.created_at:%Y-%m-%d %H:%M}",
            v.tags.get("data_version", ""),
            _figure(figures.get("temporal_validation_ndcg_at_10")),
            _figure(figures.get("temporal_test_rmse")),
        )
    out.print(table)


@app.command()
def rollback(
    model: Annotated[str, typer.Argument(help="Model, e.g. svd.")],
    version: Annotated[int | None, typer.Argument(help="Version. [default: the champion before this one]")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Make an earlier version the champion again, and export it for serving."""
    from recsys_assets.registry import Registry
    from recsys_assets.registry.export import rollback as roll_back

    settings = _settings(dataset)
    with _clear_errors():
        restored = roll_back(Registry(settings), model, version)
    out.print(f"{model} is served from version {restored.version} again.")


@app.command()
def doctor(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """What is installed, where data and models are, and what is stale. Exits with 1 where something is broken."""
    from recsys_assets.serving.doctor import examine

    report = examine(_settings(dataset))
    if as_json:
        _print_json(report)
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


# -- helpers -------------------------------------------------------------------------------------------------------


def _settings(dataset: str | None) -> Settings:
    from recsys_assets.sources import DATASETS

    settings = load_settings(dataset=dataset)
    if settings.dataset not in DATASETS:
        _stop(2, f"there is no data set {settings.dataset!r}; there are {', '.join(DATASETS)}")
    return settings


def _materialize(settings: Settings, selection: str) -> None:
    from recsys_assets.defs.launch import LaunchError, StepEvent, materialize

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
            elif event.kind == "check_failed":
                out.print(f"{clock} [yellow]check[/]   {event.message} did not pass")
            else:
                running.pop(event.step, None)
                colour = "red" if event.kind == "failed" else "yellow"
                out.print(f"{clock} [{colour}]{event.kind}[/]  {event.step} {escape(event.message)}")
            status.update(f"[bold]{settings.dataset}[/]: {', '.join(sorted(running)) or 'waiting'}")

        try:
            outcome = materialize(dataset=settings.dataset, selection=selection, listener=listen)
        except LaunchError as error:
            _stop(2, str(error))
    if not outcome.success:
        _stop(
            FAILED,
            f"the run failed in {', '.join(outcome.failed) or 'its set-up'} after {outcome.seconds:.0f} s; "
            f"`make dev`, then http://127.0.0.1:3000/runs/{outcome.run_id} shows why",
        )
    out.print(f"[green]Everything is up to date[/] after {outcome.seconds:.0f} s (run {outcome.run_id[:8]})\n")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Known refusals become one line and an exit code; a bug still shows its traceback."""
    from recsys_assets.recommenders import ModelError
    from recsys_assets.registry import NotRegisteredError, RegistryError
    from recsys_assets.serving.answers import TitleNotFoundError

    try:
        yield
    except NotRegisteredError as error:
        _stop(NOT_BUILT, str(error))
    except (ModelError, RegistryError, TitleNotFoundError) as error:
        _stop(FAILED, str(error))


def _stop(code: int, message: str) -> NoReturn:
    err.print(f"[red]recsys:[/] {message}", soft_wrap=True, highlight=False)
    raise typer.Exit(code)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2, default=_jsonable)
    sys.stdout.write("\n")


def _jsonable(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


if __name__ == "__main__":
    app()
