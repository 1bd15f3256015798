"""Limits that several declarations share."""

from __future__ import annotations

from recsys_assets.warehouse.declaration import Freshness, Volume

EARLIEST_YEAR = 1874
"""Of *Passage de Venus*, the oldest title IMDb lists."""
LATEST_YEAR = 2035
NIGHTLY = Freshness(hours=36)
"""Files are looked for every night: one and a half missed."""
OPTIONAL = Volume(collapse=None)
"""Of a table that a data set may do without."""
