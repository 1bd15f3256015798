"""Files of nothing but numbers, which are most of all bytes: read as numbers at once, and then proven to be the same.

To read text, make numbers of it and write these out for comparison takes DuckDB nearly twice as long as to read
numbers. But it reads `1.5` as 2 and `01` as 1, and says nothing. Among texts of digits and points only, every such
text is longer than the number written out. So if a file's body holds nothing else between its delimiters, and the
numbers read, written out, have as many characters together as the file has digits and points, then none was changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from recsys_assets.sources.files import DelimitedFile
from recsys_assets.warehouse.sql import identifier
from recsys_assets.warehouse.storage import KEPT_AS_NUMBERS, whole

NUMERIC = b"0123456789."
LINE_ENDS = b"\r\n"
CHUNK = 1 << 20


def may_be_plain(file: DelimitedFile) -> bool:
    """Whether it is worth trying: whole numbers among its columns, all of them kept as they are, no letter so far."""
    as_it_is = None not in file.columns and len(set(file.columns)) == len(file.columns)
    made = file.conversions or file.constants or file.null or file.format != "csv" or file.path.suffix == ".gz"
    wanted = KEPT_AS_NUMBERS.intersection(file.columns)
    return bool(as_it_is and not made and wanted) and numeric_bytes(file, chunks=1) is not None


def numeric_bytes(file: DelimitedFile, *, chunks: int | None = None) -> int | None:
    """How many digits and points the file (or its first chunks) has behind its header.

    None where it has anything else but delimiters and line ends.
    """
    structure = file.delimiter.encode() + LINE_ENDS
    if set(structure) & set(NUMERIC):
        return None
    found = read = 0
    with file.path.open("rb") as source:
        if file.header is not None:
            source.readline()
        while (chunks is None or read < chunks) and (chunk := source.read(CHUNK)):
            between = chunk.translate(None, NUMERIC)
            if between.translate(None, structure):
                return None
            found, read = found + len(chunk) - len(between), read + 1
    return found


def written_bytes(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> int:
    """Characters of all values of the table, were its numbers, none of them negative, written out."""
    lengths = [_digits(con, table, c) if c in KEPT_AS_NUMBERS else f"sum(strlen({identifier(c)}))" for c in columns]
    total = " + ".join(f"coalesce({length}, 0)" for length in lengths)
    return int(con.execute(f"SELECT {total} FROM {identifier(table)}").fetchall()[0][0])


def _digits(con: duckdb.DuckDBPyConnection, table: str, column: str) -> str:
    """As many digits as powers of ten, 1 included, that a number reaches; asked from the largest, which most reach."""
    number = whole(column)
    low, high = con.execute(f"SELECT min({number}), max({number}) FROM {identifier(table)}").fetchall()[0]
    if high is None:
        return "0"
    powers = range(len(str(high)) - 1, len(str(low)) - 1, -1)
    cases = " ".join(f"WHEN {number} >= {10**power} THEN {power + 1}" for power in powers)
    return f"sum(CASE {cases} WHEN {number} IS NOT NULL THEN {len(str(low))} END)"
