"""`recsys serve`: the HTTP service."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_assets.cli.common import MISUSED, DatasetOption, err, settings_of, stop


def serve(
    host: Annotated[
        str, typer.Option(envvar="RECSYS_API_HOST", help="Where to listen; 0.0.0.0 for all addresses.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="RECSYS_API_PORT", min=0, max=65535)] = 8000,
    workers: Annotated[
        int,
        typer.Option(
            envvar="RECSYS_API_WORKERS", min=1, max=64, help="Processes; each holds the champions, limits are of each."
        ),
    ] = 1,
    keys: Annotated[
        bool | None,
        typer.Option("--keys/--no-keys", help="Ask for an API key. [default: beyond loopback]", show_default=False),
    ] = None,
    rate_limit: Annotated[
        str | None,
        typer.Option(
            envvar="RECSYS_API_RATE_LIMIT",
            help="Requests of each key, as 600/minute; 0: no limit. [default: 600/minute where keys are asked for]",
        ),
    ] = None,
    policy: Annotated[str, typer.Option(help="greedy or stochastic, where a request names none.")] = "greedy",
    deadline: Annotated[
        float, typer.Option(min=0.01, help="Seconds after which the fallback answers instead of a model.")
    ] = 1.0,
    cors: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Whose pages may call it from a browser; repeatable.")
    ] = None,
    shadow: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a core that challengers may take; 0: they are not asked.")
    ] = 0.2,
    cache_mb: Annotated[
        int,
        typer.Option(min=0, help="For scores of users who ask again, of each champion; a quarter more for reasons."),
    ] = 64,
    dataset: DatasetOption = None,
) -> None:
    """Serve recommendations over HTTP; http://127.0.0.1:8000/docs shows how to ask."""
    from pydantic import ValidationError

    from recsys_assets.serving.api.config import ApiConfig

    settings = settings_of(dataset)
    try:
        config = ApiConfig(
            host=host,
            port=port,
            keys=keys,
            rate_limit=rate_limit,
            policy=policy,
            deadline_seconds=deadline,
            cors_origins=tuple(cors or ()),
            shadow_share=shadow,
            cache_bytes=cache_mb << 20,
        )
    except ValidationError as error:
        first = error.errors()[0]
        stop(MISUSED, f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}")
    if not config.loopback and not config.asks_for_keys:
        err.print("[yellow]recsys:[/] whoever reaches this address may ask: no keys are asked for")
    from recsys_assets.serving.api.serve import serve as run

    run(settings, config, workers=workers)
