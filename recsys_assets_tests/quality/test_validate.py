"""Every kind of rule meets rows that keep it and rows that break it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.quality import rules_of, validate
from recsys_assets.quality.drift import Spread
from recsys_assets.quality.earlier import EarlierRun
from recsys_assets.sources.files import DelimitedFile
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.landed import LandedFile, record_landed
from recsys_assets.warehouse.load import load_raw
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


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _results(con: duckdb.DuckDBPyConnection, table, **options) -> dict:
    return {r.rule.name: r for r in validate(con, table, **options).results}


def _landed(con: duckdb.DuckDBPyConnection, table: str, *, hours_ago: float) -> None:
    seen = (NOW - timedelta(hours=hours_ago)).replace(tzinfo=None)
    file = LandedFile(table, "f.csv", 0, "layout", "digest", 1, 1, 0, f"{table}:0", False, seen, seen)
    record_landed(con, table, [file])


def _earlier(rows: int, **spreads: Spread) -> EarlierRun:
    return EarlierRun("1b9d6bcd-bbfd", "2026-02-28T02:00:00+00:00", rows, spreads)


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


def test_tables_of_which_no_file_is_on_record_are_taken_for_fresh(con) -> None:
    result = _results(con, RATINGS, now=NOW)["is_fresh"]
    assert (result.passed, result.observed) == (True, 0)
    assert "no published file" in result.summary


@pytest.mark.parametrize(("hours", "fresh"), [(0.5, True), (35.9, True), (36.1, False)])
def test_files_that_were_not_seen_for_a_night_and_a_half_warn(con, hours: float, fresh: bool) -> None:
    _landed(con, "raw_ratings", hours_ago=hours)
    _landed(con, "raw_users", hours_ago=500)
    report = validate(con, RATINGS, now=NOW)
    result = next(r for r in report.results if r.rule.name == "is_fresh")
    assert result.observed == pytest.approx(hours)
    assert result.passed is fresh
    assert report.passed


def test_of_several_raw_tables_the_one_seen_longest_ago_counts(con) -> None:
    _landed(con, "raw_movies", hours_ago=1)
    assert _results(con, MOVIES, now=NOW)["is_fresh"].passed
    _landed(con, "raw_links", hours_ago=40)
    assert not _results(con, MOVIES, now=NOW)["is_fresh"].passed


def test_rules_about_change_are_kept_in_the_first_run_and_say_so(con) -> None:
    results = _results(con, RATINGS)
    for rule in ("rows_have_not_collapsed", "rows_are_as_many", "stars_has_not_drifted", "recency_has_not_drifted"):
        assert results[rule].passed
        assert results[rule].observed == 0
        assert "no earlier run to compare with" in results[rule].summary


@pytest.mark.parametrize(
    ("before", "collapsed", "warned"),
    [(3, False, False), (2, False, False), (1, False, True), (4, False, True), (6, False, True), (7, True, True)],
)
def test_rows_are_weighed_against_the_earlier_run(con, before: int, collapsed: bool, warned: bool) -> None:
    report = validate(con, RATINGS, reference=_earlier(before))
    results = {r.rule.name: r for r in report.results}
    assert results["rows_are_as_many"].observed == pytest.approx(3 / before - 1)
    assert results["rows_are_as_many"].passed is not warned
    assert results["rows_have_not_collapsed"].passed is not collapsed
    assert report.passed is not collapsed
    assert f"{before:,} rows in run 1b9d6bcd" in results["rows_are_as_many"].summary


def test_an_optional_table_may_lose_all_its_rows(con) -> None:
    report = validate(con, USERS, reference=_earlier(1000))
    assert report.passed
    assert {r.rule.name for r in report.results if not r.passed} == {"rows_are_as_many"}


def test_ratings_that_moved_to_the_top_have_drifted_and_only_warn(con) -> None:
    con.execute("INSERT INTO ratings SELECT 100 + i, 10, 5, '2020-01-01' FROM range(500) r(i)")
    report = validate(con, RATINGS, reference=_earlier(600, stars=Spread(("3", "4"), (300, 300))))
    results = {r.rule.name: r for r in report.results}
    assert not results["stars_has_not_drifted"].passed
    assert results["stars_has_not_drifted"].observed > 1
    assert results["activity_has_not_drifted"].passed
    assert "no earlier run" in results["activity_has_not_drifted"].summary
    assert report.passed
    stars = next(c for c in report.comparisons if c.distribution.name == "stars")
    assert stars.labels == ("0.5", "3", "4", "4.5", "5")
    assert stars.counts == (1, 0, 0, 1, 501)
    assert stars.reference == (0, 300, 300, 0, 0)
    assert stars.psi == results["stars_has_not_drifted"].observed


def test_the_report_counts_what_was_put_aside_of_the_table_and_its_raw_table(con) -> None:
    con.execute(
        "INSERT INTO quarantine VALUES ('ratings', 'rating_range', '', 'r.csv', 2, '{}'), "
        "('raw_ratings', 'malformed_row', '', 'r.csv', 3, '{}'), ('tags', 'tag_missing', '', 't.csv', 4, '{}')"
    )
    assert validate(con, RATINGS, only=set()).quarantined == {"malformed_row": 1, "rating_range": 1}


INFINITE, NAN = float("inf"), float("nan")


@given(
    st.lists(st.sampled_from([0.0, 0.5, 3.0, 5.0, 5.5, None, NAN, INFINITE, -INFINITE]), min_size=1, max_size=12),
    st.data(),
)
@settings(max_examples=40, deadline=None)
def test_the_verdict_is_that_of_plain_counting(values: list[float | None], data: st.DataObject) -> None:
    ids = st.lists(st.sampled_from([1, 2, 3, 0, None]), min_size=len(values), max_size=len(values))
    users, movies = data.draw(ids), data.draw(ids)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE movies (movie_id BIGINT)")
        con.execute("CREATE TABLE ratings (user_id BIGINT, movie_id BIGINT, rating FLOAT, timestamp TIMESTAMP)")
        con.execute("INSERT INTO movies VALUES (1), (2), (NULL)")
        rows = list(zip(users, movies, values, strict=True))
        con.executemany("INSERT INTO ratings VALUES (?, ?, ?, '2020-01-01')", rows)
        results = {r.rule.name: r for r in validate(con, RATINGS).results}
    finite = [v for v in values if v is not None and isfinite(v)]
    # for DuckDB NaN is larger than every number
    beyond = sum(v is not None and not 0.5 <= v <= 5 for v in values)
    repeated = sum(n > 1 for n in Counter(zip(users, movies, strict=True)).values())
    expected = {
        "has_rows": len(values),
        "rating_in_range": beyond,
        "rating_is_finite": len(values) - values.count(None) - len(finite),
        "rating_is_set": values.count(None),
        "user_id_is_set": users.count(None),
        "user_id_in_range": users.count(0),
        "movie_id_is_set": movies.count(None),
        "movie_id_is_known": movies.count(3) + movies.count(0),
        "user_id_and_movie_id_is_unique": repeated,
    }
    assert {name: results[name].observed for name in expected} == expected
    assert {name: results[name].passed for name in expected} == {
        name: found >= 1 if name == "has_rows" else found == 0 for name, found in expected.items()
    }


def test_published_values_are_counted_as_they_were_published(tmp_path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("u,m,r,t\n1,2,3,4\n01,x,,5\n,3,4.5,\n1,,,7\n", encoding="utf-8")
    file = DelimitedFile("raw_ratings", path, ("user_id", "movie_id", "rating", "timestamp"), tuple("umrt"))
    with duckdb.connect() as con:
        load_raw(con, RAW_RATINGS, [file])
        results = _results(con, RAW_RATINGS)
    shares = {"user_id": 0.75, "movie_id": 0.75, "rating": 0.5, "timestamp": 0.75, "source_file": 1, "source_line": 1}
    assert {name: results[f"{name}_is_filled"].observed for name in shares} == shares
    assert results["rating_is_filled"].sample["source_line"].to_list() == ["3", "5"]
