"""Text of others for a person's eyes: one line, cut, and nothing in it that a terminal or a reader would obey."""

from __future__ import annotations


def shown(text: str, *, most: int = 200) -> str:
    """`text` cut at `most` characters; line ends, terminal codes, bidi marks and the like are written as `\\u202e`."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[:most])
    return safe + ("…" if len(text) > most else "")
