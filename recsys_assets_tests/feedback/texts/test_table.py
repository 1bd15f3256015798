"""`feedback_texts`: read once, beside what was stated, and the contradiction marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import polars as pl
import pytest

from recsys_assets.feedback.texts.readers import LexiconReader
from recsys_assets.feedback.texts.table import rated_texts, write_texts
from recsys_assets.progress import Progress, silent
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.tables import FEEDBACK


class Counting:
    """The lexicon, and what it was asked."""

    version = LexiconReader().version

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(self, texts: Sequence[str], *, progress: Progress = silent) -> pl.DataFrame:
        self.asked += texts
        return LexiconReader().read(texts, progress=progress)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(create_table_sql(FEEDBACK))
        yield connection


def say(con: duckdb.DuckDBPyConnection, event: str, action: str, stars: float | None, text: str | None) -> None:
    con.execute(
        "INSERT INTO feedback (event_id, user_id, movie_id, action, rating, text, timestamp, received_at, batch_id) "
        "VALUES (?, 1, 7, ?, ?, ?, TIMESTAMP '2026-11-25', TIMESTAMP '2026-11-25', 'b')",
        [event, action, stars, text],
    )


def conflicts(con: duckdb.DuckDBPyConnection) -> dict[str, bool]:
    return dict(con.execute("SELECT event_id, conflict FROM feedback_texts").fetchall())


def test_five_stars_with_a_text_against_them_are_a_conflict_and_stay_five_stars(
    con: duckdb.DuckDBPyConnection,
) -> None:
    say(con, "a", "rating", 5.0, "boring, hated it")
    report = write_texts(con, LexiconReader())
    assert report.conflicts == 1
    assert con.execute("SELECT stated, label FROM feedback_texts").fetchall() == [(1.0, "negative")]
    assert con.execute("SELECT rating FROM feedback").fetchall() == [(5.0,)]


def test_a_text_is_held_against_what_its_writer_stated_in_another_event(con: duckdb.DuckDBPyConnection) -> None:
    say(con, "a", "rating", 5.0, None)
    say(con, "b", "click", None, "boring, hated it")
    say(con, "c", "click", None, "loved it")
    write_texts(con, LexiconReader())
    assert conflicts(con) == {"b": True, "c": False}


def test_equal_texts_are_read_once_and_known_ones_not_again(con: duckdb.DuckDBPyConnection) -> None:
    reader = Counting()
    for n in range(5):
        say(con, f"e{n}", "click", None, "loved the twist, too long")
    assert write_texts(con, reader).texts == 5
    say(con, "e9", "click", None, "dull")
    report = write_texts(con, reader)
    assert reader.asked == ["loved the twist, too long", "dull"]
    assert (report.texts, report.read_now) == (6, 1)
    assert report.aspects.filter(aspect="plot").rows() == [("plot", 5, 0)]


def test_what_is_no_longer_in_feedback_is_no_longer_here(con: duckdb.DuckDBPyConnection) -> None:
    say(con, "a", "rating", 1.0, "<script>alert(1)</script>'; DROP TABLE feedback; --")
    write_texts(con, LexiconReader())
    assert rated_texts(con)["rating"].to_list() == [1.0]
    con.execute("DELETE FROM feedback")
    assert write_texts(con, LexiconReader()).texts == 0
