"""Rows in quarantine as people see them: counted, listed, exported to be mended, and taken back.

Read from the snapshot that each ingest step publishes, so that nobody has to wait for the warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from recsys_assets.atomic import atomic_file
from recsys_assets.sources.files import Correction, SourceError
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.recipes import RECIPES
from recsys_assets.warehouse.storage import PROVENANCE, published_columns
from recsys_assets.warehouse.tables import QUARANTINE, TABLES

WHERE = ("table_name", "rule", "reason", *PROVENANCE)
MALFORMED = "malformed_row"
FORMATS = (".csv", ".ndjson", ".parquet")


def quarantined(lake: Lake, *, table: str | None = None, rule: str | None = None) -> pl.DataFrame:
    """Rows of QUARANTINE, of one table and rule or of all. Raises LakeError where nothing was ingested yet."""
    rows = lake.scan(QUARANTINE.name)
    if table is not None:
        rows = rows.filter(pl.col("table_name") == table)
    if rule is not None:
        rows = rows.filter(pl.col("rule") == rule)
    return rows.collect()


def summary(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows by table and rule, and the files they are in."""
    return (
        rows.group_by("table_name", "rule")
        .agg(rows=pl.len(), files=pl.col("source_file").n_unique(), example=pl.col("reason").first())
        .sort("table_name", "rule")
    )


def raw_table_of(name: str) -> Table:
    """The raw table whose rows are quarantined under this name. Raises SourceError for an unknown one."""
    if name in RECIPES:
        return RECIPES[name].raw
    if name in TABLES and TABLES[name].layer == "raw":
        return TABLES[name]
    raise SourceError(f"no rows are quarantined under {name!r}; names are {', '.join(sorted({*RECIPES, *_RAW}))}")


_RAW = [name for name, table in TABLES.items() if table.layer == "raw"]


def export(rows: pl.DataFrame, target: Path) -> None:
    """Write rows with their published values in columns of their own, as csv, ndjson or parquet by the file's name.

    What is written can be edited and given to `mended`. Lines that could not be split have their text in `line`.
    Raises SourceError for another kind of file.
    """
    if target.suffix not in FORMATS:
        raise SourceError(f"{target} is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file; name one")
    wide = _wide(rows)
    with atomic_file(target) as aside:
        if target.suffix == ".csv":
            wide.write_csv(aside)
        elif target.suffix == ".ndjson":
            wide.write_ndjson(aside)
        else:
            wide.write_parquet(aside)


def mended(rows: pl.DataFrame, source: Path) -> list[Correction]:
    """What an edited export says of rows in quarantine that differs from what was published.

    `rows`: what is in quarantine. Raises SourceError for a file that can't be read, lacks a column that says which
    row is meant, or names a row that is not in quarantine.
    """
    edited = _read(source)
    missing = [c for c in ("table_name", *PROVENANCE) if c not in edited.columns]
    if missing:
        raise SourceError(
            f"{source} has no column {', '.join(missing)}, so that it can't be told which rows are meant. Export them "
            "with `recsys quarantine export`, edit the values, and leave the other columns as they are."
        )
    known = {(r["table_name"], r["source_file"], r["source_line"]): json.loads(r["row_json"]) for r in rows.to_dicts()}
    found = [_correction(source, number, row, known) for number, row in enumerate(edited.to_dicts(), start=1)]
    return [c for c in found if c is not None]


def _correction(
    source: Path,
    number: int,
    row: Mapping[str, object],
    known: Mapping[tuple[str, str, int], Mapping[str, str | None]],
) -> Correction | None:
    name, file, line = str(row["table_name"]), str(row["source_file"]), _whole(row["source_line"])
    if (name, file, line) not in known:
        raise SourceError(
            f"{source} row {number}: {file} line {row['source_line']} is not in quarantine under {name!r}. "
            "`recsys quarantine show` lists what is."
        )
    raw, published = raw_table_of(name), known[name, file, line or 0]
    values = {c: _text(row.get(c, published.get(c))) for c in published_columns(raw)}
    if "line" in published and not any(values.values()):
        if _text(row.get("line")) not in (None, published["line"]):
            raise SourceError(
                f"{source} row {number}: a line that could not be split was edited as a whole. Write its values in the "
                f"columns {', '.join(values)}."
            )
        return None
    if values == {c: published.get(c) for c in values}:
        return None
    return Correction(raw.name, file, line or 0, values)


def _wide(rows: pl.DataFrame) -> pl.DataFrame:
    tables = [raw_table_of(name) for name in rows["table_name"].unique(maintain_order=True)]
    columns = dict.fromkeys(c for table in tables for c in published_columns(table))
    names = [*columns, *(["line"] if (rows["rule"] == MALFORMED).any() else [])]
    return rows.select(*WHERE, *(pl.col("row_json").str.json_path_match(f"$['{n}']").alias(n) for n in names))


def _read(source: Path) -> pl.DataFrame:
    readers = {
        ".csv": lambda: pl.read_csv(source, infer_schema=False),
        ".ndjson": lambda: pl.read_ndjson(source),
        ".parquet": lambda: pl.read_parquet(source),
    }
    if source.suffix not in readers:
        raise SourceError(f"{source} is no {', '.join(FORMATS)} file")
    try:
        return readers[source.suffix]()
    except (OSError, pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise SourceError(f"{source} can't be read: {str(error).splitlines()[0]}") from error


def _whole(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdigit() else None


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
