"""The command that adds a newer drop to a data set."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from recsys_assets.cli.common import MISUSED, DatasetOption, out, settings_of, stop
from recsys_assets.cli.run import require_success, run_graph

UNTIL = "*data_snapshot"


def drop(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A file, or a folder of files, named and laid out as the data set's.")
    ],
    name: Annotated[str | None, typer.Option(help="What to call the drop. [default: date and time]")] = None,
    dataset: DatasetOption = None,
) -> None:
    """Add newer files to a data set; only what is new in them is read, judged and added."""
    from recsys_assets.sources import SourceError, prepare
    from recsys_assets.sources.drops import add_drop

    settings = settings_of(dataset)
    chosen = name or f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    try:
        published = prepare(settings, progress=lambda line: out.print(line, highlight=False))
        added = add_drop(published, path.expanduser(), settings, name=chosen, progress=out.print)
    except SourceError as error:
        stop(MISUSED, str(error))
    out.print(f"Added as {added}; remove that folder to take it back", soft_wrap=True, highlight=False)
    require_success(run_graph(settings, UNTIL))
