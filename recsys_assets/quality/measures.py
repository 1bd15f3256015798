"""What a rule looks at: each measure is one number of a table. `profile.py` works them out."""

from __future__ import annotations

from dataclasses import dataclass

from recsys_assets.warehouse.declaration import Column, Distribution, Reference


@dataclass(frozen=True)
class Aggregate:
    """A SQL expression over the table `t`."""

    sql: str


@dataclass(frozen=True)
class BreakingRows:
    """How many rows of `t` meet `condition`."""

    condition: str
    none_if: str = "false"
    """Expression of counts, minima and maxima, which DuckDB mostly knows without reading a row: where it is true no row
    meets the condition, and none is looked at."""


@dataclass(frozen=True)
class FilledShare:
    """Share of rows (1 of an empty table) that have a value in a column."""

    column: Column


@dataclass(frozen=True)
class RepeatedKeys:
    """How many keys occur in more than one row."""

    key: tuple[str, ...]


@dataclass(frozen=True)
class UnknownReferences:
    """How many rows point to what is not there; a missing value points nowhere."""

    reference: Reference


@dataclass(frozen=True)
class HoursSinceConfirmed:
    """Hours since the published files were last seen, new or unchanged; 0 where none is known."""


@dataclass(frozen=True)
class RowsGained:
    """Rows gained (lost: below 0) since the earlier run, as a share of its rows."""


@dataclass(frozen=True)
class Drift:
    """Population stability index of a distribution, against that of the earlier run."""

    distribution: Distribution


Measure = (
    Aggregate | BreakingRows | FilledShare | RepeatedKeys | UnknownReferences | HoursSinceConfirmed | RowsGained | Drift
)
