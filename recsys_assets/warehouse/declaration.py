"""How a table is declared: the one place that DDL, expectations, Dagster schemas and docs derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
Layer = Literal["raw", "validated", "feature"]


@dataclass(frozen=True)
class Column:
    """One column: its DuckDB type, and the rules each of its values must keep."""

    name: str
    type: str
    """DuckDB type, e.g. `BIGINT`, `VARCHAR[]`."""
    description: str
    required: bool = False
    """NULL is not allowed."""
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] | None = None
    """The only values (of a list column: elements) that may occur."""
    severity: Severity = "critical"
    """Of a broken rule of this column on a *published* table."""


@dataclass(frozen=True)
class Reference:
    """`column` must occur in `table.target`; rows that point nowhere are quarantined as `<column>_unknown`."""

    column: str
    table: str
    target: str


@dataclass(frozen=True)
class Table:
    """A declared table. `name` is both the DuckDB table and the lake folder."""

    name: str
    layer: Layer
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """No two rows share these columns' values."""
    references: tuple[Reference, ...] = ()
    min_rows: int = 0
    """Fewer rows than this is critical: the table is not usable."""
    order_by: tuple[str, ...] = ()
    """Sort order of published snapshots; fixed, so that equal content gives equal bytes."""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name!r} declares no column {name!r}; it has {', '.join(self.column_names)}")
