"""What a source hands to the warehouse: published files, described, not yet read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


class SourceError(Exception):
    """Published data that can't be had or can't be used; the message names file, fault and remedy."""


@dataclass(frozen=True)
class DelimitedFile:
    """A text table as its publisher wrote it, and how its columns are called in our raw table.

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


@dataclass(frozen=True)
class DatasetFiles:
    """All files of one data set, on disk, verified."""

    dataset: str
    files: tuple[DelimitedFile, ...]
    sha256: dict[str, str] = field(default_factory=dict)
    """Of each downloaded file (archives, not their members), by file name."""
    notes: tuple[str, ...] = ()
    """What a reader of the run should know, e.g. an optional table that was not to be had."""

    def of_table(self, table: str) -> tuple[DelimitedFile, ...]:
        """The files that fill one raw table; empty where the data set does not publish it."""
        return tuple(f for f in self.files if f.table == table)
