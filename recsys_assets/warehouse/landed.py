"""The ledger of landed files: which published bytes a raw table holds, and since when."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

import duckdb

from recsys_assets.sources.files import DelimitedFile
from recsys_assets.warehouse.sql import identifier

LEDGER = "landed_files"
STORAGE_VERSION = 1
"""Raised whenever the same file would be stored in another form, so that it lands again."""

_TYPES = {"int": "BIGINT", "str": "VARCHAR", "bool": "BOOLEAN", "datetime": "TIMESTAMP"}


@dataclass(frozen=True)
class LandedFile:
    """One published file in one raw table. Its rows are in a warehouse table of their own, in file order."""

    table_name: str
    source_file: str
    position: int
    """Among the table's files, from 0."""
    layout: str
    """Digest of how it was read; another layout of the same bytes is another file."""
    sha256: str
    bytes: int
    rows: int
    malformed: int
    """Lines that could not be split; they are in quarantine, and in table `malformed_table(storage)`."""
    storage: str
    """Name of the warehouse table that holds its rows."""
    numbered: bool
    """Whether that table has the line of each row; else lines follow each other from the first row on."""
    landed_at: datetime
    """UTC."""
    confirmed_at: datetime
    """UTC: when the file was last seen to be the same."""

    @property
    def content(self) -> tuple[str, str]:
        return self.sha256, self.layout


def layout_digest(file: DelimitedFile) -> str:
    """Everything that decides how the same bytes become rows."""
    how = (
        STORAGE_VERSION,
        file.columns,
        file.header,
        file.delimiter,
        file.quote,
        file.encoding,
        file.null,
        file.format,
        sorted((name, asdict(c)) for name, c in file.conversions.items()),
        sorted(file.constants.items()),
    )
    return hashlib.sha256(repr(how).encode()).hexdigest()[:16]


def landed_files(con: duckdb.DuckDBPyConnection, table: str) -> list[LandedFile]:
    """What the raw table holds, by position; empty where nothing ever landed."""
    con.execute(_create_sql())
    columns = ", ".join(identifier(f.name) for f in fields(LandedFile))
    found = con.execute(f"SELECT {columns} FROM {LEDGER} WHERE table_name = ? ORDER BY position", [table]).fetchall()
    return [LandedFile(*row) for row in found]


def record_landed(con: duckdb.DuckDBPyConnection, table: str, landed: Sequence[LandedFile]) -> None:
    """Replace what the ledger says of one raw table."""
    con.execute(_create_sql())
    con.execute(f"DELETE FROM {LEDGER} WHERE table_name = ?", [table])
    places = ", ".join("?" for _ in fields(LandedFile))
    names = [f.name for f in fields(LandedFile)]
    for file in landed:
        con.execute(
            f"INSERT INTO {LEDGER} ({', '.join(map(identifier, names))}) VALUES ({places})",
            [getattr(file, name) for name in names],
        )


def content_digest(landed: Sequence[LandedFile]) -> str:
    """16 hex digits that change when, and only when, a file of the table, its order or its layout changes."""
    return hashlib.sha256(repr([(f.source_file, *f.content) for f in landed]).encode()).hexdigest()[:16]


def utc_now() -> datetime:
    """UTC without zone, as the warehouse keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


def _create_sql() -> str:
    columns = ", ".join(f"{identifier(f.name)} {_TYPES[str(f.type)]} NOT NULL" for f in fields(LandedFile))
    return f"CREATE TABLE IF NOT EXISTS {LEDGER} ({columns})"
