"""Published ratings by the day (UTC) they were given: one immutable parquet file a day, renamed into place.

lake/<dataset>/ratings_by_day/<YYYY-MM-DD>.parquet    no file where nobody rated

For whoever wants a window of time and no more: a day's file is what the snapshot it was made from holds of that day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from recsys_assets.atomic import atomic_file
from recsys_assets.progress import Progress, silent
from recsys_assets.warehouse.lake import ZSTD_LEVEL, Lake, LakeError
from recsys_assets.warehouse.tables import RATINGS

FOLDER = "ratings_by_day"
CHUNK_DAYS = 366
"""Read at a time: a year of 26 million ratings of 20 years is 30 MB."""


@dataclass(frozen=True)
class Day:
    """What is kept of one day; no file and no hash where nobody rated."""

    day: date
    rows: int
    bytes: int
    sha256: str
    first_event: datetime | None
    """UTC."""
    last_event: datetime | None


def publish_days(lake: Lake, first: date, last: date, *, progress: Progress = silent) -> Iterator[Day]:
    """Publish each day from `first` to `last`, both included, from the ratings published last.

    A day that was published before is replaced, or removed where nobody rated any more. Raises LakeError where no
    ratings were published.
    """
    folder = lake.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    start = first
    while start <= last:
        stop = min(last, start + timedelta(days=CHUNK_DAYS - 1))
        of_day = {key[0]: rows for key, rows in _between(lake, start, stop).partition_by("day", as_dict=True).items()}
        progress(f"{FOLDER}: {start} to {stop}, {sum(map(len, of_day.values())):,} ratings")
        for offset in range((stop - start).days + 1):
            day = start + timedelta(days=offset)
            yield _publish(folder / f"{day}.parquet", day, of_day.get(day))
        start = stop + timedelta(days=1)


def scan_days(lake: Lake, first: date, last: date) -> pl.LazyFrame:
    """The published ratings of these days, both included; a day without a file has none."""
    files = [
        p for p in sorted((lake.root / FOLDER).glob("*.parquet")) if first.isoformat() <= p.stem <= last.isoformat()
    ]
    if not files:
        raise LakeError(
            f"{lake.root / FOLDER} holds no ratings from {first} to {last}. Materialize those partitions of `{FOLDER}`."
        )
    return pl.scan_parquet(files, glob=False)


def _between(lake: Lake, first: date, last: date) -> pl.DataFrame:
    moment = pl.col("timestamp")
    inside = (moment >= datetime.combine(first, time.min)) & (
        moment < datetime.combine(last + timedelta(days=1), time.min)
    )
    rows = lake.scan(RATINGS.name).filter(inside).with_columns(day=moment.dt.date())
    return rows.sort("timestamp", "user_id", "movie_id").collect(engine="streaming")


def _publish(target: Path, day: date, rows: pl.DataFrame | None) -> Day:
    if rows is None:
        target.unlink(missing_ok=True)
        return Day(day, 0, 0, "", None, None)
    with atomic_file(target) as aside:
        rows.drop("day").write_parquet(aside, compression="zstd", compression_level=ZSTD_LEVEL)
        with aside.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    return Day(day, len(rows), target.stat().st_size, sha256, rows["timestamp"][0], rows["timestamp"][-1])
