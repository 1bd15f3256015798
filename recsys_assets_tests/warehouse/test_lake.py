from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.lake import KEPT, Lake, LakeError
from recsys_assets.warehouse.tables import MOVIES, QUARANTINE, RATINGS, USERS

TIME = datetime(2001, 9, 9, 1, 46, 40)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def rate(con: duckdb.DuckDBPyConnection, *rows: tuple[int, int, float]) -> None:
    con.execute(create_table_sql(RATINGS))
    for user, movie, rating in rows:
        con.execute("INSERT INTO ratings VALUES (?, ?, ?, ?)", [user, movie, rating, TIME])


def test_a_published_table_reads_back_sorted_and_typed(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (2, 1, 4.5), (1, 2, 3.0), (1, 1, 5.0))
    snapshot = lake.publish(con, RATINGS, upstream={"raw": "abc"})
    frame = lake.read("ratings")
    assert frame.rows() == [(1, 1, 5.0, TIME), (1, 2, 3.0, TIME), (2, 1, 4.5, TIME)]
    assert frame.schema == {
        "user_id": pl.Int64,
        "movie_id": pl.Int64,
        "rating": pl.Float32,
        "timestamp": pl.Datetime("us"),
    }
    assert lake.scan("ratings").filter(pl.col("user_id") == 2).collect().height == 1
    content = lake.path("ratings").read_bytes()
    assert snapshot.sha256 == hashlib.sha256(content).hexdigest()
    assert (snapshot.version, snapshot.bytes, snapshot.rows) == (snapshot.sha256[:16], len(content), 3)
    assert (snapshot.first_event, snapshot.last_event, snapshot.upstream) == (TIME, TIME, {"raw": "abc"})
    assert lake.snapshot("ratings") == snapshot
    assert abs((datetime.now(UTC) - snapshot.published_at).total_seconds()) < 60


def test_equal_content_has_an_equal_version_whatever_the_order_of_rows(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    many = "SELECT i % 1000 AS user_id, i // 1000 + 1 AS movie_id, 3.5 AS rating, TIMESTAMP '2001-01-01' AS timestamp"
    versions = set()
    for number, order in enumerate(("i", "hash(i)", "-i")):
        con.execute(f"CREATE OR REPLACE TABLE ratings AS {many} FROM range(300000) t(i) ORDER BY {order}")
        versions.add(Lake(tmp_path / str(number)).publish(con, RATINGS, upstream={}).version)
    assert len(versions) == 1
    con.execute("UPDATE ratings SET rating = 4 WHERE user_id = 7 AND movie_id = 7")
    assert Lake(tmp_path / "changed").publish(con, RATINGS, upstream={}).version not in versions


def test_publishing_the_same_again_keeps_the_snapshot(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 1, 5.0))
    first = lake.publish(con, RATINGS, upstream={})
    assert lake.publish(con, RATINGS, upstream={}) == first
    assert lake.publish(con, RATINGS, upstream={"raw": "2"}).upstream == {"raw": "2"}
    assert len(lake.snapshots("ratings")) == 1


def test_of_the_same_content_no_row_is_read_again(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 1, 5.0))
    first = lake.publish(con, RATINGS, upstream={"raw": "1"}, content="one rating")
    con.execute("DROP TABLE ratings")
    assert lake.publish(con, RATINGS, upstream={"raw": "1"}, content="one rating") == first
    with pytest.raises(duckdb.CatalogException):  # and only then
        lake.publish(con, RATINGS, upstream={"raw": "1"}, content="another")
    with pytest.raises(duckdb.CatalogException):
        lake.publish(con, RATINGS, upstream={"raw": "2"}, content="one rating")
    with pytest.raises(duckdb.CatalogException):
        lake.publish(con, RATINGS, upstream={"raw": "1"})


@pytest.mark.parametrize("harm", ["gone", "cut", "changed"])
def test_a_snapshot_that_was_harmed_is_written_again(con: duckdb.DuckDBPyConnection, lake: Lake, harm: str) -> None:
    rate(con, (1, 1, 5.0))
    first = lake.publish(con, RATINGS, upstream={}, content="one rating")
    file = lake.path("ratings")
    whole = file.read_bytes()
    file.unlink()
    if harm != "gone":
        file.write_bytes(whole[:-9] if harm == "cut" else whole[:20] + b"?" + whole[21:])
    assert lake.publish(con, RATINGS, upstream={}, content="one rating") == first
    assert file.read_bytes() == whole


def test_a_table_declared_otherwise_is_written_again(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 2, 5.0), (2, 1, 5.0))
    lake.publish(con, RATINGS, upstream={}, content="two ratings")
    by_movie = replace(RATINGS, order_by=("movie_id", "user_id"))
    lake.publish(con, by_movie, upstream={}, content="two ratings")
    assert lake.read("ratings")["movie_id"].to_list() == [1, 2]


