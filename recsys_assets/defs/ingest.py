"""From what the world publishes to validated tables in the warehouse."""

from collections.abc import Iterator

import dagster as dg

from recsys_assets.defs.metadata import bullet_list, column_schema
from recsys_assets.defs.resources import DUCKDB_WRITER, NIGHTLY, TEAM, Deployment
from recsys_assets.sources import TransientSourceError, prepare
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.database import Warehouse
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import (
    IMDB_MOVIES,
    MOVIES,
    RATINGS,
    RAW_IMDB_MOVIES,
    RAW_LINKS,
    RAW_MOVIES,
    RAW_RATINGS,
    RAW_TAGS,
    RAW_USERS,
    TAGS,
    USERS,
)

RAW_TABLES = (RAW_RATINGS, RAW_MOVIES, RAW_LINKS, RAW_TAGS, RAW_USERS, RAW_IMDB_MOVIES)

VALIDATED_FROM: dict[Table, tuple[str, ...]] = {
    MOVIES: ("raw_movies", "raw_links"),
    RATINGS: ("raw_ratings", "movies"),
    TAGS: ("raw_tags", "movies"),
    USERS: ("raw_users",),
    IMDB_MOVIES: ("raw_imdb_movies",),
}
"""Validated tables in the order they are built, and what each is built from."""


def _spec(table: Table, deps: tuple[str, ...], kinds: set[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        table.name,
        deps=deps,
        description=table.description,
        group_name="ingest",
        owners=[TEAM],
        freshness_policy=NIGHTLY,
        kinds=kinds,
        tags={"layer": table.layer},
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": f"recsys.{table.name}"},
    )


@dg.asset(group_name="ingest", kinds={"python"}, owners=[TEAM], freshness_policy=NIGHTLY, tags={"layer": "raw"})
def published_files(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """The data set's files as published (or generated), checksummed and unpacked under `data/raw/`."""
    try:
        files = prepare(deployment.settings(), progress=context.log.info)
    except TransientSourceError as error:
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=10) from error
    return dg.MaterializeResult(
        metadata={
            "dataset": files.dataset,
            "files": bullet_list(f"{f.table}: `{f.path.name}`, {f.path.stat().st_size:,} bytes" for f in files.files),
            "sha256": bullet_list(f"`{name}`: {digest}" for name, digest in files.sha256.items()),
            **({"notes": bullet_list(files.notes)} if files.notes else {}),
        }
    )


@dg.multi_asset(
    name="raw_tables",
    specs=[_spec(t, ("published_files",), {"duckdb"}) for t in RAW_TABLES],
    can_subset=True,
    pool=DUCKDB_WRITER,
)
def raw_tables(context: dg.AssetExecutionContext, deployment: Deployment) -> Iterator[dg.MaterializeResult]:
    """Published values as text, one row per published line."""
    settings = deployment.settings()
    files = prepare(settings, progress=context.log.info)
    with Warehouse.of(settings).connect() as con:
        for table in (t for t in RAW_TABLES if dg.AssetKey(t.name) in context.selected_asset_keys):
            report = load_raw(con, table, files.of_table(table.name))
            yield dg.MaterializeResult(
                asset_key=table.name,
                metadata={"dagster/row_count": report.rows, "malformed_rows": report.malformed},
            )


@dg.multi_asset(
    name="validated_tables",
    specs=[_spec(t, deps, {"duckdb"}) for t, deps in VALIDATED_FROM.items()],
    can_subset=True,
    pool=DUCKDB_WRITER,
)
def validated_tables(context: dg.AssetExecutionContext, deployment: Deployment) -> Iterator[dg.MaterializeResult]:
    """Typed, deduplicated, referenced; each row that breaks a rule goes to `quarantine` with the rule's name."""
    with Warehouse.of(deployment.settings()).connect() as con:
        for table in (t for t in VALIDATED_FROM if dg.AssetKey(t.name) in context.selected_asset_keys):
            report = clean_table(con, table)
            yield dg.MaterializeResult(
                asset_key=table.name,
                metadata={
                    "dagster/row_count": report.rows_out,
                    "rows_in": report.rows_in,
                    "rows_quarantined": report.rows_in - report.rows_out,
                    "quarantined_by_rule": bullet_list(f"`{r}`: {n:,}" for r, n in report.quarantined.items()),
                },
            )
