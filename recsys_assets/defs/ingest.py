"""From what the world publishes to validated tables in the warehouse."""

from collections.abc import Iterator

import dagster as dg

from recsys_assets.defs.metadata import bullet_list, column_lineage, column_schema, event_times
from recsys_assets.defs.resources import DUCKDB_WRITER, NIGHTLY, TEAM, Deployment
from recsys_assets.sources import TransientSourceError, prepare
from recsys_assets.warehouse.clean import clean_tables
from recsys_assets.warehouse.database import Warehouse, stored_bytes
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.lineage import column_sources
from recsys_assets.warehouse.load import load_tables
from recsys_assets.warehouse.snapshot import publish_quarantine
from recsys_assets.warehouse.tables import (
    GENOME,
    IMDB_MOVIES,
    IMDB_TITLES,
    MOVIES,
    RATINGS,
    RAW_CREDITS,
    RAW_GENOME_SCORES,
    RAW_GENOME_TAGS,
    RAW_IMDB_MOVIES,
    RAW_KEYWORDS,
    RAW_LINKS,
    RAW_MOVIES,
    RAW_NAME_BASICS,
    RAW_RATINGS,
    RAW_TAGS,
    RAW_TITLE_BASICS,
    RAW_TITLE_CREW,
    RAW_TITLE_PRINCIPALS,
    RAW_TITLE_RATINGS,
    RAW_TMDB_MOVIES,
    RAW_USERS,
    TAGS,
    TMDB_MOVIES,
    USERS,
)

RAW_TABLES = (
    RAW_RATINGS,
    RAW_MOVIES,
    RAW_LINKS,
    RAW_TAGS,
    RAW_USERS,
    RAW_IMDB_MOVIES,
    RAW_TMDB_MOVIES,
    RAW_CREDITS,
    RAW_KEYWORDS,
    RAW_TITLE_BASICS,
    RAW_TITLE_RATINGS,
    RAW_TITLE_CREW,
    RAW_TITLE_PRINCIPALS,
    RAW_NAME_BASICS,
    RAW_GENOME_SCORES,
    RAW_GENOME_TAGS,
)

VALIDATED_FROM: dict[Table, tuple[str, ...]] = {
    TMDB_MOVIES: ("raw_tmdb_movies", "raw_credits", "raw_keywords"),
    MOVIES: ("raw_movies", "raw_links", "tmdb_movies"),
    RATINGS: ("raw_ratings", "movies"),
    TAGS: ("raw_tags", "movies"),
    USERS: ("raw_users",),
    GENOME: ("raw_genome_scores", "raw_genome_tags", "movies"),
    IMDB_MOVIES: ("raw_imdb_movies",),
    IMDB_TITLES: (
        "raw_title_basics",
        "raw_title_ratings",
        "raw_title_crew",
        "raw_title_principals",
        "raw_name_basics",
    ),
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
            "bytes": sum({f.path: f.path.stat().st_size for f in files.files}.values()),
            "files": bullet_list(f"{f.table}: `{f.source}`, {f.path.stat().st_size:,} bytes" for f in files.files),
            "sha256": bullet_list(f"`{name}`: {digest}" for name, digest in files.sha256.items()),
            "corrected_lines": len(files.corrections),
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
    """Values as published, one row per published line. A file that is here already is not read again."""
    settings = deployment.settings()
    files = prepare(settings, progress=context.log.info)
    with Warehouse.of(settings).connect() as con:
        selected = [t for t in RAW_TABLES if dg.AssetKey(t.name) in context.selected_asset_keys]
        for report in load_tables(con, selected, files, progress=context.log.info):
            yield dg.MaterializeResult(
                asset_key=report.table,
                data_version=dg.DataVersion(report.version),
                metadata={
                    "dagster/row_count": report.rows,
                    "bytes": report.bytes,
                    "content": report.version,
                    "malformed_rows": report.malformed,
                    **event_times(report.first_event, report.last_event),
                    "files": bullet_list(
                        [f"`{name}`: read now" for name in report.landed]
                        + [f"`{name}`: unchanged" for name in report.unchanged]
                        + [f"`{name}`: no longer there" for name in report.removed]
                    ),
                },
            )
        publish_quarantine(con, Lake(settings.lake_dir))


@dg.multi_asset(
    name="validated_tables",
    specs=[_spec(t, deps, {"duckdb"}) for t, deps in VALIDATED_FROM.items()],
    can_subset=True,
    pool=DUCKDB_WRITER,
)
def validated_tables(context: dg.AssetExecutionContext, deployment: Deployment) -> Iterator[dg.MaterializeResult]:
    """Typed, deduplicated, referenced; each row that breaks a rule goes to `quarantine` with the rule's name."""
    settings = deployment.settings()
    with Warehouse.of(settings).connect() as con:
        selected = [t for t in VALIDATED_FROM if dg.AssetKey(t.name) in context.selected_asset_keys]
        reports = clean_tables(con, selected, progress=context.log.info)
        for table, report in zip(selected, reports, strict=True):
            yield dg.MaterializeResult(
                asset_key=table.name,
                data_version=dg.DataVersion(report.version),
                metadata={
                    "dagster/row_count": report.rows_out,
                    "rows_in": report.rows_in,
                    "rows_added": report.added,
                    "rows_quarantined": sum(report.quarantined.values()),
                    "rows_left_out": report.left_out,
                    "bytes": stored_bytes(con, table.name),
                    "content": report.version,
                    "change": report.change,
                    **event_times(report.first_event, report.last_event),
                    **column_lineage(column_sources(table)),
                    "quarantined_by_rule": bullet_list(f"`{r}`: {n:,}" for r, n in report.quarantined.items()),
                },
            )
        publish_quarantine(con, Lake(settings.lake_dir))
