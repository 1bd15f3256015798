"""Raw -> validated: typed, keyed, referenced. A row that breaks a rule goes to `quarantine`, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb

from recsys_assets.warehouse.database import require_tables, transaction
from recsys_assets.warehouse.ddl import create_table_sql, recreate_table_sql
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.recipes import RECIPES, Recipe
from recsys_assets.warehouse.rules import DUPLICATE, published_name, reference_alias, row_rules
from recsys_assets.warehouse.sql import identifier, identifiers, literal, repeats_sql
from recsys_assets.warehouse.tables import LINKS, MOVIES, QUARANTINE


@dataclass(frozen=True)
class CleanReport:
    """`rows_in` = `rows_out` + all of `quarantined` (rule -> rows)."""

    table: str
    rows_in: int
    rows_out: int
    quarantined: Mapping[str, int]


def clean_table(con: duckdb.DuckDBPyConnection, table: Table, *, now: datetime | None = None) -> CleanReport:
    """Replace a validated table, and its rows in `quarantine`, by what its raw table holds now.

    `movies` also builds `links`, whose bad rows are quarantined under that name. `now` (UTC) bounds the times of
    events, one day of grace included. Raises WarehouseError where a table it needs is not there.
    """
    latest = (now or datetime.now(UTC)).replace(tzinfo=None) + timedelta(days=1)
    needed = (LINKS, table) if table.name == MOVIES.name else (table,)
    require_tables(con, tuple(RECIPES[t.name].raw.name for t in needed) + tuple(r.table for r in table.references))
    with transaction(con):
        con.execute(create_table_sql(QUARANTINE))
        reports = [_clean(con, t, latest) for t in needed]
    return reports[-1]


def _clean(con: duckdb.DuckDBPyConnection, table: Table, latest: datetime) -> CleanReport:
    raw = identifier(RECIPES[table.name].raw.name)
    con.execute(f"CREATE OR REPLACE TEMP TABLE typed AS {_typed_sql(table, RECIPES[table.name], latest)}")
    con.execute("CREATE OR REPLACE TEMP TABLE broken AS SELECT raw_row, rule, reason FROM typed WHERE rule IS NOT NULL")
    if table.key:
        con.execute(f"INSERT INTO broken {_duplicates_sql(table, RECIPES[table.name].raw)}")
    con.execute(recreate_table_sql(table))
    sound = "FROM typed ANTI JOIN broken USING (raw_row)" if _count(con, "broken") else "FROM typed"
    con.execute(f"INSERT INTO {identifier(table.name)} BY NAME SELECT {identifiers(table.column_names)} {sound}")
    con.execute("DELETE FROM quarantine WHERE table_name = ?", [table.name])
    con.execute(_quarantine_sql(table, RECIPES[table.name].raw))
    counts = con.execute("SELECT rule, count(*) FROM broken GROUP BY rule ORDER BY rule").fetchall()
    con.execute("DROP TABLE typed; DROP TABLE broken")
    return CleanReport(
        table.name,
        rows_in=_count(con, raw),
        rows_out=_count(con, identifier(table.name)),
        quarantined={str(rule): int(rows) for rule, rows in counts},
    )


def _typed_sql(table: Table, recipe: Recipe, latest: datetime) -> str:
    """Every published row typed, with `rule` and `reason` where it breaks a rule: the first one it breaks.

    Written down once, as the text is parsed here and the rows are asked for three times.
    """
    columns = ", ".join(
        f"({recipe.fields[c.name].value})::{c.type} AS {identifier(c.name)}, "
        f"({recipe.fields[c.name].published})::VARCHAR AS {published_name(c.name)}"
        for c in table.columns
    )
    rules = row_rules(table, latest=latest)
    first = " ".join(f"WHEN {rule.broken} THEN {place}" for place, rule in enumerate(rules))
    names = " ".join(f"WHEN {place} THEN {literal(rule.name)}" for place, rule in enumerate(rules))
    reasons = " ".join(f"WHEN {place} THEN {rule.reason}" for place, rule in enumerate(rules))
    joins = " ".join(
        f"LEFT JOIN {identifier(r.table)} {reference_alias(r)} "
        f"ON {reference_alias(r)}.{identifier(r.target)} = t.{identifier(r.column)}"
        for r in table.references
    )
    read = f"SELECT r.rowid AS raw_row, {columns} FROM {identifier(recipe.raw.name)} r {recipe.join}"
    judged = f"SELECT t.*, CASE {first} END AS place FROM ({read}) t {joins}"
    return (
        f"SELECT raw_row, {identifiers(table.column_names)}, CASE place {names} END AS rule, "
        f"CASE place {reasons} END AS reason FROM ({judged}) t"
    )


def _duplicates_sql(table: Table, raw: Table) -> str:
    """All rows of a key but one: the latest, or the last published where there is no time or times are equal."""
    keys = identifiers(table.key)
    latest = "t.timestamp DESC NULLS LAST, raw_row DESC" if "timestamp" in table.column_names else "raw_row DESC"
    named = " || ', ' || ".join(f"{literal(f'{k} ')} || t.{identifier(k)}" for k in table.key)
    window = f"(PARTITION BY {', '.join(f't.{identifier(k)}' for k in table.key)} ORDER BY {latest})"
    return (
        f"WITH sound AS (SELECT * FROM typed WHERE rule IS NULL), "
        f"repeated AS (SELECT {keys} FROM sound WHERE {repeats_sql('sound', table.key)} "
        "GROUP BY ALL HAVING count(*) > 1), "
        f"ranked AS (SELECT raw_row, {named} AS named, row_number() OVER w AS place, "
        "first(r.source_file || ' line ' || r.source_line) OVER w AS stays "
        f"FROM sound t SEMI JOIN repeated USING ({keys}) "
        f"JOIN {identifier(raw.name)} r ON r.rowid = t.raw_row WINDOW w AS {window}) "
        f"SELECT raw_row, {literal(DUPLICATE)}, named || ' occurs again; ' || stays || ' stays' "
        "FROM ranked WHERE place > 1"
    )


def _quarantine_sql(table: Table, raw: Table) -> str:
    published = ", ".join(
        f"{literal(c)}: r.{identifier(c)}" for c in raw.column_names if c not in ("source_file", "source_line")
    )
    return (
        f"INSERT INTO quarantine SELECT {literal(table.name)}, b.rule, "
        "r.source_file || ' line ' || r.source_line || ': ' || b.reason || '; quarantined as ''' || b.rule || '''', "
        f"r.source_file, r.source_line, to_json({{{published}}}) "
        f"FROM broken b JOIN {identifier(raw.name)} r ON r.rowid = b.raw_row"
    )


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(found[0]) if found else 0
