"""Python literals as text columns: what `repr` of a list of dicts gives, built column by column."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl


def text_literal(text: pl.Expr) -> pl.Expr:
    """What `repr` gives: single quotes, or double quotes round a text that has single quotes and no double ones."""
    escaped = text.str.replace_all("\\", "\\\\", literal=True)
    double = text.str.contains("'", literal=True) & ~text.str.contains('"', literal=True)
    single = escaped.str.replace_all("'", "\\'", literal=True)
    return pl.when(double).then(pl.format('"{}"', escaped)).otherwise(pl.format("'{}'", single))


def dict_literal(items: Mapping[str, pl.Expr]) -> pl.Expr:
    """`{'id': 31, 'name': 'Tom'}` of expressions that are literals already."""
    parts = [pl.concat_str(pl.lit(f"'{key}': "), value.cast(pl.String)) for key, value in items.items()]
    return pl.concat_str(pl.lit("{"), pl.concat_str(*parts, separator=", "), pl.lit("}"))


def list_literal(items: pl.Expr) -> pl.Expr:
    """`[a, b]` of a list column of literals; `[]` of an empty one."""
    return pl.concat_str(pl.lit("["), items.list.join(", "), pl.lit("]"))
