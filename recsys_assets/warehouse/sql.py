"""Names and texts inside SQL: quoted here, nowhere else."""

from __future__ import annotations

from collections.abc import Iterable


def identifier(name: str) -> str:
    """`cast` -> `"cast"`: any declared name is safe, reserved words too."""
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def literal(text: str) -> str:
    """A SQL string that reads as exactly this text."""
    return "'" + text.replace("'", "''") + "'"
