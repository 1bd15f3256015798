"""Lines that can't be rows: far too long, or of far too many fields. Looked for before DuckDB reads the file.

DuckDB 2.0 notes each field too many as a fault of its own, with up to 10,000 characters of the line: a line of 160 kB
whose line ends were lost takes it 16 s and 1.7 GB, one of 5 MB more than there is, and of one of 1 GB no word is left.
Such a line covers a whole window of the file. So one look at the start of each window finds it, for the price of two
small reads per `WINDOW` bytes.
"""

from __future__ import annotations

from io import FileIO
from pathlib import Path

from recsys_assets.sources.files import AGAIN, DelimitedFile, SourceError

WINDOW = 1 << 15
PROBE = 1 << 12
"""Of a window, what is looked at first: mostly there is a line end in it."""
LINE_LIMIT = 1 << 20
"""Bytes; the longest published rows, casts of The Movies Dataset, have a tenth of that."""
SURPLUS_FIELDS = 1_000
"""More fields than columns by this many, and it is not one row that went wrong."""


def refuse_long_lines(file: DelimitedFile) -> None:
    """Raise SourceError, naming the line, where a line can't be a row. Packed and parquet files are not looked into."""
    if file.format == "parquet" or file.path.suffix == ".gz":
        return
    size = file.path.stat().st_size
    with FileIO(file.path) as content:
        newline = b"\n" if b"\n" in (head := content.read(LINE_LIMIT)) or b"\r" not in head else b"\r"
        place = 0
        while place + WINDOW <= size:
            content.seek(place)
            if newline in content.read(PROBE) or newline in content.read(WINDOW - PROBE):
                place += WINDOW
                continue
            start = _line_start(content, place, newline)
            content.seek(start)
            line = content.read(LINE_LIMIT + 1).split(newline, 1)[0]
            fault = _fault(line, file)
            if fault:
                raise SourceError(
                    f"{file.path} line {_lines_before(file.path, start, newline) + 1:,}: {fault}. Were line ends lost "
                    f"there? {AGAIN}, or mend that line."
                )
            place = start + len(line) + 1


def _line_start(content: FileIO, place: int, newline: bytes) -> int:
    """Where the line that covers the window at `place` begins: in the window before."""
    before = max(0, place - WINDOW)
    content.seek(before)
    return before + content.read(place - before).rfind(newline) + 1


def _fault(line: bytes, file: DelimitedFile) -> str | None:
    if len(line) > LINE_LIMIT:
        return f"it is longer than {LINE_LIMIT // 1024:,} kB, so it is no row"
    fields = _fields(line, file)
    if fields > len(file.columns) + SURPLUS_FIELDS:
        return f"{fields:,} fields between {file.delimiter!r}, where a row has {len(file.columns)}"
    return None


def _fields(line: bytes, file: DelimitedFile) -> int:
    """How many, at most as many as there are delimiters; those in quotes part nothing."""
    delimiter = file.delimiter.encode(file.encoding)
    outside = line.split(file.quote.encode(file.encoding))[::2] if file.quote else [line]
    return 1 + sum(part.count(delimiter) for part in outside)


def _lines_before(path: Path, end: int, newline: bytes) -> int:
    counted = 0
    with path.open("rb") as content:
        while end > 0 and (chunk := content.read(min(end, LINE_LIMIT))):
            counted += chunk.count(newline)
            end -= len(chunk)
    return counted
