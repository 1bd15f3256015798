"""Great Expectations as asset checks: one per expectation, critical ones blocking."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from recsys_assets.defs.ingest import RAW_TABLES, VALIDATED_FROM
from recsys_assets.defs.resources import DUCKDB_WRITER, Deployment
from recsys_assets.quality import TableReport, rules_of, validate_tables
from recsys_assets.quality.pages import table_page, write_site
from recsys_assets.quality.store import last_reference, record
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.tables import CATALOGUE, TABLES


def expectation_specs(tables: Sequence[Table]) -> list[dg.AssetCheckSpec]:
    """A check for each rule of each declaration."""
    return [
        dg.AssetCheckSpec(
            rule.name,
            asset=table.name,
            description=rule.description,
            blocking=rule.severity == "critical",
        )
        for table in tables
        for rule in rules_of(table)
    ]


@dg.multi_asset_check(name="raw_expectations", specs=expectation_specs(RAW_TABLES), can_subset=True, pool=DUCKDB_WRITER)
def raw_expectations(context: dg.AssetCheckExecutionContext, deployment: Deployment) -> Iterator[dg.AssetCheckResult]:
    """Are the published tables usable at all?"""
    yield from validated(context, deployment)


@dg.multi_asset_check(
    name="validated_expectations", specs=expectation_specs(list(VALIDATED_FROM)), can_subset=True, pool=DUCKDB_WRITER
)
def validated_expectations(
    context: dg.AssetCheckExecutionContext, deployment: Deployment
) -> Iterator[dg.AssetCheckResult]:
    """Does every validated row keep its declaration?"""
    yield from validated(context, deployment)


@dg.multi_asset_check(
    name="catalogue_expectations", specs=expectation_specs([CATALOGUE]), can_subset=True, pool=DUCKDB_WRITER
)
def catalogue_expectations(
    context: dg.AssetCheckExecutionContext, deployment: Deployment
) -> Iterator[dg.AssetCheckResult]:
    """Does every movie of the catalogue keep its declaration?"""
    yield from validated(context, deployment)


def validated(context: dg.AssetCheckExecutionContext, deployment: Deployment) -> Iterator[dg.AssetCheckResult]:
    """Judge the selected rules, record the verdicts, and write the site anew."""
    settings = deployment.settings()
    selected: dict[str, set[str]] = defaultdict(set)
    for key in context.selected_asset_check_keys:
        selected[key.asset_key.to_user_string()].add(key.name)
    run_id = context.run.run_id
    with Warehouse.of(settings).connect() as con:
        references = {name: last_reference(settings, name, before_run=run_id) for name in selected}
        tables = [TABLES[name] for name in sorted(selected)]
        for report in validate_tables(con, tables, only=selected, references=references):
            record(settings, report, run_id=run_id)
            yield from _check_results(report, table_page(settings, report.table))
    write_site(settings)


def _check_results(report: TableReport, page: Path) -> Iterator[dg.AssetCheckResult]:
    for result in report.results:
        critical = result.rule.severity == "critical"
        yield dg.AssetCheckResult(
            asset_key=report.table,
            check_name=result.rule.name,
            passed=result.passed,
            severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
            description=result.summary,
            metadata={
                "observed": float(result.observed),
                "expected": result.rule.expected,
                "report": dg.MetadataValue.md(result.markdown),
                "table_report": dg.MetadataValue.md(report.markdown),
                "site": dg.MetadataValue.path(page),
            },
        )
