from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from recsys_assets.defs.ingest import RAW_TABLES, VALIDATED_FROM
from recsys_assets.warehouse.clean import clean_table, clean_tables
from recsys_assets.warehouse.database import WarehouseError
from recsys_assets.warehouse.lake import Lake
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.snapshot import DataSnapshot, current_snapshot, publish_snapshot
from recsys_assets.warehouse.tables import MOVIES, QUARANTINE, RATINGS
from recsys_assets_tests.warehouse.files import latest_small, movies_file, ratings_file
from recsys_assets_tests.warehouse.filling import NOW, by_table, filled

TABLES = (RATINGS, MOVIES, QUARANTINE)
SECOND = 1_000_000_000


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def published(con: duckdb.DuckDBPyConnection, lake: Lake) -> tuple[DataSnapshot, dict[str, int]]:
    """The snapshot, and what the file of each table is on disk: a file written again is another."""
    snapshot, tables = publish_snapshot(con, lake, TABLES)
    return snapshot, {t.table: (lake.root / t.table / t.file).stat().st_ino for t in tables}


def test_tables_that_did_not_change_are_not_published_again(
    con: duckdb.DuckDBPyConnection, lake: Lake, mirror: Path, tmp_path: Path
) -> None:
    files = latest_small(mirror, tmp_path)
    filled(con, files)
    snapshot, first = published(con, lake)
    filled(con, files)
    again, second = published(con, lake)
    assert again == snapshot == current_snapshot(lake)
    assert {t for t in second if second[t] == first[t]} == {"ratings", "movies"}


def test_one_rating_more_or_another_is_published(con: duckdb.DuckDBPyConnection, lake: Lake, tmp_path: Path) -> None:
    movies = movies_file(tmp_path, "1,Heat (1995),Action", "2,Alien (1979),Horror")
    for rows in ((f"7,1,4,{SECOND}",), (f"7,1,5,{SECOND}",), (f"7,1,5,{SECOND}", f"8,2,1,{SECOND}")):
        filled(con, by_table(movies, ratings_file(tmp_path, *rows)))
        published(con, lake)
        expected = [float(row.split(",")[2]) for row in rows]
        assert lake.read("ratings")["rating"].to_list() == expected
    assert len(lake.snapshots("ratings")) == 3
    assert len(lake.snapshots("movies")) == 1


def test_tables_published_side_by_side_have_the_bytes_of_each_alone(
    con: duckdb.DuckDBPyConnection, lake: Lake, mirror: Path, tmp_path: Path
) -> None:
    filled(con, latest_small(mirror, tmp_path))
    snapshot, _ = published(con, lake)
    alone = Lake(tmp_path / "alone")
    assert snapshot.tables == {t.name: alone.publish(con, t, upstream={}).version for t in TABLES}


def test_tables_cleaned_two_at_a_time_are_what_they_are_one_by_one(
    con: duckdb.DuckDBPyConnection, mirror: Path, tmp_path: Path
) -> None:
    files = latest_small(mirror, tmp_path)
    for table in RAW_TABLES:
        load_raw(con, table, [files[table.name]] if table.name in files else [])
    together = list(clean_tables(con, list(VALIDATED_FROM), now=NOW))
    con.execute("DELETE FROM cleaned_tables")
    assert together == [clean_table(con, table, now=NOW) for table in VALIDATED_FROM]
    assert [r.version for r in together] == [clean_table(con, table, now=NOW).version for table in VALIDATED_FROM]


def test_of_tables_cleaned_together_one_that_lacks_another_is_named(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load_raw(con, RAW_TABLES[0], [ratings_file(tmp_path, f"7,1,4,{SECOND}")])
    with pytest.raises(WarehouseError, match="no table movies"):
        list(clean_tables(con, [RATINGS]))
