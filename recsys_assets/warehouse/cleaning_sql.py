"""The queries of cleaning: published rows typed, judged by the rules, and traced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.fields import whole_number
from recsys_assets.warehouse.recipe import Recipe
from recsys_assets.warehouse.references import Target, joined
from recsys_assets.warehouse.rules import DUPLICATE, published_name, row_rules, sound_sql
from recsys_assets.warehouse.sql import identifier, identifiers, literal
from recsys_assets.warehouse.storage import (
    KEPT_AS_NUMBERS,
    PROVENANCE,
    kept_columns,
    kept_rows_sql,
    odd,
    published_columns,
    typed_view,
    whole,
    written_out_sql,
)


def typed_sql(table: Table, recipe: Recipe, *, where: str = "true", more: str = "", rows: str = "") -> str:
    """Published rows typed: `raw_row`, the table's columns, what was published for each, and `more` columns.

    `rows`: query of the raw rows, all if empty.
    """
    source = f"({rows})" if rows else _source_sql(recipe)
    columns = ", ".join(
        f"({_of_halves(recipe.fields[c.name].value, recipe)})::{c.type} AS {identifier(c.name)}, "
        f"({recipe.fields[c.name].published})::VARCHAR AS {published_name(c.name)}"
        for c in table.columns
    )
    return (
        f"SELECT r.raw_row, {columns}{', ' if more else ''}{more} "
        f"FROM {source} r {_of_halves(recipe.join, recipe)} "
        f"WHERE ({recipe.where or 'true'}) AND ({where})"
    )


def _source_sql(recipe: Recipe) -> str:
    """All raw rows; of a table that is stored as one piece, in two parts, for two threads (2,048 rows: a vector)."""
    view = identifier(typed_view(recipe.raw.name))
    if not recipe.in_parts:
        return view
    parts = (f"SELECT * FROM {view} WHERE raw_row & 2048 {sign} 0" for sign in ("=", "<>"))
    return f"({' UNION ALL '.join(parts)})"


def _of_halves(sql: str, recipe: Recipe) -> str:
    """`sql` that reads whole numbers without having them written out.

    A whole number looks at the text only where no number is kept, and there the odd text is all of it.
    """
    for column in (c for c in recipe.raw.column_names if c in KEPT_AS_NUMBERS):
        number = whole_number(f"r.{column}").value
        of_text = number.replace(f"r.{column}", f"r.{odd(column)}")
        sql = sql.replace(number, f"r.{whole(column)}" if recipe.plain else of_text)
    return sql


def sound_rows_sql(
    table: Table, recipe: Recipe, latest: datetime, *, targets: Sequence[Target], where: str = "true"
) -> str:
    """`raw_row` and the columns of the rows that break no rule; in raw order, unless something is joined."""
    joins = " ".join(target.join("JOIN") for target in targets)
    kept = [sound_sql(table, latest=latest), *(target.there for target in targets if target.bits)]
    return (
        f"WITH t AS {_once(recipe)} ({typed_sql(table, recipe, where=where)}) "
        f"SELECT t.raw_row, {', '.join(f't.{identifier(c)}' for c in table.column_names)} FROM t {joins} "
        f"WHERE {' AND '.join(kept)}"
    )


def unsound_rows_sql(
    table: Table, recipe: Recipe, latest: datetime, *, targets: Sequence[Target], where: str = "true"
) -> str:
    """The other rows, each once: the `kept_columns` of the raw table."""
    sound = f"NOT coalesce({sound_sql(table, latest=latest)}, false)"
    return _kept_sql(table, recipe, [sound, *_nowhere(targets)], targets=targets, where=where)


def pointing_nowhere_sql(table: Table, recipe: Recipe, *, targets: Sequence[Target], where: str = "true") -> str:
    """Those of the other rows that refer to something that is not there; found in a fifth of the time."""
    return _kept_sql(table, recipe, _nowhere(targets), targets=targets, where=where)


def _nowhere(targets: Sequence[Target]) -> list[str]:
    return [f"NOT ({target.there})" for target in targets]


def _kept_sql(table: Table, recipe: Recipe, unsound: list[str], *, targets: Sequence[Target], where: str) -> str:
    """The `kept_columns` of raw rows whose typed row meets one of the conditions `unsound`.

    One scan finds and keeps them; of costly rows, whose texts are long, only `raw_row` is written down before the rules
    look at them, and a second scan fetches the few.
    """
    names = ["raw_row"] if recipe.costly else kept_columns(recipe.raw)
    kept = {f"kept_{place}": name for place, name in enumerate(names)}  # a typed column may have the same name
    more = ", ".join(f"r.{name} AS {aside}" for aside, name in kept.items())
    found = (
        f"WITH t AS {_once(recipe)} ({typed_sql(table, recipe, where=where, more=more)}) "
        f"SELECT {', '.join(f't.{aside} AS {name}' for aside, name in kept.items())} "
        f"FROM t {' '.join(target.join('LEFT JOIN') for target in targets)} WHERE {' OR '.join(unsound)}"
    )
    return kept_rows_sql(recipe.raw, f"({found})", where=where) if recipe.costly else found


def typed_again_sql(table: Table, recipe: Recipe, rows: str) -> str:
    """The rows of relation `rows`, which has the raw table's `kept_columns`, typed, with all that was published."""
    published = ", ".join(f"r.{identifier(c)} AS {raw_name(c)}" for c in recipe.raw.column_names)
    return typed_sql(table, recipe, more=published, rows=written_out_sql(recipe.raw, rows))


