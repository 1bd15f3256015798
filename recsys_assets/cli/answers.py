"""Commands that answer from the champions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from recsys_assets.serving.answers import RecommendationList


LIKED = 5.0
"""The rating that `--likes` stands for."""


def recommend(
    user: Annotated[
        str | None, typer.Option("--user", "-u", help="User id; an unknown one gets what most rate well.")
    ] = None,
    genre: Annotated[
        list[str] | None, typer.Option("--genre", "-g", help="For a newcomer: a genre to show the best of; repeatable.")
    ] = None,
    likes: Annotated[
        list[str] | None, typer.Option(help='For a newcomer: a title they love, "Heat (1995)"; repeatable.')
    ] = None,
    rating: Annotated[
        list[str] | None,
        typer.Option(metavar="TITLE=STARS", help='For a newcomer: a title they rate, "Heat (1995)=2"; repeatable.'),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Of agents: weight of likeness of content; 0: the agent alone, 1: content."),
    ] = None,
    toward: Annotated[
        list[str] | None, typer.Option(metavar="GENRE", help="Of agents: a genre whose movies are raised; repeatable.")
    ] = None,
    bias: Annotated[
        float | None,
        typer.Option(min=0, help="Of agents: standard deviations of the scores by which `--toward` raises a movie."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many.")] = 10,
    model: ModelOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Movies for a user, or for a newcomer who names genres or titles; each with its reasons."""
    _require_one_way_of_asking(user=user, genre=genre, titles=[*(likes or ()), *(rating or ())])
    rated = (*((title, LIKED) for title in likes or ()), *map(_title_and_rating, rating or ()))
    from recsys_assets.serving.answers import AnsweringMode, Newcomer, recommend_newcomer
    from recsys_assets.serving.answers import recommend as answer

    if bias is not None and not toward:
        stop(MISUSED, "--bias says how far --toward GENRE raises movies; name a genre")
    mode = AnsweringMode(alpha, tuple(toward) if toward else None, bias)
    if genre and mode != AnsweringMode():
        stop(MISUSED, "--alpha, --toward and --bias are for those who rated something: --user, --likes or --rating")
    settings = settings_of(dataset)
    with clear_errors():
        if user is not None:
            listed = answer(settings, _user_id(settings, user), k, model=model, mode=mode)
        else:
            listed = recommend_newcomer(settings, Newcomer(rated, tuple(genre or ())), k, model=model, mode=mode)
    if as_json:
        print_json(listed)
        return
    whom = f"user {user}" if user is not None else _newcomer_in_words(genre or [], len(rated))
    _print_list(listed, f"{len(listed.movies)} movies for {whom} · {listed.model} · {settings.dataset}")
    if user is not None and listed.fallback:
        out.print(f"[yellow]User {escape(user)} is unknown: these are the movies most people rate well.[/]")


def _require_one_way_of_asking(**ways: object) -> None:
    given = [name for name, value in ways.items() if value is not None and value != []]
    if len(given) != 1:
        stop(
            MISUSED,
            ("say for whom" if not given else "ask in one way, not in several")
            + ": either --user ID, or --genre GENRE, or --likes TITLE and --rating TITLE=STARS",
        )


def _title_and_rating(text: str) -> tuple[str, float]:
    """`Heat (1995)=2`; the last `=` counts, titles may hold others."""
    title, _, stars = text.rpartition("=")
    try:
        value = float(stars)
    except ValueError:
        value = 0.0
    if not title.strip() or not 0.5 <= value <= 5:
        stop(MISUSED, f"--rating wants a title and 0.5 to 5 stars, as in 'Heat (1995)=2', not {text!r}")
    return title, value


def _newcomer_in_words(genres: list[str], rated: int) -> str:
    if genres:
        return f"a newcomer who likes {', '.join(genres)}"
    return f"a newcomer who rated {rated} {'movie' if rated == 1 else 'movies'}"


def _print_list(listed: RecommendationList, title: str) -> None:
    from recsys_assets.serving.answers import evidence_in_words

    table = RichTable(title=escape(title), title_justify="left")
    for column in ("#", "movie", "genres", "score", "because"):
        table.add_column(column, justify="right" if column in "#score" else "left", overflow="fold")
    for movie in listed.movies:
        table.add_row(
            str(movie.position),
            escape(movie.title),
            ", ".join(movie.genres),
            f"{movie.score:.3f}",
            escape("\n".join((*movie.reasons, *evidence_in_words(movie.evidence)))),
        )
    out.print(table)
    route = listed.answered_by
    out.print(f"Answered by [bold]{route.part}[/]: {escape(route.why)}.", highlight=False, soft_wrap=True)


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