def test_what_an_earlier_version_published_is_written_once_more(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    """It kept no content, and the same bytes are no new snapshot."""
    rate(con, (1, 1, 5.0))
    first = lake.publish(con, RATINGS, upstream={})
    manifest = lake.root / "ratings" / "manifest.json"
    stored = json.loads(manifest.read_text())
    del stored["made_of"]
    manifest.write_text(json.dumps(stored))
    assert lake.publish(con, RATINGS, upstream={}, content="one rating") == first
    con.execute("DROP TABLE ratings")
    assert lake.publish(con, RATINGS, upstream={}, content="one rating") == first
    assert len(lake.snapshots("ratings")) == 1


def test_the_last_snapshots_are_kept_and_older_files_removed(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con)
    published = []
    for user in range(1, KEPT + 3):
        rate(con, (user, 1, 5.0))
        published.append(lake.publish(con, RATINGS, upstream={}))
    assert [s.version for s in lake.snapshots("ratings")] == [s.version for s in published[::-1][:KEPT]]
    files = {path.name for path in (lake.root / "ratings").glob("*.parquet")}
    assert files == {s.file for s in published[-KEPT:]}


def test_an_older_content_published_again_is_current_once(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 1, 5.0))
    first = lake.publish(con, RATINGS, upstream={})
    rate(con, (2, 1, 5.0))
    second = lake.publish(con, RATINGS, upstream={})
    con.execute("DELETE FROM ratings WHERE user_id = 2")
    assert lake.publish(con, RATINGS, upstream={}).version == first.version
    assert [s.version for s in lake.snapshots("ratings")] == [first.version, second.version]


def test_a_query_can_be_published_as_a_table(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 1, 5.0), (2, 1, 4.0))
    lake.publish(con, RATINGS, upstream={}, query="SELECT * FROM ratings WHERE user_id = 2")
    assert lake.read("ratings")["user_id"].to_list() == [2]


def test_lists_and_empty_tables_keep_their_types(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    for table in (MOVIES, USERS, QUARANTINE):
        con.execute(create_table_sql(table))
        assert lake.publish(con, table, upstream={}).rows == 0
    assert lake.read("movies").schema["genres"] == pl.List(pl.String)
    con.execute(
        "INSERT INTO movies VALUES (1, 'Heat', 1995, ['Action', 'Crime'], NULL, NULL), (2, 'X', NULL, [], NULL, NULL)"
    )
    lake.publish(con, MOVIES, upstream={})
    assert lake.read("movies")["genres"].to_list() == [["Action", "Crime"], []]


def test_a_failed_publication_leaves_the_earlier_one_and_no_debris(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 1, 5.0))
    snapshot = lake.publish(con, RATINGS, upstream={})
    with pytest.raises(duckdb.Error):
        lake.publish(con, RATINGS, upstream={}, query="SELECT 1 / error('broken') AS user_id")
    assert lake.snapshot("ratings") == snapshot
    files = sorted(p.name for p in (lake.root / "ratings").iterdir() if p.name != ".lock")
    assert files == sorted([snapshot.file, "manifest.json"])


def test_a_frame_is_published_as_it_is(lake: Lake) -> None:
    frame = pl.DataFrame(
        {"part": ["test", "train"], "n": [2, 1]}, schema_overrides={"part": pl.Enum(["train", "test"])}
    )
    snapshot = lake.publish_frame(frame, "parts", upstream={"ratings": "r1"})
    assert lake.read("parts").equals(frame)
    assert lake.read("parts").schema == frame.schema
    assert lake.publish_frame(frame, "parts", upstream={"ratings": "r1"}) == snapshot


def test_a_table_never_published_names_the_asset_that_makes_it(lake: Lake) -> None:
    with pytest.raises(LakeError, match="Re-materialize `ratings`"):
        lake.read("ratings")


def test_a_damaged_snapshot_is_named(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 1, 5.0))
    snapshot = lake.publish(con, RATINGS, upstream={})
    (lake.root / "ratings" / snapshot.file).unlink()
    with pytest.raises(LakeError, match="is not there"):
        lake.read("ratings")
    (lake.root / "ratings" / "manifest.json").write_text(json.dumps({"version": 1}))
    with pytest.raises(LakeError, match="is not a manifest"):
        lake.snapshot("ratings")


def test_readers_need_no_duckdb(con: duckdb.DuckDBPyConnection, lake: Lake) -> None:
    rate(con, (1, 1, 5.0))
    lake.publish(con, RATINGS, upstream={})
    script = (
        "import sys; from pathlib import Path; from recsys_assets.warehouse.lake import Lake; "
        "print(Lake(Path(sys.argv[1])).read('ratings').height, 'duckdb' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", script, str(lake.root)], capture_output=True, text=True, check=True)
    assert shown.stdout == "1 False\n"
