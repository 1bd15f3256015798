"""Commands about rows that were put aside: what they are, and taking them back once they are mended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.common import MISUSED, NOT_BUILT, DatasetOption, JsonOption, out, print_json, settings_of, stop
from recsys_assets.cli.run import require_success, run_graph
from recsys_assets.settings import Settings

if TYPE_CHECKING:
    import polars as pl

group = typer.Typer(help="Rows that broke a rule: show, export, mend and release.", no_args_is_help=True)

TableOption = Annotated[str | None, typer.Option("--table", "-t", help="Of one table, e.g. ratings.")]
RuleOption = Annotated[str | None, typer.Option("--rule", "-r", help="Of one rule, e.g. rating_range.")]
UNTIL = "*data_snapshot"


@group.command()
def show(
    table: TableOption = None,
    rule: RuleOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many rows to list.")] = 20,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which rows were put aside, why, and where they were published."""
    from recsys_assets.warehouse.quarantined import summary

    settings = settings_of(dataset)
    rows = _rows(settings, table, rule)
    if as_json:
        print_json(rows.to_dicts())
        return
    if rows.is_empty():
        out.print(f"{settings.dataset}: no row is in quarantine{_of(table, rule)}")
        return
    counted = RichTable(title=f"Quarantine of {settings.dataset}", title_justify="left")
    for column in ("table", "rule", "rows", "files"):
        counted.add_column(column, justify="right" if column in ("rows", "files") else "left")
    for line in summary(rows).to_dicts():
        counted.add_row(line["table_name"], line["rule"], f"{line['rows']:,}", str(line["files"]))
    out.print(counted)
    listed = RichTable(title=f"The first {min(limit, len(rows)):,} of {len(rows):,} rows", title_justify="left")
    for column in ("reason", "published row"):
        listed.add_column(column, overflow="fold")
    for row in rows.head(limit).to_dicts():
        listed.add_row(escape(row["reason"]), escape(row["row_json"][:200]))
    out.print(listed)


@group.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .ndjson or .parquet file to write.")],
    table: TableOption = None,
    rule: RuleOption = None,
    dataset: DatasetOption = None,
) -> None:
    """Write the rows to a file, published values in columns of their own, ready to be mended."""
    from recsys_assets.sources import SourceError
    from recsys_assets.warehouse.quarantined import export as write

    settings = settings_of(dataset)
    rows = _rows(settings, table, rule)
    try:
        write(rows, target)
    except (SourceError, OSError) as error:
        stop(MISUSED, str(error))
    out.print(f"{len(rows):,} rows written to {target}", soft_wrap=True, highlight=False)
    if len(rows):
        out.print(
            f"Mend them there, then `recsys quarantine release --from {target} --dataset {settings.dataset}`",
            soft_wrap=True,
            highlight=False,
        )


@group.command()
def release(
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="An export whose values were mended.")
    ] = None,
    table: TableOption = None,
    rule: RuleOption = None,
    dataset: DatasetOption = None,
) -> None:
    """Judge the rows again: with mended values, or because what they refer to is there now. Sound ones come back."""
    from recsys_assets.sources import SourceError
    from recsys_assets.sources.corrections import add_corrections, corrections_path
    from recsys_assets.warehouse.quarantined import mended

    settings = settings_of(dataset)
    before = _rows(settings, table, rule)
    if source is not None:
        try:
            found = mended(before, source)
            add_corrections(settings, found)
        except SourceError as error:
            stop(MISUSED, str(error))
        out.print(
            f"{len(found):,} mended rows kept in {corrections_path(settings)}; the published files stay as they are",
            soft_wrap=True,
            highlight=False,
        )
    outcome = run_graph(settings, UNTIL)
    after = _rows(settings, None, None)
    here = ["source_file", "source_line"]
    left = after.join(before, on=here, how="semi")
    out.print(f"{len(before) - len(left):,} rows released, {len(left):,} of these still in quarantine", highlight=False)
    for row in left.head(20).to_dicts():
        out.print(f"  {escape(row['reason'])}", soft_wrap=True, highlight=False)
    require_success(outcome)


def _rows(settings: Settings, table: str | None, rule: str | None) -> pl.DataFrame:
    from recsys_assets.sources import SourceError
    from recsys_assets.warehouse.lake import Lake, LakeError
    from recsys_assets.warehouse.quarantined import quarantined, raw_table_of

    try:
        if table is not None:
            raw_table_of(table)
        return quarantined(Lake(settings.lake_dir), table=table, rule=rule)
    except SourceError as error:
        stop(MISUSED, str(error))
    except LakeError:
        stop(NOT_BUILT, f"{settings.dataset} was not ingested yet; run `recsys materialize '{UNTIL}'`")


def _of(table: str | None, rule: str | None) -> str:
    return "".join((f" of {table}" if table else "", f" for {rule}" if rule else ""))
