"""How a raw table's rows are kept: losslessly, but whole numbers as numbers.

A published file of 26 million ratings takes twice as long to store as text as it takes to store as numbers. So a
column that holds ids or times is kept as BIGINT wherever the number, written out, is the published text again; a
row with any other text in such a column (`01`, `1e3`, `x`, nothing) keeps all those texts in `odd`. A file that was
read as numbers at once (`plain_numbers`) has no such row, and no column `odd`.

The raw table is a view that gives every value back as published. `<table>:typed` also gives such a column's two
halves, of which one is NULL: `<column>:whole`, the number, and `<column>:odd`, the text that is none. Whoever asks for
the halves only does not have numbers written out, which takes longer than to read them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recsys_assets.sources.files import DelimitedFile
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.landed import LandedFile
from recsys_assets.warehouse.sql import identifier, literal

GENRE_FLAG = "genre:"
KEPT_AS_NUMBERS = frozenset({"user_id", "movie_id", "tmdb_id", "timestamp"})
LONG_TEXTS = frozenset({"cast", "crew", "keywords", "overview", "description", "row_json", "reason"})
"""Columns that are stored by zstd. To try which of its ways is the shortest takes DuckDB three times as long, and for
texts as long as these it comes to that."""
FILE_BITS = 40
"""`raw_row` is a file's position and the line in it: position * 2 ** 40 + line."""
PROVENANCE = ("source_file", "source_line")


def typed_view(table: str) -> str:
    return f"{table}:typed"


def corrected_table(table: str) -> str:
    return f"{table}:corrected"


def malformed_table(storage: str) -> str:
    """Table of the lines of a file that can't be split: `line`, `text`, `reason`."""
    return f"{storage}:malformed"


def whole(column: str) -> str:
    """The name under which a column's number is kept; it is NULL where the text is something else."""
    return identifier(f"{column}:whole")


def odd(column: str) -> str:
    """The name of a column's text where that is not kept as a number."""
    return identifier(f"{column}:odd")


def published_columns(table: Table) -> tuple[str, ...]:
    return tuple(c for c in table.column_names if c not in PROVENANCE)


def stored_columns_sql(names: Sequence[str]) -> str:
    """Definition of the columns that `stored_rows_sql` gives."""
    numbers = [n for n in names if n in KEPT_AS_NUMBERS]
    columns = [f"{whole(n)} BIGINT" if n in numbers else f"{identifier(n)} {text_type(n)}" for n in names]
    return ", ".join([*columns, *(["odd VARCHAR[]"] if numbers else [])])


def text_type(column: str) -> str:
    return "VARCHAR USING COMPRESSION zstd" if column in LONG_TEXTS else "VARCHAR"


def stored_rows_sql(names: Sequence[str], published: str) -> str:
    """Query of the columns to store, over a query of the published texts under our names."""
    numbers = [n for n in names if n in KEPT_AS_NUMBERS]
    if not numbers:
        return f"SELECT {', '.join(map(identifier, names))} FROM ({published})"
    read = ", ".join(f"TRY_CAST({identifier(n)} AS BIGINT) AS {whole(n)}" for n in numbers)
    same = {n: f"{whole(n)}::VARCHAR = {identifier(n)}" for n in numbers}
    kept = [f"CASE WHEN {same[n]} THEN {whole(n)} END AS {whole(n)}" if n in numbers else identifier(n) for n in names]
    texts = ", ".join(map(identifier, numbers))
    odd = f"CASE WHEN {' AND '.join(same.values())} THEN NULL ELSE [{texts}] END AS odd"
    return f"SELECT {', '.join(kept)}, {odd} FROM (SELECT *, {read} FROM ({published}))"


def view_sql(
    table: Table,
    files: Sequence[tuple[DelimitedFile, LandedFile]],
    *,
    corrected: Collection[str] = (),
    plain: Collection[str] = (),
    numbers: bool,
) -> str:
    """The raw table as a view over its files' tables.

    `corrected`: names of files with corrected lines; `plain`: names of tables without a column `odd`.
    """
    columns = published_columns(table)
    parts = [
        _file_sql(
            columns, file, landed, table, corrected=landed.source_file in corrected, plain=landed.storage in plain
        )
        for file, landed in files
    ]
    if corrected:
        parts.append(_corrected_sql(table, columns))
    shown = [*map(_text, columns), *map(identifier, PROVENANCE), "raw_row"]
    shown += _halves(columns) if numbers else []
    rows = " UNION ALL BY NAME ".join(parts) if parts else _nothing_sql(columns)
    name = typed_view(table.name) if numbers else table.name
    return f"CREATE OR REPLACE VIEW {identifier(name)} AS SELECT {', '.join(shown)} FROM ({rows})"


