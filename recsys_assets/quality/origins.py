"""Where a validated table comes from: its raw tables, and when their files were last seen."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from recsys_assets.warehouse.landed import landed_files
from recsys_assets.warehouse.recipes import BUILT_WITH, RECIPES


def raw_table_of(table: str) -> str | None:
    """The raw table whose rows become those of `table`."""
    recipe = RECIPES.get(table)
    return recipe.raw.name if recipe else None


def raw_tables_of(table: str) -> tuple[str, ...]:
    """All raw tables that `table` and what is built with it come from."""
    built = [table, *(part.name for part in BUILT_WITH.get(table, ()))]
    return tuple(dict.fromkeys(RECIPES[name].raw.name for name in built if name in RECIPES))


def hours_since_confirmed(con: duckdb.DuckDBPyConnection, table: str, now: datetime) -> float | None:
    """Hours from when the files of its raw tables were last seen, new or unchanged, to `now` (UTC).

    Of several raw tables the one seen longest ago counts. None where no file of theirs is on record.
    """
    seen = [[file.confirmed_at for file in landed_files(con, raw)] for raw in raw_tables_of(table)]
    moments = [max(times) for times in seen if times]
    if not moments:
        return None
    return (now.astimezone(UTC).replace(tzinfo=None) - min(moments)).total_seconds() / 3600
