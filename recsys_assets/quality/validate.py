"""Great Expectations over the profile of a table: one expectation a rule."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from recsys_assets.quality.profile import profile, sample
from recsys_assets.quality.report import figure, rule_markdown, table_markdown
from recsys_assets.quality.rules import Rule, rules_of
from recsys_assets.warehouse.database import require_tables
from recsys_assets.warehouse.declaration import Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RuleResult:
    """Whether a table keeps one rule, and the rows that do not."""

    rule: Rule
    passed: bool
    observed: float
    sample: pl.DataFrame
    """Up to ten rows that break it, as text."""

    @property
    def summary(self) -> str:
        verdict = "kept" if self.passed else "BROKEN"
        return f"{verdict}: {self.rule.description}; found {figure(self.observed)}, expected {self.rule.expected}"

    @property
    def markdown(self) -> str:
        return rule_markdown(self)


@dataclass(frozen=True)
class TableReport:
    """One validation of one table."""

    table: str
    rows: int
    results: tuple[RuleResult, ...]

    @property
    def passed(self) -> bool:
        """No critical rule is broken."""
        return all(r.passed for r in self.results if r.rule.severity == "critical")

    @property
    def markdown(self) -> str:
        return table_markdown(self)


def validate(con: duckdb.DuckDBPyConnection, table: Table, *, only: Set[str] | None = None) -> TableReport:
    """Judge a table of the warehouse by its declaration, or by the rules named in `only`."""
    rules = [rule for rule in rules_of(table) if only is None or rule.name in only]
    unknown = (only or set()) - {rule.name for rule in rules}
    if unknown:
        raise ValueError(f"{table.name} has no rule {', '.join(sorted(unknown))}")
    _require_quarantine(con)
    require_tables(con, (table.name, *(reference.table for reference in table.references)))
    rows = con.table(table.name).count("*").fetchall()[0][0]
    if not rules:
        return TableReport(table.name, rows, ())
    figures = profile(con, table, rules)
    verdicts = _expect(figures, table, rules)
    return TableReport(
        table.name,
        rows,
        tuple(
            RuleResult(
                rule,
                verdicts[rule.name],
                float(figures[rule.name].iloc[0]),
                pl.DataFrame() if verdicts[rule.name] else sample(con, rule),
            )
            for rule in rules
        ),
    )


def _require_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    """A table may be judged before the first cleaning has made it."""
    from recsys_assets.warehouse.ddl import create_table_sql
    from recsys_assets.warehouse.tables import QUARANTINE

    con.execute(create_table_sql(QUARANTINE))


def _expect(figures: pd.DataFrame, table: Table, rules: Sequence[Rule]) -> dict[str, bool]:
    """Great Expectations' verdict on each rule."""
    gx = _great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("warehouse")
        .add_dataframe_asset(table.name)
        .add_batch_definition_whole_dataframe("profile")
        .get_batch({"dataframe": figures})
    )
    suite = gx.ExpectationSuite(
        name=table.name,
        expectations=[
            gx.expectations.ExpectColumnValuesToBeBetween(
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
    outcome = batch.validate(suite)
    return {result.expectation_config.meta["check"]: bool(result.success) for result in outcome.results}


def _great_expectations() -> Any:
    """The library, silent and without call-home; 3 s to import, hence here."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return great_expectations
