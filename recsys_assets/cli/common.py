"""What every command shares: its options, its two consoles, and how it stops."""

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

from recsys_assets.settings import Settings, load_settings

FAILED, MISUSED, NOT_BUILT = 1, 2, 3
"""Exit codes: the work failed; the command was used wrongly; what was asked for has not been built yet."""

out, err = Console(), Console(stderr=True)

DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", "-d", help="Data set, e.g. synthetic or ml-latest-small. [default: $RECSYS_DATASET]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ModelOption = Annotated[
    str | None, typer.Option("--model", "-m", help="Which champion answers. [default: the best on validation]")
]


def settings_of(dataset: str | None) -> Settings:
    """Settings of a data set that there is; stops where there is none of that name."""
    from recsys_assets.sources.datasets import known_datasets

    settings = load_settings(dataset=dataset)
    known = known_datasets(settings)
    if settings.dataset not in known:
        stop(MISUSED, f"there is no data set {settings.dataset!r}; there are {', '.join(known)}")
    return settings


@contextmanager
def clear_errors() -> Iterator[None]:
    """Known refusals become one line and an exit code; a bug still shows its traceback."""
    from recsys_assets.recommenders import ModelError
    from recsys_assets.registry import NotRegisteredError, RegistryError
    from recsys_assets.serving.answers import TitleNotFoundError

    try:
        yield
    except NotRegisteredError as error:
        stop(NOT_BUILT, str(error))
    except (ModelError, RegistryError, TitleNotFoundError) as error:
        stop(FAILED, str(error))


def stop(code: int, message: str) -> NoReturn:
    """Say why, and leave with an exit code. The message is plain text: `[ratings]` is no markup."""
    err.print(f"[red]recsys:[/] {escape(message)}", soft_wrap=True, highlight=False)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2, default=_jsonable)
    sys.stdout.write("\n")


def _jsonable(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)
