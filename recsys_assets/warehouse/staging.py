"""One published file -> one warehouse table, and the lines that can't be split."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from recsys_assets.sources.files import AGAIN, DelimitedFile, SourceError
from recsys_assets.warehouse.conversions import converted_sql
from recsys_assets.warehouse.plain_numbers import may_be_plain, numeric_bytes, written_bytes
from recsys_assets.warehouse.sql import identifier, literal
from recsys_assets.warehouse.storage import (
    GENRE_FLAG,
    KEPT_AS_NUMBERS,
    first_line,
    malformed_table,
    stored_columns_sql,
    stored_rows_sql,
    whole,
)

LINE_BYTES = 2_097_152
"""No row of text is longer; one that is, is not a row."""
BUFFER_BYTES = 32 * LINE_BYTES
"""Read at once. A buffer's rows fill row groups of their own, the last of them in part: of smaller buffers so many are
half empty that DuckDB stores the whole table again at its next checkpoint."""


@dataclass(frozen=True)
class Staged:
    """A file's rows in table `storage`; lines that can't be split, if any, in `malformed_table(storage)`."""

    storage: str
    malformed: int
    numbered: bool
    """Whether `storage` has a column `line`: where there are malformed lines."""


@contextmanager
def staged(con: duckdb.DuckDBPyConnection, file: DelimitedFile) -> Iterator[Staged]:
    """Read the file; what is temporary is dropped afterwards. Raises SourceError, and then nothing of it stays.

    A committed table numbers its rows from 0 in file order and is filled by all threads, where `row_number()` over
    the file would read it by one. Only where lines were rejected must each row be given its line.
    """
    unique = uuid.uuid4().hex[:12]
    storage, malformed, rejects = f"{file.table}:{unique}", f"malformed_{unique}", f"rejects_{unique}"
    try:
        _read(con, file, storage, rejects)
        con.execute(f"CREATE TEMP TABLE {malformed} AS {_malformed_sql(rejects)}")
        _refuse_unreadable(con, file, storage, malformed)
        bad = count(con, malformed)
        if bad:
            _give_lines(con, file, storage, malformed)
            kept = identifier(malformed_table(storage))
            con.execute(f"CREATE TABLE {kept} AS SELECT line, text, reason FROM temp.{malformed}")
        yield Staged(storage, bad, numbered=bool(bad))
    except BaseException:
        drop_storage(con, storage)
        raise
    finally:
        for name in (malformed, rejects, f"{rejects}_scans"):
            con.execute(f"DROP TABLE IF EXISTS temp.{name}")


def drop_storage(con: duckdb.DuckDBPyConnection, storage: str) -> None:
    con.execute(f"DROP TABLE IF EXISTS {identifier(storage)}")
    con.execute(f"DROP TABLE IF EXISTS {identifier(malformed_table(storage))}")


def without_odd_texts(con: duckdb.DuckDBPyConnection, storages: Collection[str]) -> set[str]:
    """Those of the tables that have no column `odd`."""
    found = con.execute(
        "SELECT table_name FROM duckdb_columns() WHERE schema_name = current_schema() AND column_name = 'odd'"
    ).fetchall()
    return set(storages) - {name for (name,) in found}


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(found[0]) if found else 0


def _read(con: duckdb.DuckDBPyConnection, file: DelimitedFile, storage: str, rejects: str) -> None:
    if may_be_plain(file) and _read_numbers(con, file, storage, rejects):
        return
    values = _published_values(file)
    source = _read_parquet_sql(file) if file.format == "parquet" else _read_csv_sql(file, rejects)
    published = f"SELECT {', '.join(f'{v} AS {identifier(n)}' for n, v in values.items())} FROM {source} s"
    try:
        con.execute(f"CREATE TABLE {identifier(storage)} ({stored_columns_sql(list(values))})")
        con.execute(f"INSERT INTO {identifier(storage)} {stored_rows_sql(list(values), published)}")
        if file.format == "parquet":
            con.execute(f"CREATE TEMP TABLE {rejects} {_REJECTS}")
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise SourceError(_unreadable(file, str(error))) from error


def _read_numbers(con: duckdb.DuckDBPyConnection, file: DelimitedFile, storage: str, rejects: str) -> bool:
    """Whether the file could be read as numbers without a change; else nothing of it is there."""
    names = [name for name in file.columns if name is not None]
    kept = [f"c{place} AS {whole(n) if n in KEPT_AS_NUMBERS else identifier(n)}" for place, n in enumerate(names)]
    source = _read_csv_sql(file, rejects, numbers=KEPT_AS_NUMBERS)
    with ThreadPoolExecutor(1) as pool:
        expected = pool.submit(numeric_bytes, file)
        try:
            con.execute(f"CREATE TABLE {identifier(storage)} AS SELECT {', '.join(kept)} FROM {source}")
            if not count(con, f"temp.{rejects}") and written_bytes(con, storage, names) == expected.result():
                return True
        except (duckdb.InvalidInputException, duckdb.IOException):
            pass  # reading it as text tells what is wrong
    for name in (identifier(storage), f"temp.{rejects}", f"temp.{rejects}_scans"):
        con.execute(f"DROP TABLE IF EXISTS {name}")
    return False


def _unreadable(file: DelimitedFile, message: str) -> str:
    fault = message.splitlines()[0]
    if file.format == "parquet" or file.path.suffix == ".gz":
        return (
            f"{file.path} can't be read as a {file.format if file.format == 'parquet' else 'gz'} file: {fault} {AGAIN}."
        )
    return (
        f"{file.path} can't be split into rows: {fault} Does it mix line ends, or is it quoted by something else than "
        f"{file.quote or 'nothing'!r}? {AGAIN}."
    )


_REJECTS = "(line BIGINT, csv_line VARCHAR, error_message VARCHAR, column_idx BIGINT, error_type VARCHAR)"


def _malformed_sql(rejects: str) -> str:
    return (
        "SELECT line, any_value(trim(csv_line, chr(10) || chr(13))) AS text, "
        "first(error_message ORDER BY column_idx) AS reason, list(DISTINCT error_type::VARCHAR) AS kinds "
        f"FROM temp.{rejects} GROUP BY line ORDER BY line"
    )


def _refuse_unreadable(con: duckdb.DuckDBPyConnection, file: DelimitedFile, storage: str, malformed: str) -> None:
    """Faults of the file, not of a row."""
    wrong_encoding = _first(con, malformed, "list_contains(kinds, 'INVALID ENCODING')")
    if wrong_encoding is not None:
        raise SourceError(
            f"{file.path} line {wrong_encoding}: bytes that are not {file.encoding}. {AGAIN}, or declare the file's "
            "encoding in recsys_assets/sources/ (`latin-1` for older MovieLens files)."
        )
    open_quote = _first(
        con, malformed, "list_has_any(kinds, ['UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM']) AND contains(text, chr(10))"
    )
    if open_quote is not None:
        raise SourceError(
            f"{file.path} line {open_quote}: a quote that is opened here is not closed, so the rows after it can't be "
            f"told apart. {AGAIN}, or close the quote."
        )
    if count(con, malformed) and not count(con, identifier(storage)):
        raise SourceError(
            f"{file.path}: not one row has the {len(file.columns)} fields expected between {file.delimiter!r}. "
            f"{AGAIN}, or declare the new layout in recsys_assets/sources/."
        )


def _give_lines(con: duckdb.DuckDBPyConnection, file: DelimitedFile, storage: str, malformed: str) -> None:
    """Store the line of each row: the reader numbers rejects, but not good rows.

    Reject i (from 0) on line L has L - i lines before it that are good or the header. So a row that would be line n
    without rejects is moved by as many as have L - i <= n.
    """
    numbered = f"SELECT line, row_number() OVER (ORDER BY line) AS moved FROM temp.{malformed}"
    moves = f"SELECT line - moved + 1 AS place, max(moved) AS moved FROM ({numbered}) GROUP BY place"
    first, aside = f"s.rowid + {first_line(file)}", identifier(f"{storage}:aside")
    con.execute(
        f"CREATE TABLE {aside} AS SELECT s.*, {first} + coalesce(m.moved, 0) AS line "
        f"FROM {identifier(storage)} s ASOF LEFT JOIN ({moves}) m ON {first} >= m.place ORDER BY s.rowid"
    )
    con.execute(f"DROP TABLE {identifier(storage)}; ALTER TABLE {aside} RENAME TO {identifier(storage)}")


def _read_csv_sql(file: DelimitedFile, rejects: str, *, numbers: Collection[str] = ()) -> str:
    columns = ", ".join(
        f"'c{place}': '{'BIGINT' if name in numbers else 'VARCHAR'}'" for place, name in enumerate(file.columns)
    )
    nulls = ", ".join(literal(n) for n in dict.fromkeys(("", file.null)))
    return (
        f"read_csv({literal(str(file.path))}, columns = {{{columns}}}, auto_detect = false, "
        f"header = {str(file.header is not None).lower()}, delim = {literal(file.delimiter)}, "
        f"quote = {literal(file.quote)}, escape = {literal(file.quote)}, encoding = {literal(file.encoding)}, "
        f"nullstr = [{nulls}], max_line_size = {LINE_BYTES}, buffer_size = {BUFFER_BYTES}, "
        f"store_rejects = true, rejects_table = {literal(rejects)}, rejects_scan = {literal(f'{rejects}_scans')})"
    )


def _read_parquet_sql(file: DelimitedFile) -> str:
    """Lists joined by `|`, the rest as text."""
    names = ", ".join(
        f"CASE WHEN typeof({identifier(n)}) LIKE '%[]' THEN array_to_string({identifier(n)}::VARCHAR[], '|') "
        f"ELSE {identifier(n)}::VARCHAR END AS c{place}"
        for place, n in enumerate(file.header or ())
    )
    return f"(SELECT {names} FROM read_parquet({literal(str(file.path))}))"


def _published_values(file: DelimitedFile) -> dict[str, str]:
    """Raw column -> SQL over a read row `s`. Several columns of one name, and genre flags, become one list."""
    parts: dict[str, list[str]] = {}
    for place, name in enumerate(file.columns):
        if name is None:
            continue
        if name.startswith(GENRE_FLAG):
            genre = literal(name.removeprefix(GENRE_FLAG))
            parts.setdefault("genres", []).append(f"CASE WHEN trim(s.c{place}) = '1' THEN {genre} END")
        else:
            parts.setdefault(name, []).append(f"s.c{place}")
    joined = {n: v[0] if len(v) == 1 else f"concat_ws('|', {', '.join(v)})" for n, v in parts.items()}
    joined |= {name: literal(text) for name, text in file.constants.items()}
    return {n: converted_sql(v, file.conversions[n]) if n in file.conversions else v for n, v in joined.items()}


def _first(con: duckdb.DuckDBPyConnection, malformed: str, condition: str) -> int | None:
    found = con.execute(f"SELECT min(line) FROM temp.{malformed} WHERE {condition}").fetchone()
    return found[0] if found else None
