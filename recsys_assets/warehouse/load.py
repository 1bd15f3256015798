"""Published files -> raw tables: every value as published, every line accounted for, no file read twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Lock

import duckdb

from recsys_assets.progress import Progress, silent
from recsys_assets.sources.fetch import sha256_of
from recsys_assets.sources.files import Correction, DatasetFiles, DelimitedFile, SourceError
from recsys_assets.warehouse.database import transaction
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.inspect_file import inspect_file
from recsys_assets.warehouse.landed import (
    LandedFile,
    content_digest,
    landed_files,
    layout_digest,
    record_landed,
    utc_now,
)
from recsys_assets.warehouse.side_by_side import side_by_side
from recsys_assets.warehouse.sql import identifier, identifiers, literal
from recsys_assets.warehouse.staging import Staged, count, drop_storage, staged, without_odd_texts
from recsys_assets.warehouse.storage import (
    GENRE_FLAG,
    PROVENANCE,
    corrected_table,
    malformed_table,
    published_columns,
    typed_view,
    view_sql,
    whole,
)
from recsys_assets.warehouse.tables import QUARANTINE
from recsys_assets.warehouse.watching import watched

_SETTLING = Lock()
"""The ledger and the quarantine are written for one table at a time."""


@dataclass(frozen=True)
class LoadReport:
    """`malformed`: lines whose fields could not be told apart; they are in quarantine."""

    table: str
    rows: int
    malformed: int
    files: tuple[str, ...]
    landed: tuple[str, ...]
    """Files that were read now."""
    unchanged: tuple[str, ...]
    """Files that were there already, byte for byte."""
    removed: tuple[str, ...]
    bytes: int
    """Of all files."""
    version: str
    """16 hex digits that change when, and only when, the content of a file or the list of files changes."""
    first_event: datetime | None = None
    """Earliest published time (UTC) that can be read as one, where the table has times."""
    last_event: datetime | None = None


def load_tables(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], files: DatasetFiles, *, progress: Progress = silent
) -> Iterator[LoadReport]:
    """`load_raw` of several tables, two at a time; reports come in the order of the tables."""
    landed_files(con, "")  # two connections can't make one table at once: the ledger and the quarantine are made here
    con.execute(create_table_sql(QUARANTINE))

    def load(own: duckdb.DuckDBPyConnection, table: Table) -> LoadReport:
        corrected = [c for c in files.corrections if c.table == table.name]
        return load_raw(own, table, files.of_table(table.name), corrections=corrected, progress=progress)

    yield from side_by_side(con, [partial(load, table=table) for table in tables])


def load_raw(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    files: Sequence[DelimitedFile],
    *,
    corrections: Iterable[Correction] = (),
    progress: Progress = silent,
) -> LoadReport:
    """Make a raw table hold what its files hold now; without files it becomes empty.

    A file that landed before, byte for byte and in the same layout, is not read again. Several published columns of
    one name (three actors, one `cast`) and columns named `genre:<Name>`, which hold 1 where the movie is of that
    genre (MovieLens 100K), are joined by `|`. `source_line` counts records: the header is 1, a quoted value may span
    several lines of text, blank lines do not count. A corrected line has the values of its correction. Raises
    SourceError, with the table's earlier content untouched.
    """
    for file in files:
        _check_columns(table, file)
        inspect_file(file)
    _require_names(table, files)
    before = landed_files(con, table.name)
    _drop_orphans(con, table, before)
    known = {file.content: file for file in before}
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        landed, new = [], []
        for position, file in enumerate(files):
            kept = _kept(known, file)
            if kept is None:
                digest = pool.submit(sha256_of, file.path)
                progress(f"{table.name}: reading {file.source}, {file.path.stat().st_size / 1e6:,.0f} MB")
                with watched(con, f"{table.name}: reading {file.source}", progress):
                    rows = stack.enter_context(staged(con, file))
                landed.append(_described(con, table, position, file, rows, digest.result()))
                new.append((landed[-1], rows))
            else:
                landed.append(replace(kept, position=position, source_file=file.source, confirmed_at=utc_now()))
        gone = [f for f in before if f.storage not in {kept.storage for kept in landed}]
        with _SETTLING, transaction(con):
            record_landed(con, table.name, landed)
            corrected = _correct(con, table, landed, corrections)
            _quarantine(con, table, landed)
            _show(con, table, list(zip(files, landed, strict=True)), corrected)
            for left in gone:
                drop_storage(con, left.storage)
    first, last = _event_times(con, table)
    return LoadReport(
        table.name,
        rows=count(con, identifier(table.name)),
        malformed=sum(f.malformed for f in landed),
        files=tuple(f.source for f in files),
        landed=tuple(f.source_file for f, _ in new),
        unchanged=tuple(f.source_file for f in landed if f.storage in {b.storage for b in before}),
        removed=tuple(f.source_file for f in gone if f.source_file not in {kept.source_file for kept in landed}),
        bytes=sum(f.bytes for f in landed),
        version=content_digest(landed),
        first_event=first,
        last_event=last,
    )


def _event_times(con: duckdb.DuckDBPyConnection, table: Table) -> tuple[datetime | None, datetime | None]:
    if "timestamp" not in table.column_names:
        return None, None
    seconds, view = whole("timestamp"), identifier(typed_view(table.name))
    found = con.execute(
        "SELECT TRY(make_timestamp(first * 1000000)), TRY(make_timestamp(last * 1000000)) "
        f"FROM (SELECT min({seconds}) AS first, max({seconds}) AS last FROM {view})"
    ).fetchall()
    return found[0]


def _check_columns(table: Table, file: DelimitedFile) -> None:
    for name in file.columns:
        if name is not None and not name.startswith(GENRE_FLAG):
            table.column(name)


def _require_names(table: Table, files: Sequence[DelimitedFile]) -> None:
    names = [file.source for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(
            f"{table.name}: several files are called {', '.join(twice)}, so that their rows could not be traced. Give "
            "each a name of its own (`DelimitedFile.name`)."
        )


def _kept(known: dict[tuple[str, str], LandedFile], file: DelimitedFile) -> LandedFile | None:
    """What landed of this file before. Its bytes are only asked for where their number is the same."""
    layout, size = layout_digest(file), file.path.stat().st_size
    if not any(f.layout == layout and f.bytes == size for f in known.values()):
        return None
    return known.pop((sha256_of(file.path), layout), None)


def _described(
    con: duckdb.DuckDBPyConnection, table: Table, position: int, file: DelimitedFile, rows: Staged, sha256: str
) -> LandedFile:
    return LandedFile(
        table_name=table.name,
        source_file=file.source,
        position=position,
        layout=layout_digest(file),
        sha256=sha256,
        bytes=file.path.stat().st_size,
        rows=count(con, identifier(rows.storage)),
        malformed=rows.malformed,
        storage=rows.storage,
        numbered=rows.numbered,
        landed_at=utc_now(),
        confirmed_at=utc_now(),
    )


def _drop_orphans(con: duckdb.DuckDBPyConnection, table: Table, landed: Sequence[LandedFile]) -> None:
    """What a killed run has left."""
    named = {corrected_table(table.name), *(n for f in landed for n in (f.storage, malformed_table(f.storage)))}
    found = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = current_schema() AND NOT temporary "
        "AND starts_with(table_name, ?)",
        [f"{table.name}:"],
    ).fetchall()
    for (name,) in found:
        if name not in named:
            con.execute(f"DROP TABLE {identifier(name)}")


def _quarantine(con: duckdb.DuckDBPyConnection, table: Table, landed: Sequence[LandedFile]) -> None:
    """Lines that can't be split, but for those that were corrected: these are rows now."""
    con.execute(create_table_sql(QUARANTINE))
    con.execute("DELETE FROM quarantine WHERE table_name = ?", [table.name])
    for file in (f for f in landed if f.malformed):
        where = literal(f"{file.source_file} line ")
        con.execute(
            f"INSERT INTO quarantine SELECT {literal(table.name)}, 'malformed_row', "
            f"{where} || line || ': ' || reason || '; quarantined as ''malformed_row''', "
            f"{literal(file.source_file)}, line, to_json({{'line': text}}) "
            f"FROM {identifier(malformed_table(file.storage))}"
        )
    con.execute(
        f"DELETE FROM quarantine q USING {identifier(corrected_table(table.name))} c WHERE q.table_name = ? "
        "AND q.source_file = c.source_file AND q.source_line = c.source_line",
        [table.name],
    )


