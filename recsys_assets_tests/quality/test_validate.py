"""Every kind of rule meets rows that keep it and rows that break it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.quality import rules_of, validate
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.tables import CATALOGUE, MOVIES, QUARANTINE, RATINGS, RAW_RATINGS, TABLES, USERS

GOOD = "(1, 10, 4.5, '2020-01-01'), (2, 10, 0.5, '2020-01-02'), (2, 20, 5.0, '2020-01-03')"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for table in (MOVIES, CATALOGUE, USERS, RAW_RATINGS, QUARANTINE):
            connection.execute(create_table_sql(table))
        # without NOT NULL, so that a missing value can be planted
        connection.execute("CREATE TABLE ratings (user_id BIGINT, movie_id BIGINT, rating FLOAT, timestamp TIMESTAMP)")
        connection.execute("INSERT INTO movies (movie_id, title, genres) VALUES (10, 'A', []), (20, 'B', ['Drama'])")
        connection.execute(f"INSERT INTO ratings VALUES {GOOD}")
        yield connection


def _broken(con: duckdb.DuckDBPyConnection, table) -> set[str]:
    return {r.rule.name for r in validate(con, table).results if not r.passed}


def test_good_ratings_keep_every_rule(con) -> None:
    report = validate(con, RATINGS)
    assert report.passed
    assert _broken(con, RATINGS) == set()
    assert report.rows == 3


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("(3, 10, 11, '2020-01-01')", "rating_in_range"),
        ("(3, 10, 0, '2020-01-01')", "rating_in_range"),
        ("(3, 10, 'nan', '2020-01-01')", "rating_is_finite"),
        ("(3, 10, NULL, '2020-01-01')", "rating_is_set"),
        ("(3, 10, 4, NULL)", "timestamp_is_set"),
        ("(NULL, 10, 4, '2020-01-01')", "user_id_is_set"),
        ("(0, 10, 4, '2020-01-01')", "user_id_in_range"),
        ("(1, 10, 4, '2020-01-05')", "user_id_and_movie_id_is_unique"),
        ("(3, 99, 4, '2020-01-01')", "movie_id_is_known"),
    ],
)
def test_a_bad_row_breaks_its_rule_and_is_shown(con, row: str, rule: str) -> None:
    con.execute(f"INSERT INTO ratings VALUES {row}")
    report = validate(con, RATINGS)
    results = {r.rule.name: r for r in report.results}
    assert not results[rule].passed
    assert not report.passed
    assert len(results[rule].sample) >= 1
    assert "broken" in results[rule].markdown
    assert rule in report.markdown


def test_an_empty_table_has_too_few_rows(con) -> None:
    con.execute("DELETE FROM ratings")
    assert _broken(con, RATINGS) == {"has_rows"}


def test_a_warning_does_not_fail_the_table(con) -> None:
    con.execute("INSERT INTO users VALUES (1, 300, 'X', 'writer', '123'), (2, 30, 'F', 'writer', '123')")
    report = validate(con, USERS)
    assert {r.rule.name for r in report.results if not r.passed} == {"age_in_range", "gender_is_allowed"}
    assert report.passed


def test_a_table_whose_rows_are_mostly_quarantined_is_critical(con) -> None:
    con.execute("INSERT INTO quarantine SELECT 'ratings', 'duplicate', '', 'r.csv', i, '{}' FROM range(50) r(i)")
    con.execute("INSERT INTO quarantine SELECT 'tags', 'tag_missing', '', 't.csv', i, '{}' FROM range(50) r(i)")
    assert _broken(con, RATINGS) == set()
    con.execute("INSERT INTO quarantine VALUES ('ratings', 'rating_range', '', 'r.csv', 9, '{}')")  # 1 of 4 rows
    report = validate(con, RATINGS)
    assert not report.passed
    assert {r.rule.name: r.observed for r in report.results if not r.passed} == {"quarantined_share": 0.25}


def test_unfilled_published_columns_warn(con) -> None:
    con.execute("INSERT INTO raw_ratings VALUES ('1', '1', NULL, '1', 'r.csv', 2)")
    assert _broken(con, RAW_RATINGS) == {"rating_is_filled"}
    assert validate(con, RAW_RATINGS).passed


def test_only_the_rules_asked_for_are_judged(con) -> None:
    assert [r.rule.name for r in validate(con, RATINGS, only={"rating_in_range"}).results] == ["rating_in_range"]
    with pytest.raises(ValueError, match="no rule nonsense"):
        validate(con, RATINGS, only={"nonsense"})


def test_rule_names_are_unique_and_fit_dagster() -> None:
    for table in TABLES.values():
        names = [rule.name for rule in rules_of(table)]
        assert len(set(names)) == len(names)
        assert all(name.isidentifier() and name.isascii() for name in names)


def test_hostile_text_stays_text_in_the_report(con) -> None:
    con.execute("INSERT INTO raw_ratings VALUES ('<script>|x', '1', NULL, '1', 'r.csv', 2)")
    markdown = validate(con, RAW_RATINGS).markdown
    assert "<script>" not in markdown
    assert "\\<script\\>\\|x" in markdown


@given(st.lists(st.sampled_from([0.0, 0.5, 3.0, 5.0, 5.5, None]), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_the_verdict_is_that_of_plain_counting(values: list[float | None]) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE movies (movie_id BIGINT)")
        con.execute("CREATE TABLE ratings (user_id BIGINT, movie_id BIGINT, rating FLOAT, timestamp TIMESTAMP)")
        con.execute("INSERT INTO movies VALUES (1)")
        con.executemany("INSERT INTO ratings VALUES (?, 1, ?, '2020-01-01')", list(enumerate(values, start=1)))
        results = {r.rule.name: r for r in validate(con, RATINGS).results}
    out_of_range = sum(v is not None and not 0.5 <= v <= 5 for v in values)
    assert results["rating_in_range"].observed == out_of_range
    assert results["rating_in_range"].passed == (out_of_range == 0)
    assert results["rating_is_set"].observed == values.count(None)
