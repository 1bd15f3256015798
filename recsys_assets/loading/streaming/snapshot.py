"""A snapshot to train from: one parquet file, rows by user and time, whole users in each row group.

A row group is what a worker fetches at once. Users are never cut in two by one, so any group can be made into windows
without its neighbours.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recsys_assets.atomic import atomic_file
from recsys_assets.loading.sequences import Sequences

COLUMNS = ("row", "items", "ratings", "times")


class SnapshotError(ValueError):
    """A file that is no snapshot of sequences."""


@dataclass(frozen=True)
class RowGroup:
    """Of number `number`: its bytes are `start:start + length` of the file."""

    number: int
    start: int
    length: int
    events: int

    @property
    def nbytes(self) -> int:
        return self.length


@dataclass(frozen=True)
class Snapshot:
    """`metadata`: the file's footer, read once."""

    path: Path
    metadata: Any
    groups: tuple[RowGroup, ...]

    @classmethod
    def open(cls, path: Path) -> Snapshot:
        """Raises SnapshotError for a file that `write_snapshot` did not write."""
        try:
            metadata = pq.read_metadata(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise SnapshotError(f"{path} can't be read as parquet: {error}") from error
        if tuple(metadata.schema.names) != COLUMNS:
            raise SnapshotError(f"{path} has columns {metadata.schema.names}, a snapshot has {list(COLUMNS)}")
        return cls(path, metadata, tuple(_group(metadata, i) for i in range(metadata.num_row_groups)))

    def decode(self, number: int, data: bytes, *, threads: int = 1) -> Sequences:
        """The sequences of a row group whose bytes are `data`; above one of `threads` by Arrow's own pool."""
        group = self.groups[number]
        file = pq.ParquetFile(pa.PythonFile(_Part(data, group.start), mode="r"), metadata=self.metadata)
        table = file.read_row_group(number, columns=list(COLUMNS), use_threads=threads > 1)
        row, items, ratings, times = (table.column(c).to_numpy() for c in COLUMNS)
        starts = np.flatnonzero(np.diff(row, prepend=row[0] - 1)) if len(row) else np.zeros(0, np.int64)
        return Sequences(np.append(starts, len(row)).astype(np.int64), items, ratings, times)


def write_snapshot(sequences: Sequences, path: Path, *, users_per_group: int) -> Snapshot:
    """Written beside and renamed into place. Users without events are left out: nothing could be learned of them."""
    schema = pa.schema([("row", pa.int32()), ("items", pa.int32()), ("ratings", pa.float32()), ("times", pa.int64())])
    with (
        atomic_file(path) as beside,
        pq.ParquetWriter(beside, schema, compression="zstd", use_dictionary=False, write_statistics=False) as writer,
    ):
        for first in range(0, len(sequences), users_per_group):
            rows = np.arange(first, min(first + users_per_group, len(sequences)))
            part = sequences.take(rows)
            if len(part.items):
                columns = [part.rows.astype(np.int32) + first, part.items, part.ratings, part.times]
                writer.write_table(pa.table(columns, schema=schema), row_group_size=len(part.items))
    return Snapshot.open(path)


def _group(metadata: Any, number: int) -> RowGroup:
    group = metadata.row_group(number)
    columns = [group.column(i) for i in range(group.num_columns)]
    start = min(c.data_page_offset if c.dictionary_page_offset is None else c.dictionary_page_offset for c in columns)
    stop = max(c.data_page_offset + c.total_compressed_size for c in columns)
    return RowGroup(number, start, stop - start, group.num_rows)


class _Part(io.RawIOBase):
    """A file of which only some bytes are at hand, from `start` on."""

    def __init__(self, data: bytes, start: int) -> None:
        self.data, self.start, self.place = data, start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.start + len(self.data)}[whence]
        self.place = base + offset
        return self.place

    def tell(self) -> int:
        return self.place

    def read(self, size: int = -1) -> bytes:
        first = self.place - self.start
        if first < 0:
            raise SnapshotError(f"byte {self.place} was asked for, the row group begins at {self.start}")
        part = self.data[first:] if size < 0 else self.data[first : first + size]
        self.place += len(part)
        return part
