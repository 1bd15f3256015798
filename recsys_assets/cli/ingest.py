"""The command that makes a data set of one's own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table as RichTable

from recsys_assets.cli.common import FAILED, MISUSED, err, out, stop
from recsys_assets.cli.run import require_success, run_graph
from recsys_assets.progress import size_told
from recsys_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from recsys_assets.sources import DelimitedFile

SHOWN_ROWS = 3
UNTIL = "*data_snapshot"
"""Ingest ends where the tables are published; models come with `recsys materialize`."""


def ingest(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of CSV, TSV or parquet files.")],
    mapping: Annotated[
        Path | None, typer.Option("--map", help="mapping.toml: which file and column is what. [default: recognised]")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call the data set. [default: as the folder]")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was understood, and stop.")] = False,
) -> None:
    """Make a data set of your own files, and read it in; every command then takes it by --dataset."""
    from recsys_assets.sources import DATASETS, SourceError, own

    settings = load_settings()
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        stop(MISUSED, f"{path} is {'a file' if folder.exists() else 'not there'}; name the folder that holds the files")
    chosen = name if name is not None else own.suggested_name(folder)
    try:
        own.check_name(chosen, folder, settings, taken=DATASETS)
        text, where = _mapping_text(folder, mapping, chosen, settings)
        files = own.files_of(own.read_mapping(text, where=where), folder, where=where)
        _show_understood(files, where)
        if dry_run:
            out.print("Nothing was registered and nothing read in: this was a dry run.")
            return
        own.save(chosen, folder, text, settings)
    except SourceError as error:
        stop(MISUSED, str(error))
    except OSError as error:
        stop(FAILED, f"{chosen} can't be registered under {settings.raw_dir}: {error}")
    _materialized(settings.model_copy(update={"dataset": chosen}))


def _mapping_text(folder: Path, mapping: Path | None, name: str, settings: Settings) -> tuple[str, str]:
    """Its text and what messages call it: as given, as registered before, or as the files tell; else a stop."""
    from recsys_assets.sources import own

    if mapping is None and own.is_registered(name, settings):
        mapping = own.mapping_path(name, settings)

    if mapping is not None:
        try:
            return own.without_folder(mapping.expanduser().read_text(encoding="utf-8")), str(mapping)
        except (OSError, UnicodeDecodeError) as error:
            stop(MISUSED, f"{mapping} can't be read: {error}")
    layout = own.recognised(folder)
    if layout is not None:
        return f'layout = "{layout}"\n', "the folder's layout"
    if useless := own.no_data_set(folder, companions=settings.raw_dir / "imdb"):
        stop(MISUSED, useless)
    print(own.skeleton(folder), end="")
    stop(
        MISUSED,
        f"{folder} is no data set known by its files. The mapping above is a guess: save it as mapping.toml, check it, "
        f"then run `recsys ingest {folder} --map mapping.toml`",
    )


def _show_understood(files: tuple[DelimitedFile, ...], where: str) -> None:
    """Every table: its files, what fills each column, and the first values."""
    from recsys_assets.sources import own

    out.print(f"Understood by {where}:", highlight=False)
    for table in dict.fromkeys(file.table for file in files):
        of_table = [file for file in files if file.table == table]
        first = of_table[0]
        named = first.source + (f" and {len(of_table) - 1:,} more" if len(of_table) > 1 else "")
        size = size_told(sum(file.path.stat().st_size for file in of_table))
        shown = RichTable(title=f"{table} ← {escape(named)}, {size}", title_justify="left")
        for column in ("our column", "yours", "first values"):
            shown.add_column(column, overflow="fold")
        samples = own.sample_of(first, SHOWN_ROWS)
        for column, theirs in _sources_of(first).items():
            values = " · ".join(sample.get(column, "") for sample in samples)
            shown.add_row(column, escape(theirs), escape(values))
        out.print(shown)


def _sources_of(file: DelimitedFile) -> dict[str, str]:
    """Our column -> the published columns (or their places) and what is done to them."""
    named = file.header or tuple(f"field {i}" for i in range(1, len(file.columns) + 1))
    found: dict[str, str] = {}
    for ours, theirs in zip(file.columns, named, strict=True):
        if ours is not None and not ours.startswith("genre:"):
            found[ours] = f"{found[ours]}, {theirs}" if ours in found else theirs
    for ours, conversion in file.conversions.items():
        stated = {k: v for k, v in vars(conversion).items() if v is not None}
        found[ours] += f" ({', '.join(f'{k} {v}' for k, v in stated.items())})"
    return {**found, **dict.fromkeys(file.constants, "the same in each row")}


def _materialized(settings: Settings) -> None:
    """Read the files in, then say what came of their rows, also where the run failed."""
    outcome = run_graph(settings, UNTIL)
    _show_rows(settings, outcome.run_id)
    if not outcome.success:
        err.print(
            f"[yellow]{settings.dataset} stays registered:[/] mend the files, or "
            f"{settings.raw_dir / settings.dataset / 'mapping.toml'}, and run this again",
            soft_wrap=True,
            highlight=False,
        )
    require_success(outcome)
    out.print("What to run next", style="bold")
    out.print(f"  recsys materialize --dataset {settings.dataset}    train, compare and promote the models")
    out.print(
        f"  recsys quarantine show --dataset {settings.dataset}    the rows put aside, with file, line and reason"
    )


def _show_rows(settings: Settings, run_id: str) -> None:
    """Rows in, accepted and quarantined by rule, of each validated table that the run has judged."""
    reports = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((settings.quality_dir / settings.dataset / "runs" / run_id).glob("*.json"))
    ]
    table = RichTable(title="What came of the rows", title_justify="left")
    table.add_column("table")
    for column in ("rows in", "accepted", "put aside"):
        table.add_column(column, justify="right")
    table.add_column("by rule")
    for report in (r for r in reports if r["layer"] == "validated"):
        aside = sum(report["quarantined"].values())
        rules = ", ".join(f"{rule} {rows:,}" for rule, rows in sorted(report["quarantined"].items()))
        if report["rows"] or aside:
            table.add_row(report["table"], f"{report['rows'] + aside:,}", f"{report['rows']:,}", f"{aside:,}", rules)
    if table.row_count:
        out.print(table)
