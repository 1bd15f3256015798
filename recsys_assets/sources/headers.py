"""Look at a file's first line before the warehouse reads the rest."""

from __future__ import annotations

import csv

from recsys_assets.sources.files import DelimitedFile, SourceError


def verified(file: DelimitedFile) -> DelimitedFile:
    """The same file, its first line found to be the declared header (or to have the declared number of fields).

    Raises SourceError naming the file, what its first line holds and what was expected.
    """
    found = _first_line(file)
    if file.header is not None and found != file.header:
        raise SourceError(
            f"{file.path} line 1: columns are {', '.join(found) or 'none'}; expected {', '.join(file.header)}. "
            f"Another version of the data set? Delete it and fetch the published one"
        )
    if file.header is None and len(found) != len(file.columns):
        raise SourceError(
            f"{file.path} line 1: {len(found)} fields separated by {file.delimiter!r}; expected {len(file.columns)}. "
            f"Delete it and fetch the published one"
        )
    return file


def _first_line(file: DelimitedFile) -> tuple[str, ...]:
    encoding = "utf-8-sig" if file.encoding == "utf-8" else file.encoding
    try:
        with file.path.open(encoding=encoding, newline="") as lines:
            line = lines.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file.path} can't be read as {file.encoding} text: {error}") from error
    if not file.quote or len(file.delimiter) > 1:
        return tuple(line.split(file.delimiter))
    return tuple(next(csv.reader([line], delimiter=file.delimiter, quotechar=file.quote), []))
