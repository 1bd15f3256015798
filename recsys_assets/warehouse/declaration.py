"""How a table is declared: the one place that DDL, expectations, Dagster schemas and docs derive from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
Layer = Literal["raw", "validated", "feature"]
Bins = Literal["values", "steps", "rows", "months"]
"""How rows fall into the bins of a distribution; see `Distribution.bins`."""
MONTHS = 24
"""Of the data's last months a distribution over time shows."""


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
class Freshness:
    """The published files a table comes from were seen, new or unchanged, at most `hours` ago; older is a warning."""

    hours: float


@dataclass(frozen=True)
class Volume:
    """Rows gained or lost since the last sound run, as shares of that run's rows.

    A new drop adds rows, and a publisher takes some back: 10 % fewer is worth a look. Half of them gone is a cut file
    or another data set under the same name, so nothing is published from it. Growth harms nobody: twice the rows is
    worth a look, no more.
    """

    shrink: float = 0.1
    """A larger loss is a warning."""
    collapse: float | None = 0.5
    """A larger loss is critical. None: a data set may do without this table, no loss is critical."""
    growth: float = 1.0
    """A larger gain is a warning."""


@dataclass(frozen=True)
class Distribution:
    """How a table's rows are spread over bins of one column, compared with the last sound run.

    `limit` is of the population stability index (`quality/drift.py`): below 0.1 is taken for no change and above 0.25
    for a large one (Siddiqi, Credit Risk Scorecards, 2006). More than `limit` is a warning.
    """

    name: str
    title: str
    column: str
    bins: Bins
    """`values`: each value, of a list each element. `steps`: numbers, rounded down to a multiple of `step`. `rows`:
    each value once, by how many rows have it: 1, 2-3, 4-7, ... `months`: the last `MONTHS` of the data; as that window
    moves on, only months that both runs hold are compared."""
    step: float = 1.0
    limit: float = 0.2


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
    freshness: Freshness | None = None
    """Of validated tables, which come from published files."""
    volume: Volume | None = None
    distributions: tuple[Distribution, ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name!r} declares no column {name!r}; it has {', '.join(self.column_names)}")
