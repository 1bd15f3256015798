"""`mapping.toml`: which of one's own files and columns are our ratings, movies and so on. See docs/own-data.md."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from recsys_assets.sources.files import SourceError
from recsys_assets.sources.own.known import KNOWN_LAYOUTS
from recsys_assets.sources.own.schema import ID_COLUMNS, OWN_TABLES, REQUIRED_TABLES


class MappingError(SourceError):
    """A mapping file that can't be used; the message names the file, the key, the fault and the remedy."""


def _one_or_more(value: object) -> object:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) and v for v in values):
        raise ValueError('give a name in quotes, or several: ["a", "b"]')
    return values


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _encoding(value: object) -> object:
    names = {"latin1": "latin-1", "iso-8859-1": "latin-1", "utf8": "utf-8", "utf-8-sig": "utf-8"}
    return names.get(value.lower(), value.lower()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
"""One name, or several."""


class TableMapping(BaseModel, extra="forbid", frozen=True):
    """How one of our tables is found in one's own files. All files of a table are of one form."""

    file: Annotated[Names, Field(min_length=1)]
    """Names or patterns (`2024/*.csv`) below the folder."""
    columns: dict[str, Names] = {}
    """Our column -> the published one; several become one list."""
    constants: dict[str, Annotated[str, BeforeValidator(_as_text)]] = {}
    """Our column -> the value that each row has, e.g. `rating = 4` of purchases."""
    names: tuple[str, ...] | None = None
    """Columns in file order, for text files without a header line."""
    format: Literal["csv", "tsv", "parquet"] | None = None
    """By the files' endings where not stated."""
    delimiter: Annotated[str, Field(min_length=1)] | None = None
    """Between fields: `,`, in tsv files a tab, where not stated."""
    quote: Annotated[str, Field(max_length=1)] = '"'
    """'' for files that quote nothing."""
    encoding: Annotated[Literal["utf-8", "latin-1"], BeforeValidator(_encoding)] = "utf-8"
    null: str = ""
    """Text that means that there is no value."""
    scale: tuple[float, float] | None = None
    """Published ratings from worst to best."""
    time: Literal["s", "ms", "us", "iso"] = "s"
    """What published times are: seconds, milli- or microseconds since 1970, or ISO 8601."""
    separator: Annotated[str, Field(min_length=1)] | dict[str, Annotated[str, Field(min_length=1)]] | None = None
    """Between the values of lists, of all or by column; `|` and `,` are understood without."""

    @model_validator(mode="after")
    def _scale_has_two_ends(self) -> Self:
        if self.scale is not None and self.scale[0] == self.scale[1]:
            raise ValueError("scale must have two different ends, e.g. scale = [1, 10]")
        return self


class OwnMapping(BaseModel, extra="forbid", frozen=True):
    """A whole mapping file."""

    title: str | None = None
    licence: str | None = None
    layout: str | None = None
    """One of `KNOWN_LAYOUTS`, instead of tables."""
    text_ids: tuple[Literal["user_id", "movie_id"], ...] = ()
    """Ids that are text; each becomes a whole number (`own.ids.number_of`)."""
    folder: str | None = None
    """Where the files are; written by `recsys ingest`."""
    ratings: TableMapping | None = None
    movies: TableMapping | None = None
    links: TableMapping | None = None
    tags: TableMapping | None = None
    users: TableMapping | None = None
    imdb_movies: TableMapping | None = None

    @property
    def tables(self) -> dict[str, TableMapping]:
        """By name, those that are mapped."""
        found = {name: getattr(self, name) for name in OWN_TABLES}
        return {name: table for name, table in found.items() if table is not None}


def read_mapping(text: str, *, where: str) -> OwnMapping:
    """Parse a mapping file; `where` is what messages call it. Raises MappingError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{where} is not TOML: {error}. See docs/own-data.md for a complete example") from error
    try:
        mapping = OwnMapping.model_validate(document)
    except ValidationError as error:
        raise MappingError("; ".join(_explained(fault, where) for fault in error.errors()[:5])) from error
    _check_whole(mapping, where)
    for name, table in mapping.tables.items():
        _check_table(name, table, where)
    return mapping


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'rating'?` where something known is near, else the known ones."""
    listed = list(known)
    near = difflib.get_close_matches(name.lower(), [k.lower() for k in listed], n=1)
    if near:
        return f"; did you mean {next(k for k in listed if k.lower() == near[0])!r}?"
    return f"; there are {', '.join(listed)}"


def _explained(fault: Mapping[str, Any], where: str) -> str:
    """One of pydantic's complaints in our words."""
    path = [str(part) for part in fault["loc"]]
    if fault["type"] == "extra_forbidden":
        model = TableMapping if len(path) > 1 else OwnMapping
        known = [k for k in model.model_fields if k != "folder"]
        return f"{where}: {_place(path[:-1])}there is no key {path[-1]!r}{meant(path[-1], known)}"
    if fault["type"] == "missing":
        return f"{where}: {_place(path[:-1])}{path[-1]!r} is missing; add {path[-1]} = ..."
    said = str(fault["msg"]).removeprefix("Value error, ")
    key = f"{path[-1]} = {fault['input']!r}: " if len(path) > 1 or not isinstance(fault["input"], dict) else ""
    return f"{where}: {_place(path[:-1])}{key}{said}"


def _place(path: list[str]) -> str:
    return f"[{'.'.join(path)}] " if path else ""


def _check_whole(mapping: OwnMapping, where: str) -> None:
    if mapping.layout is not None:
        if mapping.layout not in KNOWN_LAYOUTS:
            raise MappingError(f"{where}: there is no layout {mapping.layout!r}{meant(mapping.layout, KNOWN_LAYOUTS)}")
        if mapping.tables or mapping.text_ids:
            raise MappingError(f"{where}: layout = {mapping.layout!r} describes all tables; leave out the others' keys")
        return
    missing = [name for name in REQUIRED_TABLES if name not in mapping.tables]
    if missing:
        raise MappingError(
            f"{where}: there is no table [{'] and no table ['.join(missing)}]; both [ratings] and [movies] are needed. "
            "See docs/own-data.md for a complete example"
        )


def _check_table(name: str, table: TableMapping, where: str) -> None:
    known = OWN_TABLES[name]
    filled = [*table.columns, *table.constants]
    for key in filled:
        if key not in known.columns:
            raise MappingError(f"{where}: [{name}] has no column {key!r}{meant(key, known.columns)}")
    if twice := sorted(set(table.columns) & set(table.constants)):
        raise MappingError(f"{where}: [{name}] {twice[0]} is both a column and a constant; keep one")
    if missing := [column for column in known.required if column not in filled]:
        hint = "" if name != "ratings" or "rating" not in missing else "; purchases may have constants = { rating = 4 }"
        raise MappingError(
            f'{where}: [{name}] lacks {", ".join(missing)}; add columns = {{ {missing[0]} = "..." }} with the name '
            f"that the file has for it{hint}"
        )
    if constant := [column for column in ID_COLUMNS if column in table.constants]:
        raise MappingError(f"{where}: [{name}] {constant[0]} can't be a constant; map the file's column")
    for column, published in table.columns.items():
        if len(published) != 1 and column not in known.lists:
            raise MappingError(
                f"{where}: [{name}] {column} takes one column, not {len(published)}; only "
                f"{', '.join(known.lists) or 'no column of this table'} may be joined of several"
            )
    _check_conversions(name, table, where)


def _check_conversions(name: str, table: TableMapping, where: str) -> None:
    known = OWN_TABLES[name]
    if table.scale is not None and (name != "ratings" or "rating" not in table.columns):
        raise MappingError(f"{where}: [{name}] scale is for the rating column of [ratings]; leave it out")
    if table.time != "s" and "timestamp" not in table.columns:
        raise MappingError(f"{where}: [{name}] time is for a timestamp column, and there is none; leave it out")
    lists = [column for column in known.lists if column in table.columns]
    if table.separator is not None and not lists:
        raise MappingError(f"{where}: [{name}] separator is for lists, and none is mapped; leave it out")
    for column in table.separator if isinstance(table.separator, dict) else ():
        if column not in lists:
            raise MappingError(f"{where}: [{name}] separator.{column} is no mapped list{meant(column, lists)}")
