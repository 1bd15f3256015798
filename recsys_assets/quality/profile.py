"""A table in one row: the figure of every rule, computed by DuckDB.

Great Expectations can't read DuckDB (1.24), and on 26 million rows of pandas it takes 23 s and 3.6 GB; on this row it
takes milliseconds, whatever the table's size. Rows are only read where what DuckDB knows of its columns (counts,
minima, maxima) leaves a doubt, where keys may repeat, and for distributions, by one GROUP BY each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from recsys_assets.quality.drift import Comparison, compare
from recsys_assets.quality.earlier import NO_EARLIER_RUN, EarlierRun
from recsys_assets.quality.histogram import Tallies, spread, tallies
from recsys_assets.quality.measures import (
    Aggregate,
    BreakingRows,
    Drift,
    FilledShare,
    HoursSinceConfirmed,
    Measure,
    RepeatedKeys,
    RowsGained,
    UnknownReferences,
)
from recsys_assets.quality.origins import hours_since_confirmed
from recsys_assets.quality.rules import Rule
from recsys_assets.warehouse.declaration import Distribution, Table
from recsys_assets.warehouse.keys import has_repeats
from recsys_assets.warehouse.sql import identifier, identifiers, repeats_sql
from recsys_assets.warehouse.storage import KEPT_AS_NUMBERS, typed_view, whole

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 10


@dataclass(frozen=True)
class Profile:
    """What was found of a table."""

    rows: int
    figures: Mapping[str, float]
    """By rule."""
    notes: Mapping[str, str]
    """By rule: why its figure is not what it seems."""
    comparisons: tuple[Comparison, ...]
    """Of the distributions that the rules ask for."""

    def one_row(self) -> pd.DataFrame:
        """One float64 column a rule, named after it."""
        return pl.DataFrame({name: [value] for name, value in self.figures.items()}).to_pandas()


def profile(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    rules: Sequence[Rule],
    *,
    earlier: EarlierRun | None,
    now: datetime,
) -> Profile:
    """Work out the figure of every rule. `now` is UTC; rules about change keep still without an `earlier` run."""
    rows = con.execute(f"SELECT count(*) FROM {identifier(table.name)}").fetchall()[0][0]
    figures = _aggregated(con, table, rules)
    with tallies(con, table, _tallied(rules)) as tallied:
        asked = _Asked(con, table, rows, tallied, earlier, now)
        found = {rule.name: asked.about(rule.measure) for rule in rules if rule.name not in figures}
    figures |= {name: 0.0 if f.figure is None else float(f.figure) for name, f in found.items()}
    return Profile(
        rows,
        {rule.name: figures[rule.name] for rule in rules},
        {name: f.note for name, f in found.items() if f.note},
        tuple(f.comparison for f in found.values() if f.comparison),
    )


def sample(con: duckdb.DuckDBPyConnection, rule: Rule) -> pl.DataFrame:
    """Up to ten rows that break a rule, values as text; empty where no row can be blamed."""
    if rule.sample_sql is None:
        return pl.DataFrame()
    return con.sql(f"SELECT COLUMNS(*)::VARCHAR FROM ({rule.sample_sql} LIMIT {SAMPLE_ROWS})").pl()


@dataclass(frozen=True)
class _Found:
    figure: float | None
    """None: it can't be had, the note says why."""
    note: str = ""
    comparison: Comparison | None = None


