"""From the platform's own results to what the Dagster web UI shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl

from recsys_assets.warehouse.declaration import Table

TABLE_ROWS_SHOWN = 25
"""Rows of a metadata table; they stay in the event log for ever."""


def column_schema(table: Table) -> dg.TableSchema:
    """The declaration as Dagster's column schema."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                c.name,
                c.type,
                description=c.description,
                constraints=dg.TableColumnConstraints(nullable=not c.required, unique=table.key == (c.name,)),
            )
            for c in table.columns
        ]
    )


def table_record(frame: pl.DataFrame) -> dg.TableMetadataValue:
    """A frame as a table in the UI, its first rows."""
    head = frame.head(TABLE_ROWS_SHOWN)
    return dg.MetadataValue.table(
        records=[dg.TableRecord({k: _plain(v) for k, v in row.items()}) for row in head.iter_rows(named=True)],
        schema=dg.TableSchema([dg.TableColumn(c, str(t)) for c, t in head.schema.items()]),
    )


def numbers(values: Mapping[str, float]) -> dict[str, dg.MetadataValue]:
    """Figures as float metadata, so that the UI plots their history; what is not finite is left out."""
    return {k: dg.MetadataValue.float(float(v)) for k, v in values.items() if v == v and abs(v) != float("inf")}


def column_lineage(sources: Mapping[str, Sequence[tuple[str, str]]]) -> dict[str, dg.TableColumnLineage]:
    """Column -> (table, column) pairs it is made of, as Dagster's column lineage."""
    deps = {
        column: [dg.TableColumnDep(dg.AssetKey(table), origin) for table, origin in origins]
        for column, origins in sources.items()
        if origins
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def event_times(first: datetime | None, last: datetime | None) -> dict[str, dg.MetadataValue]:
    """First and last event (UTC, without zone), where there are events."""
    times = {"first_event": first, "last_event": last}
    return {
        name: dg.MetadataValue.timestamp(time.replace(tzinfo=UTC)) for name, time in times.items() if time is not None
    }


def feedback_seen(version: str, events: int) -> dict[str, dg.MetadataValue]:
    """What a training has read of the feedback; by this the retraining sensor knows who is behind."""
    return {"feedback_version": dg.MetadataValue.text(version), "feedback_events": dg.MetadataValue.int(events)}


def bullet_list(lines: Iterable[str]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {line}" for line in lines))


def _plain(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
