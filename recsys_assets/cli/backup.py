"""Commands about a deployment as a whole: one file that holds it, and the deployment from that file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from recsys_assets.cli.common import FAILED, err, out, stop
from recsys_assets.progress import size_told
from recsys_assets.settings import dagster_home, load_settings


def backup(
    target: Annotated[Path, typer.Argument(help="The archive to write, e.g. recsys.tar or recsys.tar.gz.")],
) -> None:
    """Data, feedback, models and run history in one file; runs and services may go on meanwhile."""
    from recsys_assets.serving.backup import back_up

    with _refusals():
        made = back_up(load_settings(), dagster_home(), target=target, progress=_tell)
    out.print(f"{escape(str(target))}: {made.files:,} files, {size_told(made.size)}, as of {made.made_at}")


def restore(
    source: Annotated[Path, typer.Argument(help="An archive that `recsys backup` wrote.")],
) -> None:
    """The deployment that an archive holds, into empty folders; MLflow finds its artifacts at their new place."""
    from recsys_assets.serving.backup import restore as restored

    settings = load_settings()
    with _refusals():
        made = restored(settings, dagster_home(), source=source, progress=_tell)
    out.print(f"{made.files:,} files of {made.made_at} are in {settings.data_dir} and {settings.models_dir}")
    out.print("`recsys doctor` says whether all is there.", highlight=False)


def _tell(line: str) -> None:
    err.print(f"[dim]{escape(line)}[/]")


@contextmanager
def _refusals() -> Iterator[None]:
    from recsys_assets.serving.backup import BackupError
    from recsys_assets.warehouse.database import WarehouseError

    try:
        yield
    except (BackupError, WarehouseError) as error:
        stop(FAILED, str(error))