@dataclass(frozen=True)
class _Asked:
    """A table, and what is needed to measure it."""

    con: duckdb.DuckDBPyConnection
    table: Table
    rows: int
    tallied: Tallies
    earlier: EarlierRun | None
    now: datetime

    def about(self, measure: Measure) -> _Found:
        match measure:
            case FilledShare(column):
                return _Found(1 - _missing(self.con, self.table, column.name) / self.rows if self.rows else 1.0)
            case RepeatedKeys(key):
                return _Found(_repeated(self.con, self.table, key))
            case UnknownReferences(reference):
                tally = self.tallied[reference.column]
                return _Found(_unknown(self.con, tally, reference.table, reference.target))
            case HoursSinceConfirmed():
                hours = hours_since_confirmed(self.con, self.table.name, self.now)
                return _Found(hours, "no published file of it is on record" if hours is None else "")
            case RowsGained():
                return self._gained()
            case Drift(distribution):
                return self._drift(distribution)
        raise TypeError(f"{self.table.name}: {measure!r} is worked out elsewhere")

    def _gained(self) -> _Found:
        if self.earlier is None or not self.earlier.rows:
            return _Found(None, NO_EARLIER_RUN)
        return _Found(self.rows / self.earlier.rows - 1, f"{self.earlier.rows:,} rows in {self.earlier.name}")

    def _drift(self, distribution: Distribution) -> _Found:
        now = spread(self.con, self.table, distribution, self.tallied)
        then = self.earlier.spreads.get(distribution.name) if self.earlier else None
        if self.earlier is None or then is None:
            return _Found(None, NO_EARLIER_RUN, compare(distribution, now, None))
        comparison = compare(distribution, now, then, run_id=self.earlier.run_id)
        nothing = ": no two bins to compare" if comparison.psi is None else ""
        return _Found(comparison.psi, f"compared with {self.earlier.name}{nothing}", comparison)


def _aggregated(con: duckdb.DuckDBPyConnection, table: Table, rules: Sequence[Rule]) -> dict[str, float]:
    """Figures of all aggregates, and of rows that break a rule where there may be any: two scans at most."""
    name = f"{identifier(table.name)} t"
    breaking = {r.name: r.measure for r in rules if isinstance(r.measure, BreakingRows)}
    sound = _row(con, [m.none_if for m in breaking.values()], name)
    doubtful = [rule for rule, none in zip(breaking, sound, strict=True) if not none]
    wanted = {r.name: r.measure.sql for r in rules if isinstance(r.measure, Aggregate)}
    wanted |= {rule: f"count(*) FILTER (WHERE {breaking[rule].condition})" for rule in doubtful}
    found = _row(con, [f"({sql})::DOUBLE" for sql in wanted.values()], name)
    return dict.fromkeys(breaking, 0.0) | dict(zip(wanted, found, strict=True))


def _row(con: duckdb.DuckDBPyConnection, expressions: Sequence[str], source: str) -> tuple:
    return con.execute(f"SELECT {', '.join(expressions)} FROM {source}").fetchall()[0] if expressions else ()


def _tallied(rules: Sequence[Rule]) -> list[str]:
    """Columns whose values are to be counted."""
    references = [r.measure.reference.column for r in rules if isinstance(r.measure, UnknownReferences)]
    spreads = [r.measure.distribution for r in rules if isinstance(r.measure, Drift)]
    return references + [d.column for d in spreads if d.bins == "rows"]


def _missing(con: duckdb.DuckDBPyConnection, table: Table, column: str) -> int:
    """Rows of a raw table without a value. Where whole numbers are kept as such, that is known without the text."""
    source, condition = table.name, f"{identifier(column)} IS NULL"
    typed = typed_view(table.name)
    if (
        column in KEPT_AS_NUMBERS
        and con.execute(
            "SELECT 1 FROM duckdb_views() WHERE schema_name = current_schema() AND view_name = ?", [typed]
        ).fetchall()
    ):
        source, condition = typed, f"{whole(column)} IS NULL AND {condition}"
    return con.execute(f"SELECT count(*) FROM {identifier(source)} WHERE {condition}").fetchall()[0][0]


def _repeated(con: duckdb.DuckDBPyConnection, table: Table, key: tuple[str, ...]) -> int:
    """Whether there are any is known in a fraction of the time it takes to count them."""
    if not has_repeats(con, table.name, key):
        return 0
    name, columns = identifier(table.name), identifiers(key)
    return con.execute(
        f"SELECT count(*) FROM (SELECT {columns} FROM {name} WHERE {repeats_sql(name, key)} "
        "GROUP BY ALL HAVING count(*) > 1)"
    ).fetchall()[0][0]


def _unknown(con: duckdb.DuckDBPyConnection, tally: str, table: str, target: str) -> int:
    return con.execute(
        f"SELECT coalesce(sum(t.n), 0) FROM {identifier(tally)} t ANTI JOIN {identifier(table)} x "
        f"ON x.{identifier(target)} = t.value WHERE t.value IS NOT NULL"
    ).fetchall()[0][0]
