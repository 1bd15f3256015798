"""What a source hands to the warehouse: published files, described, not yet read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


class SourceError(Exception):
    """Published data that can't be had or can't be used; the message names file, fault and remedy."""


AGAIN = (
    "Put a sound copy in its place (of the archive, where it was unpacked from one); what was downloaded is fetched "
    "again where you delete it under data/raw/"
)
"""Remedy of a file that can't be used, whether it is a publisher's or one's own."""


@dataclass(frozen=True)
class Conversion:
    """How a published value is brought into our form when it lands; one that can't be lands as published."""

    scale: tuple[float, float] | None = None
    """Lowest and highest published rating, mapped linearly on 0.5 to 5.0."""
    time: Literal["ms", "us", "iso"] | None = None
    """Unit of a published time since 1970, or ISO 8601 text (UTC where it names no zone)."""
    separator: str | None = None
    """Between the values of a list."""
    ids: Literal["text"] | None = None
    """Published ids are any text; each becomes the whole number that `sources.own.ids.number_of` gives."""


@dataclass(frozen=True)
class DelimitedFile:
    """A table as its publisher wrote it, and how its columns are called in our raw table.

    The warehouse reads every value as text (nothing is lost to a cast) into `table`, adds `source_file` and
    `source_line`, and fills raw columns that the file lacks with NULL.
    """

    table: str
    """Name of the raw table it fills, e.g. `raw_ratings`."""
    path: Path
    columns: tuple[str | None, ...]
    """Our name of each published column, in file order; None drops that column."""
    header: tuple[str, ...] | None = None
    """The published header line's fields, verified before reading; None where the file has no header."""
    delimiter: str = ","
    """One or more characters (`::` in older MovieLens files)."""
    quote: str = '"'
    """Quote character, or '' for files that quote nothing."""
    encoding: str = "utf-8"
    """`utf-8` or `latin-1`."""
    null: str = ""
    """Text that means that there is no value, e.g. `\\N`."""
    format: Literal["csv", "parquet"] = "csv"
    """Of a parquet file `header` names its columns; delimiter, quote, encoding and null do not matter."""
    conversions: Mapping[str, Conversion] = field(default_factory=dict)
    """By our column name."""
    name: str = ""
    """What reports and quarantine call it; the file's own name where none is given."""

    @property
    def source(self) -> str:
        return self.name or self.path.name

    constants: Mapping[str, str] = field(default_factory=dict)
    """Our column name -> the text that each row has, for columns that the file lacks."""


@dataclass(frozen=True)
class Correction:
    """What a line of a published file should have said; the file itself stays as it is."""

    table: str
    """Raw table."""
    source_file: str
    source_line: int
    row: Mapping[str, str | None]
    """Every column of the raw table, as it would have been published."""


@dataclass(frozen=True)
class DatasetFiles:
    """All files of one data set, on disk, verified."""

    dataset: str
    files: tuple[DelimitedFile, ...]
    sha256: dict[str, str] = field(default_factory=dict)
    """Of each downloaded file (archives, not their members), by file name."""
    notes: tuple[str, ...] = ()
    """What a reader of the run should know, e.g. an optional table that was not to be had."""
    corrections: tuple[Correction, ...] = ()

    def of_table(self, table: str) -> tuple[DelimitedFile, ...]:
        """The files that fill one raw table; empty where the data set does not publish it."""
        return tuple(f for f in self.files if f.table == table)
