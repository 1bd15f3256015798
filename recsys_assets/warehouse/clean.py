"""Raw -> validated: which tables are cleaned, on the way to which, and which two at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial

import duckdb

from recsys_assets.progress import Progress, silent
from recsys_assets.warehouse.cleaned import stored_state
from recsys_assets.warehouse.cleaning import Cleaning, CleanReport
from recsys_assets.warehouse.database import in_any_order, require_tables, transaction
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.recipes import BUILT_WITH, RECIPES
from recsys_assets.warehouse.side_by_side import side_by_side
from recsys_assets.warehouse.tables import QUARANTINE


def clean_table(
    con: duckdb.DuckDBPyConnection, table: Table, *, now: datetime | None = None, progress: Progress = silent
) -> CleanReport:
    """Make a validated table, and its rows in `quarantine`, what its raw table says now.

    Builds the tables of `BUILT_WITH` on the way, whose bad rows are quarantined under their own names. `now` (UTC)
    bounds the times of events, one day of grace included. Raises WarehouseError where a table it needs is not there.
    """
    latest = (now or datetime.now(UTC)).replace(tzinfo=None) + timedelta(days=1)
    require_tables(con, tuple(sorted(_needed(table))))
    with in_any_order(con) if RECIPES[table.name].costly else nullcontext(), transaction(con):
        con.execute(create_table_sql(QUARANTINE))
        reports = [Cleaning(con, t, RECIPES[t.name], latest).run(progress) for t in _built(table)]
    return reports[-1]


def clean_tables(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    *,
    now: datetime | None = None,
    progress: Progress = silent,
) -> Iterator[CleanReport]:
    """`clean_table` of several tables, two at a time; reports come in the order of the tables.

    A table that another needs must stand before it. What stands behind a costly one waits for it: that one takes
    both threads by itself, where movies and ratings leave one idle now and then.
    """
    con.execute(create_table_sql(QUARANTINE))  # two connections can't make one table at once
    stored_state(con, "")

    def clean(own: duckdb.DuckDBPyConnection, table: Table) -> CleanReport:
        return clean_table(own, table, now=now, progress=progress)

    def waits(table: Table, for_: Table) -> bool:
        return RECIPES[for_.name].costly or bool({t.name for t in _built(for_)} & _needed(table))

    after = {
        place: {other for other in range(place) if waits(table, tables[other])} for place, table in enumerate(tables)
    }
    yield from side_by_side(con, [partial(clean, table=table) for table in tables], after=after)


def _built(table: Table) -> tuple[Table, ...]:
    """The table, behind those that are built on the way to it."""
    return (*BUILT_WITH.get(table.name, ()), table)


def _needed(table: Table) -> set[str]:
    """Names of the tables that must be there before it is cleaned."""
    built = _built(table)
    needed = {name for t in built for name in (RECIPES[t.name].raw.name, *RECIPES[t.name].needs)}
    needed |= {r.table for t in built for r in t.references}
    return needed - {t.name for t in built}
