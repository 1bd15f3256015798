"""Lists of several models for one person, beside one another."""

from __future__ import annotations

from collections.abc import Sequence


def side_by_side(models: Sequence[str]) -> None:
    """Filled in once there is an API to ask."""
