"""Look at a file's first line before the warehouse reads the rest."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from typing import BinaryIO, cast

from recsys_assets.sources.files import AGAIN, DelimitedFile, SourceError

HEAD_BYTES = 1 << 20
"""How far the end of the first line is looked for; a file without line ends is not read into memory."""


def verified(file: DelimitedFile) -> DelimitedFile:
    """The same file, its first line found to be the declared header (or to have the declared number of fields).

    Raises SourceError naming the file, what its first line holds and what was expected. Of a parquet file nothing is
    looked at here.
    """
    if file.format == "parquet":
        return file
    found = _first_line(file)
    if not any(found):
        raise SourceError(f"{file.path} is empty. {AGAIN}")
    if file.header is not None and found != file.header:
        raise SourceError(
            f"{file.path} line 1: columns are {', '.join(found)}; expected {', '.join(file.header)}. Another version "
            f"of the data set? {AGAIN}"
        )
    if file.header is None and len(found) != len(file.columns):
        raise SourceError(
            f"{file.path} line 1: {len(found)} fields separated by {file.delimiter!r}; expected {len(file.columns)}. "
            f"{AGAIN}"
        )
    return file


def _first_line(file: DelimitedFile) -> tuple[str, ...]:
    encoding = "utf-8-sig" if file.encoding == "utf-8" else file.encoding
    try:
        with _opened(file) as content:
            head = content.readline(HEAD_BYTES)
        first = re.split(rb"[\r\n]", head, maxsplit=1)[0]
        if len(first) == HEAD_BYTES:
            raise SourceError(f"{file.path}: line 1 is longer than 1 MiB: not a text table. {AGAIN}")
        line = first.decode(encoding)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SourceError(f"{file.path} can't be read as {file.encoding} text: {error}. {AGAIN}") from error
    if not file.quote or len(file.delimiter) > 1:
        return tuple(line.split(file.delimiter))
    return tuple(next(csv.reader([line], delimiter=file.delimiter, quotechar=file.quote), []))


def _opened(file: DelimitedFile) -> BinaryIO:
    """Its bytes, unpacked where the name ends in `.gz`."""
    return cast(BinaryIO, gzip.open(file.path, "rb")) if file.path.suffix == ".gz" else file.path.open("rb")
