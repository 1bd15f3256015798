from __future__ import annotations

import duckdb
import pytest

from recsys_assets.settings import PROJECT_ROOT
from recsys_assets.warehouse.ddl import create_table_sql, every_table, markdown_doc, markdown_page
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.recipes import RECIPES
from recsys_assets.warehouse.tables import MOVIES, RATINGS, TABLES, TAGS

EVERY = every_table()


@pytest.mark.parametrize("table", EVERY, ids=lambda t: t.name)
def test_a_created_table_is_the_declared_one(table: Table) -> None:
    con = duckdb.connect()
    con.execute(create_table_sql(table))
    created = con.execute(f"DESCRIBE {table.name}").fetchall()
    assert [(name, type_) for name, type_, *_ in created] == [(c.name, c.type) for c in table.columns]
    if table.layer != "raw":
        assert [null == "NO" for _, _, null, *_ in created] == [c.required for c in table.columns]


@pytest.mark.parametrize("table", EVERY, ids=lambda t: t.name)
def test_keys_order_and_references_name_declared_columns(table: Table) -> None:
    for name in (*table.key, *table.order_by, *(r.column for r in table.references)):
        assert table.column(name)
    keys = {t.name: t.key for t in EVERY}
    for reference in table.references:
        assert keys[reference.table] == (reference.target,)


@pytest.mark.parametrize("table", EVERY, ids=lambda t: t.name)
def test_what_is_watched_can_be_watched(table: Table) -> None:
    for distribution in table.distributions:
        column = table.column(distribution.column)
        assert distribution.bins != "months" or column.type == "TIMESTAMP"
        assert distribution.bins != "steps" or column.type in ("FLOAT", "DOUBLE", "INTEGER", "BIGINT")
        assert 0 < distribution.limit <= 0.25
    assert len({d.name for d in table.distributions}) == len(table.distributions)
    if table.freshness:
        assert table.layer == "validated"
        assert table.name in RECIPES
    if table.volume and table.volume.collapse is not None:
        assert table.volume.shrink < table.volume.collapse < 1


def test_every_declared_table_is_on_the_page() -> None:
    assert set(TABLES) <= {t.name for t in EVERY}
    assert len({t.name for t in EVERY}) == len(EVERY)
    page = markdown_page(EVERY)
    assert all(f"### {t.name}\n" in page for t in EVERY)


def test_the_committed_page_is_that_of_the_declarations() -> None:
    committed = (PROJECT_ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    remedy = "a declaration has changed: python -m recsys_assets.warehouse.ddl > docs/tables.md"
    assert committed == markdown_page(EVERY), remedy


def test_the_page_states_limits_key_and_references() -> None:
    page = markdown_doc(RATINGS)
    assert "| `rating` | FLOAT | yes | 0.5-5.0 | Stars |" in page
    assert "Key: `user_id`, `movie_id`." in page
    assert "`movie_id` refers to `movies.movie_id`." in page


def test_the_page_states_what_is_watched_of_the_whole_table() -> None:
    page = markdown_doc(RATINGS)
    assert "- Published files seen, new or unchanged, in the last 36 hours (warning)." in page
    assert "more than 10% fewer or 100% more is a warning; more than 50% fewer is critical." in page
    assert "- Ratings by stars (`rating`): a population stability index above 0.1" in page
    assert "is critical" not in markdown_doc(TAGS)
    assert "- At least 1 row (critical)." in markdown_doc(MOVIES)
