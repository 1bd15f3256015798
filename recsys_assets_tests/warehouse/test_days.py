from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from recsys_assets.warehouse.days import FOLDER, publish_days, scan_days
from recsys_assets.warehouse.lake import Lake, LakeError

FIRST, LAST = date(2000, 1, 1), date(2001, 3, 1)


def ratings(*times: datetime) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "user_id": range(1, len(times) + 1),
            "movie_id": [1] * len(times),
            "rating": pl.Series([4.0] * len(times), dtype=pl.Float32),
            "timestamp": pl.Series(times, dtype=pl.Datetime("us")),
        }
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path)
    midnight = datetime(2001, 1, 31)
    made.publish_frame(
        ratings(midnight, datetime(2001, 1, 30, 23, 59, 59), datetime(2000, 2, 29, 12)), "ratings", upstream={}
    )
    return made


def test_each_rating_is_in_the_file_of_its_day(lake: Lake) -> None:
    days = {d.day: d for d in publish_days(lake, FIRST, LAST)}
    assert len(days) == (LAST - FIRST).days + 1
    assert [d.day for d in days.values() if d.rows] == [date(2000, 2, 29), date(2001, 1, 30), date(2001, 1, 31)]
    assert days[date(2001, 1, 31)].first_event == datetime(2001, 1, 31)
    read = scan_days(lake, FIRST, LAST).collect().sort("user_id")
    assert read.equals(lake.read("ratings"))
    assert scan_days(lake, date(2001, 1, 30), date(2001, 1, 30)).collect()["user_id"].to_list() == [2]


def test_filling_again_gives_the_same_bytes_and_a_day_without_ratings_loses_its_file(lake: Lake) -> None:
    first = list(publish_days(lake, FIRST, LAST))
    assert list(publish_days(lake, FIRST, LAST)) == first
    lake.publish_frame(ratings(datetime(2000, 2, 29, 12)), "ratings", upstream={})
    list(publish_days(lake, date(2001, 1, 1), LAST))
    assert sorted(p.stem for p in (lake.root / FOLDER).glob("*.parquet")) == ["2000-02-29"]
    with pytest.raises(LakeError, match="Materialize those partitions"):
        scan_days(lake, date(2001, 1, 1), LAST)