def kept_columns(table: Table) -> list[str]:
    """Names of the columns of `<table>:typed`, but for numbers that are written out."""
    columns = published_columns(table)
    texts = [identifier(c) for c in columns if c not in KEPT_AS_NUMBERS]
    return [*texts, *map(identifier, PROVENANCE), "raw_row", *_halves(columns)]


def kept_rows_sql(table: Table, rows: str, *, where: str = "true") -> str:
    """Query of the rows `r` of `<table>:typed` whose `raw_row` is in `rows`; numbers are not written out.

    The view would do so for every row that it is asked for; `written_out_sql` does it once the rows are found.
    """
    source = identifier(typed_view(table.name))
    return f"SELECT {', '.join(kept_columns(table))} FROM {source} r SEMI JOIN {rows} USING (raw_row) WHERE {where}"


def written_out_sql(table: Table, kept: str) -> str:
    """Query of all columns of `<table>:typed`, over a relation of its `kept_columns`."""
    written = "".join(f", {_text(c)}" for c in published_columns(table) if c in KEPT_AS_NUMBERS)
    return f"SELECT *{written} FROM {kept}"


def names_in(file: DelimitedFile) -> list[str]:
    """Our columns that the file fills, each once, in file order."""
    named = ("genres" if c.startswith(GENRE_FLAG) else c for c in file.columns if c is not None)
    return list(dict.fromkeys((*named, *file.constants)))


def first_line(file: DelimitedFile) -> int:
    """Line of the first row: headers count, parquet rows count from 1."""
    return 1 if file.header is None or file.format == "parquet" else 2


def _file_sql(
    columns: Sequence[str], file: DelimitedFile, landed: LandedFile, table: Table, *, corrected: bool, plain: bool
) -> str:
    filled = names_in(file)
    places = {name: place for place, name in enumerate((n for n in filled if n in KEPT_AS_NUMBERS), start=1)}
    line = "line" if landed.numbered else f"rowid + {first_line(file)}"
    values = [*_values(columns, filled, places, plain=plain), f"{literal(landed.source_file)} AS source_file"]
    values += [f"{line} AS source_line", f"{landed.position << FILE_BITS} + {line} AS raw_row"]
    where = ""
    if corrected:
        lines = f"SELECT source_line FROM {identifier(corrected_table(table.name))} WHERE position = {landed.position}"
        where = f" WHERE {line} NOT IN ({lines})"
    return f"SELECT {', '.join(values)} FROM {identifier(landed.storage)}{where}"


def _text(column: str) -> str:
    """A column as published, of its halves where it has any."""
    if column not in KEPT_AS_NUMBERS:
        return identifier(column)
    return f"coalesce({whole(column)}::VARCHAR, {odd(column)}) AS {identifier(column)}"


def _halves(columns: Sequence[str]) -> list[str]:
    return [half for c in columns if c in KEPT_AS_NUMBERS for half in (whole(c), odd(c))]


def _values(columns: Sequence[str], filled: Sequence[str], places: dict[str, int], *, plain: bool = False) -> list[str]:
    """What a file's table has of every column, or of its halves; a `plain` one has no odd texts."""
    values = []
    for name in columns:
        if name in places:
            values.append(whole(name))
            text = "NULL::VARCHAR" if plain else f"CASE WHEN {whole(name)} IS NULL THEN odd[{places[name]}] END"
            values.append(f"{text} AS {odd(name)}")
        elif name in KEPT_AS_NUMBERS:
            values += _as_text(name, "NULL")
        else:
            values.append(f"{identifier(name) if name in filled else 'NULL::VARCHAR'} AS {identifier(name)}")
    return values


def _as_text(column: str, text: str) -> list[str]:
    """Halves of a column of which there is only text."""
    return [f"NULL::BIGINT AS {whole(column)}", f"{text}::VARCHAR AS {odd(column)}"]


def _corrected_sql(table: Table, columns: Sequence[str]) -> str:
    values = [v for c in columns for v in (_as_text(c, identifier(c)) if c in KEPT_AS_NUMBERS else [identifier(c)])]
    values += [*map(identifier, PROVENANCE), f"(position << {FILE_BITS}) + source_line AS raw_row"]
    return f"SELECT {', '.join(values)} FROM {identifier(corrected_table(table.name))}"


def _nothing_sql(columns: Sequence[str]) -> str:
    values = ", ".join(_values(columns, (), {}))
    return (
        f"SELECT {values}, NULL::VARCHAR AS source_file, NULL::BIGINT AS source_line, NULL::BIGINT AS raw_row "
        "WHERE false"
    )
