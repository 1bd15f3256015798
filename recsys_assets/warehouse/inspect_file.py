"""Is a published file the text table it is declared to be? Asked before a row of it is read."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from pathlib import Path

import polars as pl

from recsys_assets.sources.files import AGAIN, DelimitedFile, SourceError
from recsys_assets.warehouse.long_lines import refuse_long_lines

HEAD_BYTES = 65536


def inspect_file(file: DelimitedFile) -> None:
    """Raise SourceError for a missing, empty or binary file, another header than declared, or a line that is no row."""
    head = _head(file.path)
    if file.format == "parquet":
        _inspect_parquet(file)
        return
    if b"\0" in head:
        raise SourceError(f"{file.path} is not a text file: it holds a zero byte near its start. {AGAIN}.")
    found = _fields(head, file)
    if file.header is not None and tuple(found) != file.header:
        raise SourceError(
            f"{file.path} line 1: expected the header {file.delimiter.join(file.header)!r}, found "
            f"{file.delimiter.join(found)[:200]!r}. {AGAIN}, or declare the new layout in recsys_assets/sources/."
        )
    refuse_long_lines(file)


def _inspect_parquet(file: DelimitedFile) -> None:
    try:
        found = tuple(pl.read_parquet_schema(file.path))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{file.path} is not a parquet file: {str(error).splitlines()[0]}. {AGAIN}.") from error
    missing = [name for name in file.header or () if name not in found]
    if missing:
        raise SourceError(
            f"{file.path}: no column {', '.join(missing)}; it has {', '.join(found)}. {AGAIN}, or declare the new "
            "layout in recsys_assets/sources/."
        )


def _head(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as handle:
            head = handle.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}. {AGAIN}.") from error
    if not head.strip():
        raise SourceError(f"{path} is empty. {AGAIN}.")
    return head


def _fields(head: bytes, file: DelimitedFile) -> list[str]:
    """The first line's fields, without a byte-order mark."""
    line = head.removeprefix(codecs.BOM_UTF8).splitlines()[0].decode(file.encoding, errors="replace")
    if len(file.delimiter) > 1 or not file.quote:
        return line.split(file.delimiter)
    return next(csv.reader([line], delimiter=file.delimiter, quotechar=file.quote))
