"""Limits that several declarations share."""

from __future__ import annotations

EARLIEST_YEAR = 1874
"""Of *Passage de Venus*, the oldest title IMDb lists."""
LATEST_YEAR = 2035
