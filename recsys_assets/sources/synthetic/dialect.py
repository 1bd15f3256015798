"""How a published file is written: separators, quotes, line ends, encoding."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Literal, cast

import polars as pl


@dataclass(frozen=True)
class Dialect:
    """Of one file."""

    separator: str = ","
    """One character, or `::`."""
    header: bool = True
    quote: str = '"'
    """'' where nothing is quoted."""
    line_end: str = "\n"
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    null: str = ""
    gz: bool = False

    def row(self, *values: str) -> str:
        """One line of values that need no quotes."""
        return self.separator.join(values) + self.line_end


class Table:
    """A file that is being written, frame by frame; all frames have the columns of the first."""

    def __init__(self, out: IO[bytes], dialect: Dialect) -> None:
        self._out, self._dialect, self._begun = out, dialect, False

    def write(self, frame: pl.DataFrame) -> None:
        """Append rows, behind the header in the first call."""
        header = self._dialect.header and not self._begun
        self._begun = True
        if self._dialect.encoding == "utf-8":
            self._write(frame, self._out, header=header)
            return
        text = BytesIO()
        self._write(frame, text, header=header)
        self._out.write(text.getvalue().decode().encode(self._dialect.encoding))

    def line(self, text: str) -> None:
        """Append a line as it is."""
        self._out.write(text.encode(self._dialect.encoding))

    def _write(self, frame: pl.DataFrame, out: IO[bytes], *, header: bool) -> None:
        dialect = self._dialect
        if dialect.separator == "::":  # polars separates by one byte: an empty column stands between two
            names = frame.columns
            gaps = [pl.lit(None, pl.String).alias(f":{name}") for name in names[1:]]
            columns = [c for pair in zip(gaps, names[1:], strict=True) for c in pair]
            frame = frame.select(names[0], *columns)
        frame.write_csv(
            out,
            include_header=header,
            separator=dialect.separator[0],
            line_terminator=dialect.line_end,
            quote_char=dialect.quote or '"',
            quote_style="necessary" if dialect.quote else "never",
            null_value=dialect.null,
            float_precision=1,
        )


@contextmanager
def table(path: Path, dialect: Dialect) -> Iterator[Table]:
    """Open a file to write; a gzip file holds neither its name nor the time, so that equal rows give equal bytes."""
    with path.open("wb") as out:
        if not dialect.gz:
            yield Table(out, dialect)
            return
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=out, mtime=0) as packed:
            yield Table(cast(IO[bytes], packed), dialect)


def write(frame: pl.DataFrame, path: Path, dialect: Dialect) -> None:
    """A whole file."""
    with table(path, dialect) as out:
        out.write(frame)
