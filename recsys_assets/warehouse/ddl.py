"""What a declaration says, as SQL and as a page.

`python -m recsys_assets.warehouse.ddl > docs/tables.md` writes the page of all tables anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from recsys_assets.warehouse.declaration import Column, Distribution, Freshness, Table, Volume
from recsys_assets.warehouse.sql import identifier
from recsys_assets.warehouse.storage import text_type


def create_table_sql(table: Table) -> str:
    """`CREATE TABLE IF NOT EXISTS` as declared.

    Published values may lack anything, so raw tables demand nothing of them. Keys are checked, not indexed: an
    index on 26 million ratings costs more than the check.
    """
    columns = ",\n".join(f"  {identifier(c.name)} {_stored(c)}{_not_null(table, c)}" for c in table.columns)
    return f"CREATE TABLE IF NOT EXISTS {identifier(table.name)} (\n{columns}\n)"


def recreate_table_sql(table: Table) -> str:
    """The table anew, empty."""
    return f"DROP TABLE IF EXISTS {identifier(table.name)};\n{create_table_sql(table)}"


def markdown_doc(table: Table) -> str:
    """The declaration as a page: what the table is, its key and references, each column and its limits."""
    lines = [f"### {table.name}", "", f"{table.description} ({table.layer})."]
    if table.key:
        lines.append(f"Key: {', '.join(f'`{k}`' for k in table.key)}.")
    lines += [f"`{r.column}` refers to `{r.table}.{r.target}`." for r in table.references]
    lines += _watched(table)
    lines += ["", "| column | type | required | values | meaning |", "|---|---|---|---|---|"]
    lines += [
        f"| `{c.name}` | {c.type} | {'yes' if c.required else 'no'} | {_values(c)} | {c.description} |"
        for c in table.columns
    ]
    return "\n".join(lines) + "\n"


def markdown_page(tables: Iterable[Table]) -> str:
    """The page of several declarations, by layer."""
    listed = list(tables)
    lines = [_HEAD]
    for layer, meaning in _LAYERS.items():
        docs = [markdown_doc(table) for table in listed if table.layer == layer]
        if docs:
            lines += [f"## {layer.title()} tables", "", meaning, "", "\n".join(docs)]
    return "\n".join(lines)


def every_table() -> list[Table]:
    """Every declared table; one that is built on the way to another comes before it."""
    from recsys_assets.warehouse.recipes import BUILT_WITH
    from recsys_assets.warehouse.tables import SPLITS, TABLES

    declared = [table for whole in TABLES.values() for table in (*BUILT_WITH.get(whole.name, ()), whole)]
    return [*declared, SPLITS]


def limits(column: Column) -> str:
    """`0.5-5.0`, `at least 1`, `one of F, M`, or nothing where any value will do."""
    low, high = (_number(column, bound) for bound in (column.minimum, column.maximum))
    if column.allowed is not None:
        return "one of " + ", ".join(column.allowed)
    if low and high:
        return f"{low}-{high}"
    return f"at least {low}" if low else f"at most {high}" if high else ""


def _number(column: Column, bound: float | None) -> str:
    if bound is None:
        return ""
    return str(float(bound)) if column.type in ("FLOAT", "DOUBLE") else str(int(bound))


def _values(column: Column) -> str:
    return limits(column) + (" (warning)" if column.severity == "warning" and limits(column) else "")


def _watched(table: Table) -> list[str]:
    """What is asked of the table as a whole, a bullet each."""
    asked = [f"At least {table.min_rows} row{'s' if table.min_rows > 1 else ''} (critical)."] if table.min_rows else []
    asked += [_fresh(table.freshness)] if table.freshness else []
    asked += [_volume(table.volume)] if table.volume else []
    asked += [_steady(distribution) for distribution in table.distributions]
    return ["", *(f"- {line}" for line in asked)] if asked else []


def _fresh(freshness: Freshness) -> str:
    return f"Published files seen, new or unchanged, in the last {freshness.hours:g} hours (warning)."


def _volume(volume: Volume) -> str:
    critical = f"; more than {volume.collapse:.0%} fewer is critical" if volume.collapse is not None else ""
    return (
        f"Rows against the last sound run: more than {volume.shrink:.0%} fewer or {volume.growth:.0%} more is a "
        f"warning{critical}."
    )


def _steady(distribution: Distribution) -> str:
    return (
        f"{distribution.title} (`{distribution.column}`): a population stability index above {distribution.limit:g} "
        "against the last sound run is a warning."
    )


def _stored(column: Column) -> str:
    return text_type(column.name) if column.type == "VARCHAR" else column.type


def _not_null(table: Table, column: Column) -> str:
    published = table.layer == "raw" and column.name not in ("source_file", "source_line")
    return " NOT NULL" if column.required and not published else ""


_HEAD = """# Tables

Generated from the declarations in `recsys_assets/warehouse/tables.py` and its neighbours; after a change of one, write
it anew with `python -m recsys_assets.warehouse.ddl > docs/tables.md`. Every line is checked after each materialization:
what a column demands is critical where `(warning)` does not follow it, so are keys and references. A critical rule that
is broken keeps everything downstream from being built, in that run and in others. Warnings never do.
"""
_LAYERS = {
    "raw": "Values as published, as text. Required columns may be missing in 1 % of the rows (else: a warning).",
    "validated": "Typed, keyed, referenced. At most 5 % of the rows meant for a table may be in quarantine, duplicates "
    "aside (critical). Those that say *built with* another are steps on the way to it and no assets.",
    "feature": "What models and pages read.",
}


if __name__ == "__main__":
    sys.stdout.write(markdown_page(every_table()))
