from __future__ import annotations

import duckdb
import pytest

from recsys_assets.warehouse.ddl import create_table_sql, markdown_doc
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.tables import LINKS, RATINGS, SPLITS, TABLES

EVERY = [*TABLES.values(), LINKS, SPLITS]


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
    for reference in table.references:
        assert TABLES[reference.table].key == (reference.target,)


def test_the_page_states_limits_key_and_references() -> None:
    page = markdown_doc(RATINGS)
    assert "| `rating` | FLOAT | yes | 0.5-5.0 | Stars |" in page
    assert "Key: `user_id`, `movie_id`." in page
    assert "`movie_id` refers to `movies.movie_id`." in page
