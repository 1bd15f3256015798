"""Commands that answer from the champions."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.common import (
    MISUSED,
    DatasetOption,
    JsonOption,
    ModelOption,
    clear_errors,
    out,
    print_json,
    settings_of,
    stop,
)
from recsys_assets.settings import Settings


def recommend(
    user: Annotated[str, typer.Option("--user", "-u", help="User id; an unknown one gets what most rate well.")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    model: ModelOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Movies for a user, each with its reasons."""
    from recsys_assets.serving.answers import recommend as answer

    settings = settings_of(dataset)
    with clear_errors():
        listed = answer(settings, _user_id(settings, user), k, model=model)
    if as_json:
        print_json(listed)
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


def similar(
    title: Annotated[str, typer.Argument(help='As listed, e.g. "Toy Story (1995)"; the year may be left out.')],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    model: Annotated[str, typer.Option("--model", "-m", help="A model that knows similar movies.")] = "content",
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Movies like one you name."""
    from recsys_assets.serving.answers import similar as answer

    settings = settings_of(dataset)
    with clear_errors():
        listed_title, near = answer(settings, title, k, model=model)
    if as_json:
        print_json({"title": listed_title, "model": model, "movies": near})
        return
    table = RichTable(title=f"Like {escape(listed_title)} · {model} · {settings.dataset}", title_justify="left")
    for column in ("#", "movie", "genres", "similarity"):
        table.add_column(column, justify="right" if column in ("#", "similarity") else "left")
    for movie in near:
        table.add_row(str(movie.position), escape(movie.title), ", ".join(movie.genres), f"{movie.score:.3f}")
    out.print(table)


def _user_id(settings: Settings, user: str) -> int:
    """The number of a user; of a data set whose user ids are text, the number that stands for it."""
    from recsys_assets.sources.datasets import is_own
    from recsys_assets.sources.own import number_of, registered

    if is_own(settings.dataset, settings) and "user_id" in registered(settings.dataset, settings).mapping.text_ids:
        return number_of(user)
    try:
        return int(user)
    except ValueError:
        stop(MISUSED, f"user ids of {settings.dataset} are whole numbers, not {user!r}")
