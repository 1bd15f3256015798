"""What a declaration says, as SQL and as a page."""

from __future__ import annotations

from recsys_assets.warehouse.declaration import Column, Table
from recsys_assets.warehouse.sql import identifier


def create_table_sql(table: Table) -> str:
    """`CREATE TABLE IF NOT EXISTS` as declared.

    Published values may lack anything, so raw tables demand nothing of them. Keys are checked, not indexed: an
    index on 26 million ratings costs more than the check.
    """
    columns = ",\n".join(f"  {identifier(c.name)} {c.type}{_not_null(table, c)}" for c in table.columns)
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
    lines += ["", "| column | type | required | values | meaning |", "|---|---|---|---|---|"]
    lines += [
        f"| `{c.name}` | {c.type} | {'yes' if c.required else 'no'} | {limits(c)} | {c.description} |"
        for c in table.columns
    ]
    return "\n".join(lines) + "\n"


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


def _not_null(table: Table, column: Column) -> str:
    published = table.layer == "raw" and column.name not in ("source_file", "source_line")
    return " NOT NULL" if column.required and not published else ""
