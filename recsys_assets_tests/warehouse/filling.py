"""Fill a warehouse in one line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import duckdb

from recsys_assets.sources.files import DelimitedFile
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.cleaning import CleanReport
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.tables import IMDB_MOVIES, MOVIES, RATINGS, TABLES, TAGS, TMDB_MOVIES, USERS

NOW = datetime(2026, 11, 23)
VALIDATED = (TMDB_MOVIES, MOVIES, RATINGS, TAGS, USERS, IMDB_MOVIES)


def filled(con: duckdb.DuckDBPyConnection, files: Mapping[str, DelimitedFile]) -> dict[str, CleanReport]:
    """Load the files (other raw tables stay empty) and clean what they are for, movies always."""
    for table in (t for t in TABLES.values() if t.layer == "raw"):
        load_raw(con, table, [files[table.name]] if table.name in files else [])
    wanted = [table for table in VALIDATED if table in (TMDB_MOVIES, MOVIES) or f"raw_{table.name}" in files]
    return {table.name: clean_table(con, table, now=NOW) for table in wanted}


def by_table(*files: DelimitedFile) -> dict[str, DelimitedFile]:
    return {file.table: file for file in files}
