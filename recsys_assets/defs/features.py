"""From validated tables to what models are fitted on."""

import dagster as dg
import polars as pl

from recsys_assets.defs.automation import ON_SOUND_INPUTS
from recsys_assets.defs.metadata import bullet_list, column_lineage, column_schema, event_times, table_record
from recsys_assets.defs.resources import DUCKDB_WRITER, NIGHTLY, TEAM, Deployment
from recsys_assets.features.catalogue import build_catalogue
from recsys_assets.features.lineage import CATALOGUE_SOURCES, SPLITS_SOURCES
from recsys_assets.features.splits import publish_splits, split_summary
from recsys_assets.quality.gate import require_sound
from recsys_assets.warehouse.database import Warehouse, stored_bytes
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.snapshot import publish_snapshot
from recsys_assets.warehouse.tables import (
    CATALOGUE,
    GENOME,
    IMDB_MOVIES,
    IMDB_TITLES,
    MOVIES,
    QUARANTINE,
    RATINGS,
    SPLITS,
    TAGS,
    TMDB_MOVIES,
    USERS,
)

CHECKED = (MOVIES, RATINGS, TAGS, USERS, GENOME, IMDB_MOVIES, TMDB_MOVIES, IMDB_TITLES, CATALOGUE)
"""What is published, and what it is made of."""
PUBLISHED = (RATINGS, MOVIES, TAGS, USERS, GENOME, CATALOGUE, QUARANTINE)


@dg.asset(
    deps=["movies", "tmdb_movies", "imdb_movies", "imdb_titles"],
    group_name="features",
    kinds={"duckdb"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "feature"},
    metadata={"dagster/column_schema": column_schema(CATALOGUE)},
    pool=DUCKDB_WRITER,
    automation_condition=ON_SOUND_INPUTS,
)
def catalogue(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """One movie table from all sources: plots, ratings, cast and keywords of IMDb reach MovieLens movies."""
    with Warehouse.of(deployment.settings()).connect() as con:
        report = build_catalogue(con)
        size = stored_bytes(con, CATALOGUE.name)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(report.content),
        metadata={
            "dagster/row_count": report.movies,
            "bytes": size,
            "content": report.content,
            **column_lineage(CATALOGUE_SOURCES),
            "with_overview": report.with_overview,
            "ambiguous": report.ambiguous,
            "matched_with_imdb": bullet_list(f"by {how}: {n:,}" for how, n in report.matched.items()),
        },
    )


@dg.asset(
    deps=[t.name for t in (RATINGS, TAGS, USERS, GENOME, CATALOGUE)],
    group_name="features",
    kinds={"duckdb", "parquet"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "published"},
    pool=DUCKDB_WRITER,
    automation_condition=ON_SOUND_INPUTS,
)
def data_snapshot(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """The parquet snapshot that training, command line, API and app read; published only after all checks passed.

    Of this run or of an earlier one: a table whose critical check failed last is not published by a run without checks.
    """
    settings = deployment.settings()
    require_sound(settings, CHECKED)
    with Warehouse.of(settings).connect() as con:
        snapshot, published = publish_snapshot(con, Lake(settings.lake_dir), PUBLISHED, progress=context.log.info)
    ratings = next(s for s in published if s.table == RATINGS.name)
    shown = pl.DataFrame(
        [{"table": s.table, "rows": s.rows, "bytes": s.bytes, "version": s.version} for s in published]
    )
    return dg.MaterializeResult(
        data_version=dg.DataVersion(snapshot.version),
        metadata={
            "dataset": settings.dataset,
            "version": snapshot.version,
            "tables": table_record(shown),
            "bytes": sum(s.bytes for s in published),
            **event_times(ratings.first_event, ratings.last_event),
            "dagster/uri": str(settings.lake_dir),
            "quarantined_rows": next(s.rows for s in published if s.table == QUARANTINE.name),
        },
    )


@dg.asset(
    deps=[data_snapshot],
    group_name="features",
    kinds={"polars", "parquet"},
    owners=[TEAM],
    freshness_policy=NIGHTLY,
    tags={"layer": "feature"},
    metadata={"dagster/column_schema": column_schema(SPLITS)},
    automation_condition=ON_SOUND_INPUTS,
)
def splits(context: dg.AssetExecutionContext, deployment: Deployment) -> dg.MaterializeResult:
    """Frozen, leak-free splits of the ratings: by time, leave-one-out, five folds. Every model meets the same."""
    settings = deployment.settings()
    snapshot = publish_splits(Lake(settings.lake_dir), seed=settings.seed)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(snapshot.version),
        metadata={
            "dagster/row_count": snapshot.rows,
            "version": snapshot.version,
            "bytes": snapshot.bytes,
            **event_times(snapshot.first_event, snapshot.last_event),
            **column_lineage(SPLITS_SOURCES),
            "parts": table_record(split_summary(Lake(settings.lake_dir).read(SPLITS.name))),
        },
    )