def broken_rows_sql(table: Table, latest: datetime, unsound: str) -> str:
    """`raw_row`, `rule`, `reason` of the rows in `unsound`: the first rule that each breaks; and what was published."""
    rules = row_rules(table, latest=latest)
    first = " ".join(f"WHEN {rule.broken} THEN {place}" for place, rule in enumerate(rules))
    names = " ".join(f"WHEN {place} THEN {literal(rule.name)}" for place, rule in enumerate(rules))
    reasons = " ".join(f"WHEN {place} THEN {rule.reason}" for place, rule in enumerate(rules))
    joins = " ".join(target.join("LEFT JOIN") for target in joined(table))
    judged = f"SELECT t.*, CASE {first} END AS place FROM {unsound} t {joins}"
    return (
        f"SELECT t.*, CASE place {names} END AS rule, CASE place {reasons} END AS reason "
        f"FROM ({judged}) t WHERE place IS NOT NULL"
    )


def raw_name(column: str) -> str:
    """Name beside typed columns of what was published in a raw column."""
    return identifier(f"{column}:raw")


def _once(recipe: Recipe) -> str:
    return "MATERIALIZED" if recipe.costly else "NOT MATERIALIZED"


def ranked_sql(table: Table, raw: Table, contested: str) -> str:
    """Rows of one key in `contested`, `place` 1 for the one that stays.

    The latest stays, or the last published where there is no time or times are equal. Also `reason` for the others.
    """
    latest = "t.timestamp DESC NULLS LAST, raw_row DESC" if "timestamp" in table.column_names else "raw_row DESC"
    named = " || ', ' || ".join(f"{literal(f'{k} ')} || t.{identifier(k)}" for k in table.key)
    window = f"(PARTITION BY {', '.join(f't.{identifier(k)}' for k in table.key)} ORDER BY {latest})"
    return (
        f"SELECT t.*, row_number() OVER w AS place, "
        f"{named} || ' occurs again; ' || first(r.source_file || ' line ' || r.source_line) OVER w || ' stays' "
        "AS reason "
        f"FROM {contested} t JOIN {identifier(raw.name)} r USING (raw_row) WINDOW w AS {window}"
    )


def losers_sql(raw: Table, ranked: str) -> str:
    """Rows that did not stay: `raw_row`, `rule`, `reason`, and what was published."""
    published = ", ".join(f"r.{identifier(c)} AS {raw_name(c)}" for c in raw.column_names)
    rows = written_out_sql(raw, f"({kept_rows_sql(raw, f'(SELECT raw_row FROM {ranked} WHERE place > 1)')})")
    return (
        f"SELECT k.raw_row, {literal(DUPLICATE)} AS rule, k.reason, {published} "
        f"FROM {ranked} k JOIN ({rows}) r USING (raw_row)"
    )


def same_key(table: Table, left: str, right: str) -> str:
    """Condition that rows of two relations share their key."""
    return " AND ".join(f"{left}.{identifier(k)} = {right}.{identifier(k)}" for k in table.key)


def quarantine_sql(table: Table, raw: Table, broken: str) -> str:
    """Insert the rows of query `broken`, as they were published."""
    published = ", ".join(f"{literal(c)}: b.{raw_name(c)}" for c in published_columns(raw))
    file, line = (f"b.{raw_name(c)}" for c in PROVENANCE)
    return (
        f"INSERT INTO quarantine SELECT {literal(table.name)}, b.rule, "
        f"{file} || ' line ' || {line} || ': ' || b.reason || '; quarantined as ''' || b.rule || '''', "
        f"{file}, {line}, to_json({{{published}}}) FROM ({broken}) b"
    )


def columns_sql(table: Table) -> str:
    return identifiers(table.column_names)
