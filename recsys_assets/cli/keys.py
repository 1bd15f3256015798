"""`recsys keys ...`: keys of the HTTP service."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table as RichTable

from recsys_assets.cli.common import FAILED, MISUSED, DatasetOption, JsonOption, out, print_json, settings_of, stop

group = typer.Typer(help="Keys of the HTTP service: made once, shown once, kept as hashes.", no_args_is_help=True)


@group.command()
def add(
    name: Annotated[str, typer.Argument(help="Who or what the key is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, feedback or admin (all); repeatable. [default: read, feedback]")
    ] = None,
    rate_limit: Annotated[str, typer.Option(help="Of this key instead of the service's, as 1000/minute.")] = "",
    dataset: DatasetOption = None,
) -> None:
    """Make a key and print it; it cannot be shown again."""
    from pydantic import ValidationError

    from recsys_assets.serving.api.config import ApiConfig
    from recsys_assets.serving.api.keys import SCOPES, ApiKeyError, Scope, add_key, keys_path

    scopes: tuple[Any, ...] = tuple(scope or ("read", "feedback"))
    if unknown := [s for s in scopes if s not in SCOPES]:
        stop(MISUSED, f"there is no scope {unknown[0]!r}; scopes are {', '.join(SCOPES)}")
    try:
        ApiConfig(rate_limit=rate_limit or None)
        wanted: tuple[Scope, ...] = scopes
        made, key = add_key(keys_path(settings_of(dataset)), name, wanted, rate_limit=rate_limit)
    except ValidationError as error:
        stop(MISUSED, error.errors()[0]["msg"].removeprefix("Value error, "))
    except ApiKeyError as error:
        stop(FAILED, str(error))
    print(key)
    from recsys_assets.cli.common import err

    err.print(f"Key {made.id} ({made.name}) may {', '.join(made.scopes)}. Keep it: only its hash is stored.")


@group.command("list")
def list_keys(dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """All keys, those revoked too."""
    from recsys_assets.serving.api.keys import keys_path, read_keys

    keys = read_keys(keys_path(settings_of(dataset)))
    if as_json:
        print_json([{k: v for k, v in vars(key).items() if k != "sha256"} for key in keys])
        return
    table = RichTable(title="API keys", title_justify="left")
    for column in ("id", "name", "scopes", "limit", "made", "revoked"):
        table.add_column(column)
    for key in keys:
        table.add_row(key.id, key.name, ", ".join(key.scopes), key.rate_limit, key.created_at, key.revoked_at)
    out.print(table)


@group.command()
def revoke(key: Annotated[str, typer.Argument(help="Id or name of the key.")], dataset: DatasetOption = None) -> None:
    """Refuse a key from now on."""
    from recsys_assets.serving.api.keys import ApiKeyError, keys_path, revoke_key

    try:
        revoked = revoke_key(keys_path(settings_of(dataset)), key)
    except ApiKeyError as error:
        stop(FAILED, str(error))
    out.print(f"Key {revoked.id} ({revoked.name}) is refused within a second.")
