"""`recsys app`: the web app, and an API for it where none answers."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_assets.cli.common import FAILED, DatasetOption, out, settings_of, stop


def app(
    port: Annotated[int, typer.Option(envvar="RECSYS_APP_PORT", min=1, max=65535)] = 8501,
    host: Annotated[
        str, typer.Option(envvar="RECSYS_APP_HOST", help="Where to listen; the app asks nobody who they are.")
    ] = "127.0.0.1",
    own_api: Annotated[
        bool,
        typer.Option("--own-api/--no-own-api", help="Start an API for the app where none answers at RECSYS_API_URL."),
    ] = True,
    dataset: DatasetOption = None,
) -> None:
    """Open the web app on http://127.0.0.1:8501: recommendations, sessions, leaderboard, pipeline, data."""
    from recsys_assets.serving.app.launch import LaunchError, run_app

    settings = settings_of(dataset)
    try:
        run_app(
            settings,
            host=host,
            port=port,
            own_api=own_api,
            progress=lambda line: out.print(line, highlight=False, soft_wrap=True),
        )
    except LaunchError as error:
        stop(FAILED, str(error))
