"""A warehouse in a temporary directory."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from recsys_assets.settings import Settings
from recsys_assets.warehouse.database import Warehouse


@pytest.fixture
def con(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with Warehouse.of(settings).connect() as connection:
        yield connection
