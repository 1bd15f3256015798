"""How a validated table is made of a raw one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.fields import Field


@dataclass(frozen=True)
class Recipe:
    """`raw` is read as `r`; `join` may add other tables to it, one row each at most."""

    raw: Table
    fields: Mapping[str, Field]
    """By column of the validated table."""
    join: str = ""
    where: str = ""
    """Condition on `r` alone. A row that does not meet it is left out: not of this table's kind."""
    needs: tuple[str, ...] = ()
    """Tables that `join` and `where` read and that this table's own steps do not build."""
    gathered: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """`alias.column` of a query in `join` -> table and column it is made of; joined tables say it themselves."""
    costly: bool = False
    """Values are so dear to work out, or `where` leaves out so many rows, that the typed rows are written down before
    rules look at them: DuckDB else works out a value for each rule, and for rows that are left out."""
    plain: bool = False
    """Every whole number of `raw` is kept as one, so that no text need be looked at for it."""
    in_parts: bool = False
    """The rows are costly and fill one row group at most, which DuckDB would give to one thread."""
