from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from recsys_assets.settings import Settings
from recsys_assets.sources.files import SourceError
from recsys_assets.warehouse.clean import clean_table
from recsys_assets.warehouse.lake import Lake, LakeError
from recsys_assets.warehouse.load import load_raw
from recsys_assets.warehouse.quarantined import export, mended, quarantined, summary
from recsys_assets.warehouse.snapshot import publish_quarantine
from recsys_assets.warehouse.tables import RATINGS, RAW_RATINGS
from recsys_assets_tests.warehouse.files import movies_file, ratings_file
from recsys_assets_tests.warehouse.filling import NOW, by_table, filled

TIME = 1_000_000_000
BAD = (f"1,1,40,{TIME}", "2;1;3;1", f"3,1,2,{TIME}", f"4,1,x,{TIME}")


@pytest.fixture
def lake(settings: Settings) -> Lake:
    return Lake(settings.lake_dir)


@pytest.fixture
def put_aside(con: duckdb.DuckDBPyConnection, lake: Lake, tmp_path: Path) -> Lake:
    """Three bad ratings of four: one out of range, one that can't be split, one that is no number."""
    filled(con, by_table(movies_file(tmp_path, "1,Heat (1995),Crime"), ratings_file(tmp_path, *BAD)))
    publish_quarantine(con, lake)
    return lake


def edited(path: Path, **values: dict[int, str]) -> None:
    """Change cells of a csv: column -> line of the published file -> value."""
    rows = pl.read_csv(path, infer_schema=False)
    for column, by_line in values.items():
        new = pl.col("source_line").replace_strict({str(k): v for k, v in by_line.items()}, default=pl.col(column))
        rows = rows.with_columns(new.alias(column))
    rows.write_csv(path)


def test_rows_are_counted_by_table_and_rule(put_aside: Lake) -> None:
    counted = summary(quarantined(put_aside)).select("table_name", "rule", "rows").rows()
    assert counted == [
        ("ratings", "rating_not_a_number", 1),
        ("ratings", "rating_range", 1),
        ("raw_ratings", "malformed_row", 1),
    ]
    assert quarantined(put_aside, table="ratings", rule="rating_range")["source_line"].to_list() == [2]


def test_before_anything_was_ingested_it_says_so(lake: Lake) -> None:
    with pytest.raises(LakeError, match="Re-materialize"):
        quarantined(lake)


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_what_is_exported_unedited_corrects_nothing(put_aside: Lake, tmp_path: Path, suffix: str) -> None:
    rows, target = quarantined(put_aside), tmp_path / f"rows.{suffix}"
    export(rows, target)
    assert mended(rows, target) == []


def test_mended_rows_come_back_and_the_others_stay_with_their_new_reason(
    put_aside: Lake, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows, target = quarantined(put_aside), tmp_path / "rows.csv"
    export(rows, target)
    edited(target, rating={2: "4.0", 3: "3.5", 5: "y"}, user_id={3: "2"}, movie_id={3: "1"}, timestamp={3: str(TIME)})
    found = mended(rows, target)
    assert {(c.table, c.source_line): c.row["rating"] for c in found} == {
        ("raw_ratings", 2): "4.0",
        ("raw_ratings", 3): "3.5",
        ("raw_ratings", 5): "y",
    }
    load_raw(con, RAW_RATINGS, [ratings_file(tmp_path, *BAD)], corrections=found)
    report = clean_table(con, RATINGS, now=NOW)
    assert (report.rows_out, report.quarantined) == (3, {"rating_not_a_number": 1})


FAULTS = {
    "another kind of file": ("rows.xlsx", "x", "is no .csv"),
    "no columns": ("rows.csv", "a,b\n1,2\n", "has no column table_name, source_file, source_line"),
    "a row nobody quarantined": (
        "rows.csv",
        "table_name,source_file,source_line,rating\nratings,ratings.csv,77,4\n",
        "row 1: ratings.csv line 77 is not in quarantine under 'ratings'",
    ),
    "torn": ("rows.ndjson", '{"table_name": "rat', "can't be read"),
    "a line that was edited as a whole": (
        "rows.csv",
        'table_name,source_file,source_line,line\nraw_ratings,ratings.csv,3,"2,1,3,1"\n',
        "Write its values in the columns user_id, movie_id, rating, timestamp",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_no_edited_export_is_refused(put_aside: Lake, tmp_path: Path, fault: str) -> None:
    name, text, message = FAULTS[fault]
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError, match="rows") as error:
        mended(quarantined(put_aside), tmp_path / name)
    assert message in str(error.value)


def test_an_export_to_another_kind_of_file_is_refused(put_aside: Lake, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is no \.csv"):
        export(quarantined(put_aside), tmp_path / "rows.xlsx")
