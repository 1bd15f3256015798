"""Every kind of bins against plain counting in Python."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.quality.drift import MISSING, Spread
from recsys_assets.quality.histogram import spread, tallies
from recsys_assets.warehouse.declaration import Distribution
from recsys_assets.warehouse.tables import MOVIES, RATINGS

START = datetime(2019, 11, 20)


def _found(rows: list[tuple], distribution: Distribution) -> Spread:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE ratings (user_id BIGINT, movie_id BIGINT, rating FLOAT, timestamp TIMESTAMP)")
        if rows:
            con.executemany("INSERT INTO ratings VALUES (?, ?, ?, ?)", rows)
        with tallies(con, RATINGS, ["user_id"]) as tallied:
            found = spread(con, RATINGS, distribution, tallied)
        assert con.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchall() == [(0,)]
    return found


@given(st.lists(st.one_of(st.none(), st.integers(0, 60).map(lambda n: n / 10)), max_size=40))
@settings(max_examples=25, deadline=None)
def test_numbers_fall_into_their_step(values: list[float | None]) -> None:
    found = _found([(1, n, v, START) for n, v in enumerate(values)], Distribution("s", "S", "rating", "steps", 0.5))
    expected = Counter(MISSING if v is None else f"{int(round(v * 10) // 5) / 2:g}" for v in values)
    assert dict(zip(found.labels, found.counts, strict=True)) == expected
    numbers = [float(label) for label in found.labels if label != MISSING]
    assert numbers == sorted(numbers)
    assert MISSING not in found.labels[:-1]


@given(st.lists(st.one_of(st.none(), st.integers(1, 6)), max_size=60))
@settings(max_examples=25, deadline=None)
def test_users_fall_into_the_bin_of_their_number_of_rows(users: list[int | None]) -> None:
    found = _found([(u, n, 1, START) for n, u in enumerate(users)], Distribution("a", "A", "user_id", "rows"))
    rows = Counter(u for u in users if u is not None)
    bins = [label.split("-") for label in found.labels]
    expected = [sum(int(b[0]) <= n <= int(b[-1]) for n in rows.values()) for b in bins]
    assert list(found.counts) == expected
    assert sum(found.counts) == len(rows)


@given(st.lists(st.integers(0, 1500), max_size=40))
@settings(max_examples=25, deadline=None)
def test_the_last_two_years_are_counted_by_month(days: list[int]) -> None:
    times = [START + timedelta(days=d) for d in days]
    found = _found([(1, n, 1, t) for n, t in enumerate(times)], Distribution("r", "R", "timestamp", "months"))
    counted = Counter(t.strftime("%Y-%m") for t in times)
    assert list(found.counts) == [counted[label] for label in found.labels]
    assert len(found.labels) <= 24
    if times:
        assert found.labels[-1] == max(counted)
        assert set(counted) - set(found.labels) == {m for m in counted if m < found.labels[0]}


def test_each_element_of_a_list_counts_and_so_does_having_none() -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE movies (movie_id BIGINT, year INTEGER, genres VARCHAR[])")
        con.execute("INSERT INTO movies VALUES (1, 1999, ['Drama', 'War']), (2, NULL, ['Drama']), (3, 2000, [])")
        genres = spread(con, MOVIES, Distribution("g", "G", "genres", "values"), {})
        decades = spread(con, MOVIES, Distribution("d", "D", "year", "steps", 10), {})
        years = spread(con, MOVIES, Distribution("y", "Y", "year", "values"), {})
    assert genres == Spread(("Drama", "War", MISSING), (2, 1, 1))
    assert decades == Spread(("1990", "2000", MISSING), (1, 1, 1))
    assert years == Spread(("1999", "2000", MISSING), (1, 1, 1))


@pytest.mark.parametrize("distribution", RATINGS.distributions, ids=lambda d: d.name)
def test_an_empty_table_has_empty_distributions(distribution: Distribution) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE ratings (user_id BIGINT, movie_id BIGINT, rating FLOAT, timestamp TIMESTAMP)")
        with tallies(con, RATINGS, [distribution.column]) as tallied:
            assert spread(con, RATINGS, distribution, tallied) == Spread((), ())
