from __future__ import annotations

import pytest

from recsys_assets.features.lineage import CATALOGUE_SOURCES, SPLITS_SOURCES
from recsys_assets.warehouse.lineage import column_sources
from recsys_assets.warehouse.recipes import RECIPES
from recsys_assets.warehouse.tables import CATALOGUE, SPLITS, TABLES

VALIDATED = [name for name in TABLES if name in RECIPES]


@pytest.mark.parametrize("name", VALIDATED)
def test_every_column_of_a_validated_table_comes_from_columns_that_are_declared(name: str) -> None:
    sources = column_sources(TABLES[name])
    assert list(sources) == list(TABLES[name].column_names)
    assert [c for c, origins in sources.items() if not origins] == (["imdb_row"] if name == "imdb_movies" else [])
    for table, column in (origin for origins in sources.values() for origin in origins):
        assert column in TABLES[table].column_names


def test_a_step_between_is_followed_to_what_was_published() -> None:
    assert column_sources(TABLES["movies"])["imdb_id"] == (("raw_links", "imdb_id"), ("tmdb_movies", "imdb_id"))
    assert column_sources(TABLES["imdb_titles"])["cast"] == (("raw_name_basics", "name"),)
    assert column_sources(TABLES["ratings"])["timestamp"] == (("raw_ratings", "timestamp"),)


@pytest.mark.parametrize(("table", "sources"), [(CATALOGUE, CATALOGUE_SOURCES), (SPLITS, SPLITS_SOURCES)])
def test_every_column_of_a_feature_comes_from_columns_that_are_declared(
    table: object, sources: dict[str, tuple[tuple[str, str], ...]]
) -> None:
    assert set(sources) == set(table.column_names)  # type: ignore[attr-defined]
    for name, column in (origin for origins in sources.values() for origin in origins):
        assert column in TABLES[name].column_names
