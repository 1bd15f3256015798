"""The command that writes a generated data set in a published format."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as RichTable

from recsys_assets.cli.common import MISUSED, err, out, stop
from recsys_assets.settings import load_settings

LayoutOption = Annotated[
    str,
    typer.Option(
        "--layout", "-l", help="ml-latest, ml-100k, ml-1m, ml-10m, movies-dataset or imdb-official.", show_default=False
    ),
]
CountOption = Annotated[int | None, typer.Option(min=1, help="[default: as published, or in proportion to --ratings]")]


def generate(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write; new or empty.", show_default=False)],
    layout: LayoutOption,
    ratings: Annotated[int | None, typer.Option(min=1, help="How many, exactly. [default: as published]")] = None,
    users: CountOption = None,
    movies: CountOption = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same bytes.")] = None,
    dirty_rows: Annotated[int, typer.Option(min=0, help="Known bad rows behind the ratings.")] = 0,
) -> None:
    """Write made-up data of any size in the format of a known data set: its files, quotes, line ends and faults."""
    from recsys_assets.sources import SourceError
    from recsys_assets.sources.synthetic.layouts import LAYOUTS, sized, write_drop

    if layout not in LAYOUTS:
        stop(MISUSED, f"there is no layout {layout!r}; there are {', '.join(LAYOUTS)}")
    chosen = LAYOUTS[layout]
    if not chosen.ratings and (ratings or users):
        stop(MISUSED, f"{layout} has no ratings by user; leave out --ratings and --users, --movies gives its size")
    try:
        config = sized(chosen, ratings=ratings, users=users, movies=movies, seed=seed, dirty_rows=dirty_rows)
    except ValueError as error:
        stop(MISUSED, _reason(error))
    size = f"{config.n_ratings:,} ratings by {config.n_users:,} users of " if chosen.ratings else ""
    megabytes = chosen.bytes_of(config) / 1e6
    err.print(f"Generating {size}{config.n_movies:,} movies as {layout}, about {megabytes:,.0f} MB", highlight=False)
    started = time.monotonic()
    target = folder.expanduser().absolute()
    try:
        written = write_drop(chosen, config, target, progress=lambda line: err.print(line, highlight=False))
    except SourceError as error:
        stop(MISUSED, str(error))
    out.print(f"Written to {target} in {time.monotonic() - started:.0f} s", soft_wrap=True, highlight=False)
    table = RichTable()
    table.add_column("file")
    table.add_column("bytes", justify="right")
    for path in written:
        table.add_row(path.name, f"{path.stat().st_size:,}")
    out.print(table)
    use = f"recsys ingest {target}" if chosen.ratings else f"copy the files to {load_settings().raw_dir / 'imdb'}"
    out.print(f"Use it:  {use}", soft_wrap=True, highlight=False)


def _reason(error: ValueError) -> str:
    """Of a config that pydantic refuses: what is wrong, without pydantic's own words."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    fault = error.errors()[0]
    field = str(fault["loc"][0]) if fault["loc"] else ""
    option = {"n_ratings": "--ratings: ", "n_users": "--users: ", "n_movies": "--movies: "}.get(field, "")
    return option + fault["msg"].removeprefix("Value error, ")
