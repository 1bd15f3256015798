"""Names and texts inside SQL: quoted here, nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def identifier(name: str) -> str:
    """`cast` -> `"cast"`: any declared name is safe, reserved words too."""
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def literal(text: str) -> str:
    """A SQL string that reads as exactly this text."""
    return "'" + text.replace("'", "''") + "'"


def repeats_sql(relation: str, key: Sequence[str]) -> str:
    """Condition that a row of `relation` meets where its key may occur twice; few others do.

    Grouping 64-bit hashes takes half the time of grouping the key. Rows it lets through are to be grouped by the key
    itself, as two keys may share a hash.
    """
    hashed = f"hash({identifiers(key)})"
    return f"{hashed} IN (SELECT {hashed} FROM {relation} GROUP BY {hashed} HAVING count(*) > 1)"
