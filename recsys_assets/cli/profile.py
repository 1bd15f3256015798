"""`recsys profile`: what a user watches and likes, and whether the list they get looks like it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.answers import _user_id
from recsys_assets.cli.common import (
    FAILED,
    DatasetOption,
    JsonOption,
    ModelOption,
    clear_errors,
    out,
    print_json,
    settings_of,
    stop,
)

if TYPE_CHECKING:
    from recsys_assets.serving.profile import UserProfile


def profile(
    user: Annotated[str, typer.Option("--user", "-u", help="User id.")],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Length of the list that is compared.")] = 20,
    model: ModelOption = None,
    dataset: DatasetOption = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the page goes; with --json there is one only if this is given. "
            "[default: reports/DATASET/profiles/user-ID.html in the data folder]",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What a user watches and likes, by genre and decade, beside what is recommended to them; also as a page."""
    from recsys_assets.serving.profile import default_page, user_profile

    settings = settings_of(dataset)
    with clear_errors():
        found = user_profile(settings, _user_id(settings, user), k, model=model)
    target = html or (None if as_json else default_page(settings, found.user_id))
    if target is not None:
        _write_page(found, target)
    if as_json:
        print_json(found)
        return
    _show(found, user)
    out.print(f"[dim]{escape(str(target))}[/]", soft_wrap=True)


def _write_page(found: UserProfile, target: Path) -> None:
    from recsys_assets.atomic import write_text
    from recsys_assets.serving.profile_page import to_html

    try:
        write_text(target, to_html(found))
    except OSError as error:
        stop(FAILED, f"the page can't be written: {error}")


def _show(found: UserProfile, user: str) -> None:
    from recsys_assets.serving.profile_page import known, verdict

    table = RichTable(title=escape(f"User {user} · {found.listed.model} · {found.dataset}"), title_justify="left")
    for column in ("genre", "ratings", "share", "in the list", "liking"):
        table.add_column(column, justify="left" if column == "genre" else "right")
    for line in found.genres:
        liking = "–" if line.liking is None else f"{line.liking:.2f}"
        table.add_row(escape(line.genre), f"{line.n_ratings:,}", f"{line.share:.1%}", f"{line.list_share:.1%}", liking)
    out.print(table)
    out.print(escape(known(found)), highlight=False, soft_wrap=True)
    decades = ", ".join(f"{d.decade}s {d.share:.0%}" for d in found.decades)
    if decades:
        out.print(f"By decade: {decades}.", highlight=False, soft_wrap=True)
    out.print(escape(verdict(found)), highlight=False, soft_wrap=True)
