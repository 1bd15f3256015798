"""The queries of cleaning: published rows typed, judged by the rules, and traced."""

from __future__ import annotations

from datetime import datetime

from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.recipe import Recipe
from recsys_assets.warehouse.rules import DUPLICATE, published_name, reference_alias, row_rules, sound_sql
from recsys_assets.warehouse.sql import identifier, identifiers, literal
from recsys_assets.warehouse.storage import PROVENANCE, published_columns, typed_view


def typed_sql(table: Table, recipe: Recipe, *, where: str = "true") -> str:
    """Published rows typed: `raw_row`, the table's columns, and what was published for each."""
    columns = ", ".join(
        f"({recipe.fields[c.name].value})::{c.type} AS {identifier(c.name)}, "
        f"({recipe.fields[c.name].published})::VARCHAR AS {published_name(c.name)}"
        for c in table.columns
    )
    return (
        f"SELECT r.raw_row, {columns} FROM {identifier(typed_view(recipe.raw.name))} r {recipe.join} "
        f"WHERE ({recipe.where or 'true'}) AND ({where})"
    )


def sound_rows_sql(table: Table, recipe: Recipe, latest: datetime, *, where: str = "true") -> str:
    """`raw_row` and the columns of the rows that break no rule."""
    typed = typed_sql(table, recipe, where=where)
    return (
        f"WITH t AS {_once(recipe)} ({typed}) "
        f"SELECT t.raw_row, {', '.join(f't.{identifier(c)}' for c in table.column_names)} FROM t "
        f"WHERE {sound_sql(table, latest=latest)}"
    )


def broken_rows_sql(table: Table, recipe: Recipe, latest: datetime, *, where: str = "true") -> str:
    """`raw_row`, `rule`, `reason` of the rows that break a rule: the first one each breaks."""
    rules = row_rules(table, latest=latest)
    first = " ".join(f"WHEN {rule.broken} THEN {place}" for place, rule in enumerate(rules))
    names = " ".join(f"WHEN {place} THEN {literal(rule.name)}" for place, rule in enumerate(rules))
    reasons = " ".join(f"WHEN {place} THEN {rule.reason}" for place, rule in enumerate(rules))
    joins = " ".join(
        f"LEFT JOIN {identifier(r.table)} {reference_alias(r)} "
        f"ON {reference_alias(r)}.{identifier(r.target)} = t.{identifier(r.column)}"
        for r in table.references
    )
    judged = f"SELECT t.*, CASE {first} END AS place FROM t {joins}"
    return (
        f"WITH t AS {_once(recipe)} ({typed_sql(table, recipe, where=where)}) "
        f"SELECT raw_row, CASE place {names} END AS rule, CASE place {reasons} END AS reason "
        f"FROM ({judged}) t WHERE place IS NOT NULL"
    )


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


def losers_sql(ranked: str) -> str:
    return f"SELECT raw_row, {literal(DUPLICATE)} AS rule, reason FROM {ranked} WHERE place > 1"


def same_key(table: Table, left: str, right: str) -> str:
    """Condition that rows of two relations share their key."""
    return " AND ".join(f"{left}.{identifier(k)} = {right}.{identifier(k)}" for k in table.key)


def quarantine_sql(table: Table, raw: Table, broken: str) -> str:
    """Insert the rows of `broken`, as they were published."""
    published = ", ".join(f"{literal(c)}: r.{identifier(c)}" for c in published_columns(raw))
    file, line = PROVENANCE
    return (
        f"INSERT INTO quarantine SELECT {literal(table.name)}, b.rule, "
        f"r.{file} || ' line ' || r.{line} || ': ' || b.reason || '; quarantined as ''' || b.rule || '''', "
        f"r.{file}, r.{line}, to_json({{{published}}}) "
        f"FROM {broken} b JOIN {identifier(raw.name)} r USING (raw_row)"
    )


def columns_sql(table: Table) -> str:
    return identifiers(table.column_names)
