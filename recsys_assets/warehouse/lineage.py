"""Which published columns each validated column comes from, read off the recipe that makes it."""

from __future__ import annotations

import re

from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.recipe import Recipe
from recsys_assets.warehouse.recipes import RECIPES
from recsys_assets.warehouse.tables import TABLES

Source = tuple[str, str]
"""Table and column."""

_JOINED = re.compile(r"JOIN (?P<table>\w+) (?P<alias>\w+) ON")


def column_sources(table: Table) -> dict[str, tuple[Source, ...]]:
    """Column -> the columns of tables of `TABLES` it is made of; steps between are followed to their own sources."""
    recipe = RECIPES[table.name]
    return {c.name: _sources(recipe, recipe.fields[c.name].value) for c in table.columns}


def _sources(recipe: Recipe, sql: str) -> tuple[Source, ...]:
    joined = {m["alias"]: m["table"] for m in _JOINED.finditer(recipe.join)}
    named: list[Source] = []
    for alias, column in re.findall(r'\b([a-z])\."?(\w+)(?!:)\b"?', sql):
        if alias == "r":
            named += [(recipe.raw.name, column)] if column in recipe.raw.column_names else []
        elif f"{alias}.{column}" in recipe.gathered:
            named.append(recipe.gathered[f"{alias}.{column}"])
        elif alias in joined:
            named.append((joined[alias], column))
    return tuple(dict.fromkeys(source for one in named for source in _followed(one)))


def _followed(source: Source) -> tuple[Source, ...]:
    table, column = source
    if table in TABLES:
        return (source,)
    recipe = RECIPES[table]
    return _sources(recipe, recipe.fields[column].value)