def _correct(
    con: duckdb.DuckDBPyConnection, table: Table, landed: Sequence[LandedFile], corrections: Iterable[Correction]
) -> set[str]:
    """Store the corrected lines of files that are there; returns those files' names. Of a line the last counts."""
    positions = {f.source_file: f.position for f in landed}
    columns = published_columns(table)
    known = {(c.source_file, c.source_line): c for c in corrections if c.source_file in positions}
    texts = ", ".join(f"{identifier(c)} VARCHAR" for c in columns)
    name = identifier(corrected_table(table.name))
    con.execute(f"DROP TABLE IF EXISTS {name}")
    con.execute(f"CREATE TABLE {name} ({texts}, source_file VARCHAR, source_line BIGINT, position BIGINT)")
    rows = [
        {**{c: x.row.get(c) for c in columns}, "file": x.source_file, "line": x.source_line} for x in known.values()
    ]
    listed = ", ".join(f"j ->> {literal(c)}" for c in columns)
    con.execute(
        f"INSERT INTO {name} ({identifiers((*columns, *PROVENANCE))}) SELECT {listed}, j ->> 'file', "
        "(j ->> 'line')::BIGINT FROM (SELECT unnest(?::JSON[]) AS j)",
        [[json.dumps(row) for row in rows]],
    )
    con.execute(
        f"UPDATE {name} c SET position = f.position FROM landed_files f "
        f"WHERE f.table_name = {literal(table.name)} AND f.source_file = c.source_file"
    )
    return {file for file, _ in known}


def _show(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    files: Sequence[tuple[DelimitedFile, LandedFile]],
    corrected: set[str],
) -> None:
    """Let the raw table's views name the tables that hold its rows now."""
    found = con.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = current_schema() AND table_name = ?", [table.name]
    ).fetchall()
    if found:  # made by a version that kept text in it
        con.execute(f"DROP TABLE {identifier(table.name)}")
    plain = without_odd_texts(con, [landed.storage for _, landed in files])
    for numbers in (False, True):
        con.execute(view_sql(table, files, corrected=corrected, plain=plain, numbers=numbers))
