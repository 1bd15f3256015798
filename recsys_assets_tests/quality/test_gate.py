from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from recsys_assets.quality import gate, validate
from recsys_assets.quality.gate import UnsoundError, broken_rules, require_sound
from recsys_assets.quality.store import accept_volume, last_reference, record
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.tables import MOVIES, RATINGS


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(create_table_sql(MOVIES))
        connection.execute(create_table_sql(RATINGS))
        connection.execute("INSERT INTO movies (movie_id, title, genres) VALUES (10, 'A', [])")
        connection.execute("INSERT INTO ratings SELECT i + 1, 10, 4, '2020-01-01' FROM range(100) r(i)")
        yield connection


def _check(settings, con, table, run_id: str, only: set[str] | None = None) -> None:
    reference = last_reference(settings, table.name, before_run=run_id)
    record(settings, validate(con, table, only=only, reference=reference), run_id=run_id)


def test_tables_that_were_never_checked_or_kept_all_rules_are_sound(settings, con) -> None:
    require_sound(settings, [RATINGS, MOVIES])
    _check(settings, con, RATINGS, "a")
    require_sound(settings, [RATINGS, MOVIES])


def test_a_broken_critical_rule_names_table_rule_run_and_remedy_until_it_is_kept_again(settings, con) -> None:
    con.execute("INSERT INTO ratings VALUES (200, 99, 4, '2020-01-01')")
    _check(settings, con, RATINGS, "a")
    _check(settings, con, RATINGS, "b", only={"has_rows"})  # another rule is kept: says nothing of this one
    with pytest.raises(UnsoundError) as error:
        require_sound(settings, [MOVIES, RATINGS])
    for part in (
        "`ratings` broke `movie_id_is_known`",
        "found 1, expected at most 0",
        "in run a at 20",
        "re-materialize `ratings`",
    ):
        assert part in str(error.value)
    assert "accept" not in str(error.value)
    require_sound(settings, [MOVIES])
    con.execute("DELETE FROM ratings WHERE movie_id = 99")
    _check(settings, con, RATINGS, "c", only={"movie_id_is_known"})
    require_sound(settings, [MOVIES, RATINGS])


def test_a_broken_warning_does_not_count(settings, con) -> None:
    con.execute("UPDATE movies SET year = 3000")
    _check(settings, con, MOVIES, "a")
    assert not validate(con, MOVIES, only={"year_in_range"}).results[0].passed
    assert broken_rules(settings, MOVIES) == []


def test_a_rule_that_is_declared_no_more_does_not_count(settings, con, monkeypatch) -> None:
    con.execute("INSERT INTO ratings VALUES (200, 99, 4, '2020-01-01')")
    _check(settings, con, RATINGS, "a")
    monkeypatch.setattr(gate, "rules_of", lambda table: ())
    require_sound(settings, [RATINGS])


def test_lost_rows_are_let_through_once_accepted_and_checked_again(settings, con) -> None:
    _check(settings, con, RATINGS, "a")
    con.execute("DELETE FROM ratings WHERE user_id > 10")
    _check(settings, con, RATINGS, "b")
    with pytest.raises(UnsoundError, match="recsys quality accept ratings"):
        require_sound(settings, [RATINGS])
    accept_volume(settings, "ratings")
    _check(settings, con, RATINGS, "c")
    require_sound(settings, [RATINGS])
