"""The first rows of one's own files, before the warehouse reads the rest."""

from __future__ import annotations

import csv
import gzip
import itertools
import zlib
from pathlib import Path
from typing import TextIO

from recsys_assets.sources.files import DelimitedFile, SourceError

HEAD_CHARACTERS = 1 << 20
"""A file whose first line is longer is no text table."""


def head_of(
    path: Path, *, delimiter: str = ",", quote: str = '"', encoding: str = "utf-8", rows: int = 1
) -> list[list[str]]:
    """Fields of the first `rows` lines of a text file, header included; fewer where the file ends before.

    Raises SourceError naming the file and the fault.
    """
    try:
        with _opened(path, encoding) as text:
            lines = itertools.takewhile(bool, (text.readline(HEAD_CHARACTERS) for _ in itertools.count()))
            if len(delimiter) > 1 or not quote:
                found = [line.rstrip("\r\n").split(delimiter) for line in itertools.islice(lines, rows)]
            else:
                reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
                found = list(itertools.islice(reader, rows))
    except UnicodeDecodeError as error:
        raise SourceError(
            f'{path} is not {encoding} text ({error.reason}); state another encoding, e.g. encoding = "latin-1"'
        ) from error
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise SourceError(f"{path} can't be read as a text table: {error}") from error
    if not found or not any(found[0]):
        raise SourceError(f"{path} is empty; remove it, or leave it out of the mapping")
    if any("\0" in value for row in found for value in row):
        raise SourceError(f"{path} is not a text file: it holds a zero byte; is it parquet, or packed?")
    return found


def parquet_columns(path: Path) -> tuple[str, ...]:
    """Names of the columns. Raises SourceError."""
    import polars as pl

    try:
        return tuple(pl.read_parquet_schema(path))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(f"{path} can't be read as parquet: {str(error).splitlines()[0]}") from error


def sample_of(file: DelimitedFile, rows: int) -> list[dict[str, str]]:
    """The first rows by our column names, as published; for people to look at, so values are cut at 60 characters."""
    if file.format == "parquet":
        import polars as pl

        published = [[str(v) for v in row] for row in pl.scan_parquet(file.path).head(rows).collect().rows()]
    else:
        skipped = 0 if file.header is None else 1
        found = head_of(
            file.path, delimiter=file.delimiter, quote=file.quote, encoding=file.encoding, rows=rows + skipped
        )
        published = found[skipped:]
    samples = []
    for row in published:
        named: dict[str, str] = {}
        for ours, value in zip(file.columns, row, strict=False):
            if ours is not None and not ours.startswith("genre:"):
                named[ours] = f"{named[ours]}|{value}" if ours in named else value
        samples.append({k: v if len(v) <= 60 else v[:59] + "…" for k, v in {**named, **file.constants}.items()})
    return samples


def _opened(path: Path, encoding: str) -> TextIO:
    reads = "utf-8-sig" if encoding == "utf-8" else encoding
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding=reads, newline="")
    return path.open(encoding=reads, newline="")
