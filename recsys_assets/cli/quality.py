"""Commands about data quality: the site, and accepting a loss of rows that is meant."""

from __future__ import annotations

from typing import Annotated

import typer

from recsys_assets.cli.common import FAILED, NOT_BUILT, DatasetOption, out, settings_of, stop
from recsys_assets.settings import Settings

group = typer.Typer(help="What was checked of the data, and what was found.", no_args_is_help=True)


@group.command()
def build(dataset: DatasetOption = None) -> None:
    """Write the data-quality site from what the runs have recorded."""
    from recsys_assets.quality.pages import write_site

    settings = settings_of(dataset)
    _require_runs(settings)
    out.print(str(write_site(settings)), soft_wrap=True, highlight=False)


@group.command(name="open")
def open_(
    table: Annotated[str | None, typer.Argument(help="Open the page of this table. [default: the first page]")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only say where it is.")] = True,
    dataset: DatasetOption = None,
) -> None:
    """Open the data-quality site in the browser; it needs no network."""
    import webbrowser

    from recsys_assets.quality.pages import table_page, write_site

    settings = settings_of(dataset)
    _require_runs(settings)
    page = write_site(settings)
    if table is not None:
        page = table_page(settings, table)
        if not page.exists():
            known = ", ".join(sorted(p.stem for p in page.parent.glob("*.html") if p.stem != "index"))
            stop(NOT_BUILT, f"{settings.dataset} has no page of {table!r}; there are {known}")
    if browser:
        webbrowser.open(page.as_uri())
    out.print(str(page), soft_wrap=True, highlight=False)


@group.command()
def accept(
    table: Annotated[str, typer.Argument(help="Table whose rows are meant to be gone, e.g. ratings.")],
    dataset: DatasetOption = None,
) -> None:
    """Say that the rows a table has lost are meant to be gone, so that it may be published again."""
    from recsys_assets.quality.store import StoreError, accept_volume

    settings = settings_of(dataset)
    try:
        accepted = accept_volume(settings, table)
    except (StoreError, ValueError) as error:
        stop(FAILED, str(error))
    out.print(
        f"{accepted.rows:,} rows of {table} in run {accepted.run_id[:8]} are what later runs are compared with. "
        f"Run the checks again: recsys materialize '*data_snapshot' --dataset {settings.dataset}",
        soft_wrap=True,
        highlight=False,
    )


def _require_runs(settings: Settings) -> None:
    if not (settings.quality_dir / settings.dataset / "runs").is_dir():
        stop(NOT_BUILT, f"{settings.dataset} was not validated yet; run `recsys materialize '*data_snapshot'`")
