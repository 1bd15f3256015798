"""Published files -> raw tables: every value as text, every line accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from recsys_assets.sources.files import DelimitedFile, SourceError
from recsys_assets.warehouse.database import transaction
from recsys_assets.warehouse.ddl import create_table_sql, recreate_table_sql
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.inspect_file import AGAIN, inspect_file
from recsys_assets.warehouse.sql import identifier, identifiers, literal
from recsys_assets.warehouse.tables import QUARANTINE

GENRE_FLAG = "genre:"


@dataclass(frozen=True)
class LoadReport:
    """`malformed`: lines whose fields could not be told apart; they are in quarantine."""

    table: str
    rows: int
    malformed: int
    files: tuple[str, ...]


def load_raw(con: duckdb.DuckDBPyConnection, table: Table, files: Sequence[DelimitedFile]) -> LoadReport:
    """Replace a raw table by the content of its files; without files it becomes empty.

    Several published columns of one name (three actors, one `cast`) and columns named `genre:<Name>`, which hold 1
    where the movie is of that genre (MovieLens 100K), are joined by `|`. `source_line` counts records: the header is
    1, a quoted value may span several lines of text, blank lines do not count. Raises SourceError, with the table's
    earlier content untouched.
    """
    for file in files:
        _check_columns(table, file)
        inspect_file(file)
    try:
        for number, file in enumerate(files):
            _stage(con, number, file)
        with transaction(con):
            con.execute(recreate_table_sql(table))
            con.execute(create_table_sql(QUARANTINE))
            con.execute("DELETE FROM quarantine WHERE table_name = ?", [table.name])
            for number, file in enumerate(files):
                con.execute(_insert_rows_sql(con, table, number, file))
                con.execute(_insert_malformed_sql(table, number, file))
        return LoadReport(
            table.name,
            rows=_count(con, identifier(table.name)),
            malformed=sum(_count(con, f"malformed_{number}") for number in range(len(files))),
            files=tuple(file.path.name for file in files),
        )
    finally:
        for number in range(len(files)):
            for name in ("staged", "malformed", "rejects", "scans"):
                con.execute(f"DROP TABLE IF EXISTS temp.{name}_{number}")


def _check_columns(table: Table, file: DelimitedFile) -> None:
    for name in file.columns:
        if name is not None and not name.startswith(GENRE_FLAG):
            table.column(name)


def _stage(con: duckdb.DuckDBPyConnection, number: int, file: DelimitedFile) -> None:
    """Read one file into `staged_<number>`, row ids in file order, and what can't be split into `malformed_<number>`.

    A committed temporary table numbers its rows from 0 in file order and is filled by all threads; `row_number()`
    over the file would read it by one.
    """
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE staged_{number} AS SELECT * FROM {_read_csv_sql(number, file)}")
    except duckdb.InvalidInputException as error:
        raise SourceError(
            f"{file.path} can't be split into rows: {str(error).splitlines()[0]} Does it mix line ends, or is it "
            f"quoted by something else than {file.quote or 'nothing'!r}? {AGAIN}."
        ) from error
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE malformed_{number} AS "
        "SELECT line, any_value(trim(csv_line, chr(10) || chr(13))) AS text, "
        "first(error_message ORDER BY column_idx) AS reason, list(DISTINCT error_type::VARCHAR) AS kinds "
        f"FROM temp.rejects_{number} GROUP BY line ORDER BY line"
    )
    _refuse_unreadable(con, number, file)


def _refuse_unreadable(con: duckdb.DuckDBPyConnection, number: int, file: DelimitedFile) -> None:
    """Faults of the file, not of a row."""
    wrong_encoding = _first_line(con, number, "list_contains(kinds, 'INVALID ENCODING')")
    if wrong_encoding is not None:
        raise SourceError(
            f"{file.path} line {wrong_encoding}: bytes that are not {file.encoding}. {AGAIN}, or declare the file's "
            "encoding in recsys_assets/sources/ (`latin-1` for older MovieLens files)."
        )
    open_quote = _first_line(
        con, number, "list_has_any(kinds, ['UNQUOTED VALUE', 'LINE SIZE OVER MAXIMUM']) AND contains(text, chr(10))"
    )
    if open_quote is not None:
        raise SourceError(
            f"{file.path} line {open_quote}: a quote that is opened here is not closed, so the rows after it can't be "
            f"told apart. {AGAIN}, or close the quote."
        )
    if _count(con, f"malformed_{number}") and not _count(con, f"staged_{number}"):
        raise SourceError(
            f"{file.path}: not one row has the {len(file.columns)} fields expected between {file.delimiter!r}. "
            f"{AGAIN}, or declare the new layout in recsys_assets/sources/."
        )


def _read_csv_sql(number: int, file: DelimitedFile) -> str:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(file.columns)))
    return (
        f"read_csv({literal(str(file.path))}, columns = {{{columns}}}, auto_detect = false, "
        f"header = {str(file.header is not None).lower()}, delim = {literal(file.delimiter)}, "
        f"quote = {literal(file.quote)}, escape = {literal(file.quote)}, encoding = {literal(file.encoding)}, "
        f"store_rejects = true, rejects_table = 'rejects_{number}', rejects_scan = 'scans_{number}')"
    )


def _insert_rows_sql(con: duckdb.DuckDBPyConnection, table: Table, number: int, file: DelimitedFile) -> str:
    """Staged rows under our column names, in file order."""
    values = _published_values(file)
    first = f"s.rowid + {1 if file.header is None else 2}"
    staged = f"temp.staged_{number} s"
    line = first
    if _count(con, f"malformed_{number}"):
        line = f"{first} + coalesce(m.moved, 0)"
        staged += f" ASOF LEFT JOIN ({_moves_sql(number)}) m ON {first} >= m.place ORDER BY s.rowid"
    return (
        f"INSERT INTO {identifier(table.name)} ({identifiers([*values, 'source_file', 'source_line'])}) "
        f"SELECT {', '.join(values.values())}, {literal(file.path.name)}, {line} FROM {staged}"
    )


def _moves_sql(number: int) -> str:
    """By how much rejected lines move the rows after them: the reader numbers rejects, but not good rows.

    Reject i (from 0) on line L has L - i lines before it that are good or the header. So a row that would be line n
    without rejects is moved by as many as have L - i <= n.
    """
    numbered = f"SELECT line, row_number() OVER (ORDER BY line) AS moved FROM temp.malformed_{number}"
    return f"SELECT line - moved + 1 AS place, max(moved) AS moved FROM ({numbered}) GROUP BY place"


def _published_values(file: DelimitedFile) -> dict[str, str]:
    """Raw column -> SQL over a staged row `s`. Several columns of one name, and genre flags, become one list."""
    parts: dict[str, list[str]] = {}
    for place, name in enumerate(file.columns):
        if name is None:
            continue
        if name.startswith(GENRE_FLAG):
            genre = literal(name.removeprefix(GENRE_FLAG))
            parts.setdefault("genres", []).append(f"CASE WHEN trim(s.c{place}) = '1' THEN {genre} END")
        else:
            parts.setdefault(name, []).append(f"s.c{place}")
    return {name: values[0] if len(values) == 1 else _joined(values) for name, values in parts.items()}


def _joined(values: list[str]) -> str:
    return f"concat_ws('|', {', '.join(values)})"


def _insert_malformed_sql(table: Table, number: int, file: DelimitedFile) -> str:
    where = literal(f"{file.path.name} line ")
    return (
        f"INSERT INTO quarantine SELECT {literal(table.name)}, 'malformed_row', "
        f"{where} || line || ': ' || reason || '; quarantined as ''malformed_row''', "
        f"{literal(file.path.name)}, line, to_json({{'line': text}}) FROM temp.malformed_{number}"
    )


def _first_line(con: duckdb.DuckDBPyConnection, number: int, condition: str) -> int | None:
    found = con.execute(f"SELECT min(line) FROM temp.malformed_{number} WHERE {condition}").fetchone()
    return found[0] if found else None


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(found[0]) if found else 0
