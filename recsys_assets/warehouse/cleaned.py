"""What each validated table was made of, so that the same input is not cleaned twice, and new input alone is added."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

import duckdb

from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.landed import content_digest, landed_files
from recsys_assets.warehouse.sql import identifier, identifiers
from recsys_assets.warehouse.storage import PROVENANCE, corrected_table

STATE = "cleaned_tables"
_CREATE = f"CREATE TABLE IF NOT EXISTS {STATE} (table_name VARCHAR NOT NULL, state JSON NOT NULL)"


@dataclass(frozen=True)
class Inputs:
    """All that a validated table depends on."""

    rules: str
    """Digest of declaration and recipe."""
    files: tuple[tuple[str, str, str], ...]
    """Of the raw table, in order: name, sha256, layout."""
    corrections: str
    upstream: Mapping[str, str]
    """Version of every other table that is read."""


@dataclass(frozen=True)
class Content:
    """What is in a table."""

    rows: int
    version: str
    """16 hex digits of all rows, whatever their order."""
    first_event: datetime | None
    """Earliest `timestamp` (UTC), where the table has one."""
    last_event: datetime | None


def inputs_of(con: duckdb.DuckDBPyConnection, table: Table, raw: Table, sql: str, known: Mapping[str, Table]) -> Inputs:
    """`sql`: what types and judges the table; every one of the `known` tables that it names is read."""
    mentioned = sorted(n for n in known if n not in (raw.name, table.name) and re.search(rf"\b{re.escape(n)}\b", sql))
    return Inputs(
        rules=_digest(sql, repr(table)),
        files=tuple((f.source_file, *f.content) for f in landed_files(con, raw.name)),
        corrections=_corrections(con, raw),
        upstream={name: version_of(con, known[name]) for name in mentioned},
    )


def version_of(con: duckdb.DuckDBPyConnection, table: Table) -> str:
    """Of a raw table what its files say, of another what its rows say; '' where it was never built."""
    if table.layer == "raw":
        return content_digest(landed_files(con, table.name)) + _corrections(con, table)
    state = stored_state(con, table.name)
    return str(state["content"]) if state else ""


def content_of(con: duckdb.DuckDBPyConnection, table: Table) -> Content:
    """One scan: rows, times and a hash of all rows that does not depend on their order."""
    times = "min(timestamp), max(timestamp)" if "timestamp" in table.column_names else "NULL, NULL"
    rows, mixed, first, last = con.execute(
        f"SELECT count(*), coalesce(bit_xor(hash({identifiers(table.column_names)})), 0), {times} "
        f"FROM {identifier(table.name)}"
    ).fetchall()[0]
    return Content(rows, _digest(str(rows), str(mixed)), first, last)


def stored_state(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, object] | None:
    """As `record_state` left it."""
    con.execute(_CREATE)
    found = con.execute(f"SELECT state FROM {STATE} WHERE table_name = ?", [table]).fetchone()
    return json.loads(found[0]) if found else None


def stored_inputs(state: Mapping[str, object]) -> Inputs:
    stored = {f.name: state[f.name] for f in fields(Inputs)}
    return Inputs(**{**stored, "files": tuple(tuple(file) for file in stored["files"])})  # type: ignore[arg-type, attr-defined]


def record_state(con: duckdb.DuckDBPyConnection, table: str, inputs: Inputs, content: Content, left_out: int) -> None:
    con.execute(_CREATE)
    con.execute(f"DELETE FROM {STATE} WHERE table_name = ?", [table])
    state = {**asdict(inputs), "content": content.version, "rows": content.rows, "left_out": left_out}
    con.execute(f"INSERT INTO {STATE} VALUES (?, ?)", [table, json.dumps(state)])


def added_files(now: Inputs, before: Inputs) -> list[str] | None:
    """Names of the files that came behind those of before; None where anything but that changed."""
    same = (now.rules, now.corrections) == (before.rules, before.corrections)
    if not same or now.files[: len(before.files)] != before.files:
        return None
    return [name for name, *_ in now.files[len(before.files) :]]


def _corrections(con: duckdb.DuckDBPyConnection, raw: Table) -> str:
    """Digest of the corrected lines; '' where there are none."""
    name = corrected_table(raw.name)
    there = con.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = current_schema() AND table_name = ?", [name]
    ).fetchall()
    if not there:
        return ""
    columns = identifiers((*raw.column_names, "position"))
    rows = con.execute(f"SELECT {columns} FROM {identifier(name)} ORDER BY {', '.join(PROVENANCE)}").fetchall()
    return _digest(repr(rows)) if rows else ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
