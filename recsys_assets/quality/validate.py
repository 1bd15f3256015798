"""Great Expectations over the profile of a table: one expectation a rule."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from recsys_assets.quality.drift import Comparison
from recsys_assets.quality.earlier import EarlierRun
from recsys_assets.quality.origins import raw_table_of
from recsys_assets.quality.profile import profile, sample
from recsys_assets.quality.report import rule_markdown, table_markdown
from recsys_assets.quality.rules import Rule, rules_of
from recsys_assets.quality.units import told
from recsys_assets.warehouse.database import require_tables
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.declaration import Layer, Table
from recsys_assets.warehouse.landed import landed_files
from recsys_assets.warehouse.side_by_side import side_by_side
from recsys_assets.warehouse.tables import QUARANTINE

if TYPE_CHECKING:
    import pandas as pd

_JUDGING = Lock()
"""Great Expectations is not made for several threads."""


@dataclass(frozen=True)
class RuleResult:
    """Whether a table keeps one rule, and the rows that do not."""

    rule: Rule
    passed: bool
    observed: float
    sample: pl.DataFrame
    """Up to ten rows that break it, as text."""
    note: str = ""
    """What the figure was compared with, or why it could not be had."""

    @property
    def summary(self) -> str:
        verdict = "kept" if self.passed else "BROKEN"
        found = f"found {told(self.observed, self.rule.unit)}, expected {self.rule.expected}"
        return f"{verdict}: {self.rule.description}; {found}" + (f" ({self.note})" if self.note else "")

    @property
    def markdown(self) -> str:
        return rule_markdown(self)


@dataclass(frozen=True)
class TableReport:
    """One validation of one table."""

    table: str
    layer: Layer
    rows: int
    results: tuple[RuleResult, ...]
    comparisons: tuple[Comparison, ...]
    """Distributions beside those of the earlier run."""
    quarantined: Mapping[str, int]
    """Rows put aside by rule: of the table and of the raw table its rows come from."""
    complete: bool
    """All rules of the declaration were judged."""

    @property
    def passed(self) -> bool:
        """No critical rule is broken."""
        return all(r.passed for r in self.results if r.rule.severity == "critical")

    @property
    def markdown(self) -> str:
        return table_markdown(self)


def validate_tables(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[Table],
    *,
    only: Mapping[str, Set[str]] | None = None,
    references: Mapping[str, EarlierRun | None] | None = None,
) -> Iterator[TableReport]:
    """`validate` of several tables, two at a time; reports come in the order of the tables.

    `only` and `references` are by table name; a table that is not in them is judged by all its rules, against nothing.
    """
    _require_records(con)

    def judge(own: duckdb.DuckDBPyConnection, table: Table) -> TableReport:
        return validate(own, table, only=(only or {}).get(table.name), reference=(references or {}).get(table.name))

    yield from side_by_side(con, [partial(judge, table=table) for table in tables])


def broken_now(con: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """What the table breaks of its critical rules, in words; nothing is recorded. For who publishes what they write."""
    critical = {rule.name for rule in rules_of(table) if rule.severity == "critical"}
    _require_records(con)
    return [result.summary for result in validate(con, table, only=critical).results if not result.passed]


def validate(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    *,
    only: Set[str] | None = None,
    reference: EarlierRun | None = None,
    now: datetime | None = None,
) -> TableReport:
    """Judge a table of the warehouse by its declaration, or by the rules named in `only`.

    `reference` is the run that volume and distributions are compared with (`store.last_reference`); without one these
    rules are kept. `now` (UTC) is what freshness is measured to.
    """
    declared = rules_of(table)
    rules = [rule for rule in declared if only is None or rule.name in only]
    unknown = (only or set()) - {rule.name for rule in rules}
    if unknown:
        raise ValueError(f"{table.name} has no rule {', '.join(sorted(unknown))}")
    _require_records(con)
    require_tables(con, (table.name, *(reference.table for reference in table.references)))
    found = profile(con, table, rules, earlier=reference, now=now or datetime.now(UTC))
    verdicts = _expect(found.one_row(), table, rules) if rules else {}
    return TableReport(
        table.name,
        table.layer,
        found.rows,
        tuple(
            RuleResult(
                rule,
                verdicts[rule.name],
                found.figures[rule.name],
                pl.DataFrame() if verdicts[rule.name] else sample(con, rule),
                found.notes.get(rule.name, ""),
            )
            for rule in rules
        ),
        found.comparisons,
        _quarantined(con, table),
        complete=len(rules) == len(declared),
    )


def _quarantined(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, int]:
    names = [name for name in (table.name, raw_table_of(table.name)) if name]
    found = con.execute(
        "SELECT rule, count(*) FROM quarantine WHERE list_contains(?, table_name) GROUP BY rule ORDER BY rule", [names]
    ).fetchall()
    return {str(rule): int(rows) for rule, rows in found}


def _require_records(con: duckdb.DuckDBPyConnection) -> None:
    """What is in quarantine and which files landed is asked of every table, also before there is any such record."""
    con.execute(create_table_sql(QUARANTINE))
    landed_files(con, "")


def _expect(figures: pd.DataFrame, table: Table, rules: Sequence[Rule]) -> dict[str, bool]:
    """Great Expectations' verdict on each rule. Of one row the maximum is the value, and cheap to ask for."""
    gx = _great_expectations()
    suite = gx.ExpectationSuite(
        name=table.name,
        expectations=[
            gx.expectations.ExpectColumnMaxToBeBetween(
                column=rule.name,
                min_value=rule.minimum,
                max_value=rule.maximum,
                severity=rule.severity,
                description=rule.description,
                meta={"check": rule.name},
            )
            for rule in rules
        ],
    )
    with _JUDGING:
        outcome = _profiles().get_batch({"dataframe": figures}).validate(suite, result_format="BOOLEAN_ONLY")
    return {result.expectation_config.meta["check"]: bool(result.success) for result in outcome.results}


@cache
def _profiles() -> Any:
    """Where Great Expectations takes profiles from, set up once a process: it costs more than to judge one."""
    context = _great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("warehouse").add_dataframe_asset("profile")
    return asset.add_batch_definition_whole_dataframe("profile")


def _great_expectations() -> Any:
    """The library, silent and without call-home; 3 s to import, hence here."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return great_expectations
