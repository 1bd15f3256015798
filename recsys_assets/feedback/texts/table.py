"""The table `feedback_texts`: what each text says, beside what its writer stated of the movie.

Equal texts are read once, and a text that was read before by the same reader is not read again. The table follows
`feedback`: it is written anew as a whole, in one transaction, from readings that are kept by the text's MD5.

A conflict: rating, like or skip say one thing (`stated`, at least half way), the text the other, and its reader is not
unsure. The stated value stands; the conflict is stored and reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from recsys_assets.feedback.preferences import OPINIONS, inferred_preferences, settled
from recsys_assets.feedback.texts.readers import READING_SCHEMA, Reader
from recsys_assets.progress import Progress, silent
from recsys_assets.warehouse.database import transaction
from recsys_assets.warehouse.ddl import create_table_sql
from recsys_assets.warehouse.sql import identifiers
from recsys_assets.warehouse.tables import ASPECTS, FEEDBACK, FEEDBACK_TEXTS, TEXT_LABELS

if TYPE_CHECKING:
    import duckdb

STATED, SURE = 0.5, 0.3
"""A stated value and a confidence from which a contradiction is a conflict."""


@dataclass(frozen=True)
class TextsReport:
    """What the table holds, and how much of it was read now."""

    texts: int
    read_now: int
    """Different texts."""
    conflicts: int
    labels: dict[str, int]
    aspects: pl.DataFrame
    """`aspect, praised, criticized`, counted in texts."""
    weekly: pl.DataFrame
    """`week, texts, sentiment` (mean of what is not unknown), oldest first."""
    model: str


def rated_texts(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """`user_id, text, rating` of events that carry both, in the order of time: what a model is fitted on."""
    con.execute(create_table_sql(FEEDBACK))
    return _frame(
        con,
        "SELECT user_id, text, rating FROM feedback WHERE text IS NOT NULL AND rating IS NOT NULL "
        "ORDER BY timestamp, event_id",
    )


def write_texts(con: duckdb.DuckDBPyConnection, reader: Reader, *, progress: Progress = silent) -> TextsReport:
    """Bring `feedback_texts` up to what `feedback` holds, read by `reader`."""
    con.execute(create_table_sql(FEEDBACK))
    con.execute(create_table_sql(FEEDBACK_TEXTS))
    texts = _frame(
        con,
        "SELECT event_id, user_id, movie_id, timestamp, text, md5(text) AS text_md5 FROM feedback "
        "WHERE text IS NOT NULL ORDER BY timestamp, event_id",
    )
    readings, new = _readings(con, texts, reader, progress)
    table = _table(texts, readings, _stated(con), reader.version)
    with transaction(con):
        con.execute("DELETE FROM feedback_texts")
        con.register("incoming_texts", table.to_arrow())
        try:
            columns = identifiers(FEEDBACK_TEXTS.column_names)
            con.execute(f"INSERT INTO feedback_texts ({columns}) SELECT {columns} FROM incoming_texts")
        finally:
            con.unregister("incoming_texts")
    return report_of(table, read_now=new, model=reader.version)


def report_of(table: pl.DataFrame, *, read_now: int, model: str) -> TextsReport:
    """Counts of a table of texts."""
    told = table.filter(pl.col("label") != "unknown")
    weekly = (
        told.group_by(week=pl.col("timestamp").dt.truncate("1w"))
        .agg(texts=pl.len(), sentiment=pl.col("sentiment").mean())
        .sort("week")
    )
    labels = dict(table.group_by("label").len().iter_rows())
    return TextsReport(
        texts=len(table),
        read_now=read_now,
        conflicts=int(table["conflict"].sum()),
        labels={label: labels.get(label, 0) for label in TEXT_LABELS},
        aspects=_aspects(table),
        weekly=weekly,
        model=model,
    )


def _readings(
    con: duckdb.DuckDBPyConnection, texts: pl.DataFrame, reader: Reader, progress: Progress
) -> tuple[pl.DataFrame, int]:
    """`text_md5` and `READING_SCHEMA` of each different text, and how many were read now."""
    columns = identifiers(READING_SCHEMA)
    kept = _frame(
        con, f"SELECT DISTINCT ON (text_md5) text_md5, {columns} FROM feedback_texts WHERE model = ?", [reader.version]
    )
    new = texts.unique("text_md5", keep="first", maintain_order=True).join(kept, on="text_md5", how="anti")
    read = reader.read(new["text"].to_list(), progress=progress)
    fresh = pl.concat([new.select("text_md5"), read], how="horizontal")
    return pl.concat([kept.cast(fresh.schema), fresh]), len(new)


def _stated(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """`user_id, movie_id, stated`: each writer's rating, like or skip, the strongest and last of them."""
    explicit = _frame(
        con,
        "SELECT event_id, user_id, movie_id, action, rating FROM feedback WHERE list_contains(?, action) "
        "AND user_id IN (SELECT user_id FROM feedback WHERE text IS NOT NULL) ORDER BY timestamp, event_id",
        [list(OPINIONS)],
    )
    return settled(inferred_preferences(explicit)).select("user_id", "movie_id", stated="value")


def _table(texts: pl.DataFrame, readings: pl.DataFrame, stated: pl.DataFrame, model: str) -> pl.DataFrame:
    joined = texts.join(readings, on="text_md5", how="left", maintain_order="left").join(
        stated, on=["user_id", "movie_id"], how="left", maintain_order="left"
    )
    sign = pl.col("label").replace_strict({"positive": 1, "negative": -1}, default=0, return_dtype=pl.Int64)
    against = (
        (pl.col("stated").abs() >= STATED) & (pl.col("confidence") >= SURE) & (pl.col("stated").sign() * sign == -1)
    )
    return joined.with_columns(conflict=against.fill_null(False), model=pl.lit(model)).select(
        FEEDBACK_TEXTS.column_names
    )


def _frame(con: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()) -> pl.DataFrame:
    found = pl.from_arrow(con.sql(query, params=list(parameters)).to_arrow_table())
    assert isinstance(found, pl.DataFrame)
    return found


def _aspects(table: pl.DataFrame) -> pl.DataFrame:
    counted = pl.DataFrame({"aspect": ASPECTS})
    for column in ("praised", "criticized"):
        counts = table[column].explode(empty_as_null=False).value_counts(name=column + "_n") if len(table) else None
        if counts is None:
            counted = counted.with_columns(pl.lit(0, dtype=pl.UInt32).alias(column))
            continue
        renamed = counts.rename({column: "aspect", column + "_n": column})
        counted = counted.join(renamed, on="aspect", how="left", maintain_order="left")
    return counted.with_columns(pl.col("praised", "criticized").fill_null(0).cast(pl.Int64))
