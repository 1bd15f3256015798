"""A mapping and a folder -> the files, described as any publisher's."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from recsys_assets.sources.files import Conversion, DelimitedFile
from recsys_assets.sources.headers import verified
from recsys_assets.sources.own.known import KNOWN_LAYOUTS, described
from recsys_assets.sources.own.mapping import MappingError, OwnMapping, TableMapping, meant
from recsys_assets.sources.own.reading import head_of, parquet_columns
from recsys_assets.sources.own.schema import OWN_TABLES


def files_of(mapping: OwnMapping, folder: Path, *, where: str) -> tuple[DelimitedFile, ...]:
    """Every mapped file, its header read and its columns found. `where` is what messages call the mapping.

    Raises SourceError naming the file, the key and the remedy.
    """
    if not folder.is_dir():
        raise MappingError(f"{where}: {folder} is not a folder any more; put it back, or run `recsys ingest` anew")
    if mapping.layout is not None:
        files = described(mapping.layout, folder)
        if missing := [file.path.name for file in files if not file.path.exists()]:
            raise MappingError(
                f"{where}: {folder} has no {', '.join(missing)}; the layout {mapping.layout} "
                f"needs {', '.join(KNOWN_LAYOUTS[mapping.layout].marks)}"
            )
        return tuple(verified(file) for file in files)
    return tuple(
        _described(name, table, path, folder, mapping.text_ids, where)
        for name, table in mapping.tables.items()
        for path in _matches(name, table, folder, where)
    )


def _matches(name: str, table: TableMapping, folder: Path, where: str) -> list[Path]:
    """Files of a table, each once, in order of its patterns, then by name."""
    found: dict[Path, None] = {}
    for pattern in table.file:
        if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            raise MappingError(f"{where}: [{name}] file = {pattern!r} leaves the folder; name files below {folder}")
        try:
            matched = [path for path in sorted(folder.glob(pattern)) if path.is_file()]
        except ValueError as error:
            raise MappingError(f"{where}: [{name}] file = {pattern!r} is no pattern: {error}") from error
        if not matched:
            there = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
            raise MappingError(
                f"{where}: [{name}] file = {pattern!r} is not in {folder}{meant(pattern, there[:20] or ['no files'])}"
            )
        found |= dict.fromkeys(matched)
    return list(found)


def _described(
    name: str, table: TableMapping, path: Path, folder: Path, text_ids: tuple[str, ...], where: str
) -> DelimitedFile:
    format_ = table.format or _format_of(path)
    delimiter = table.delimiter or ("\t" if format_ == "tsv" else ",")
    if format_ == "parquet":
        header = parquet_columns(path)
    else:
        header = tuple(head_of(path, delimiter=delimiter, quote=table.quote, encoding=table.encoding)[0])
    columns = _columns(name, table, table.names or header, path, where)
    if len(columns) != len(header):
        raise MappingError(
            f"{where}: [{name}] names lists {len(columns)} columns, and {path} has {len(header)} between "
            f"{delimiter!r}; list all of them in file order, or state the delimiter"
        )
    return DelimitedFile(
        f"raw_{name}",
        path,
        columns,
        header if table.names is None else None,
        delimiter=delimiter,
        quote=table.quote,
        encoding=table.encoding,
        null=table.null,
        format="parquet" if format_ == "parquet" else "csv",
        conversions=_conversions(name, table, text_ids),
        constants=table.constants,
        name=path.relative_to(folder).as_posix(),
    )


def _format_of(path: Path) -> str:
    endings = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return {".parquet": "parquet", ".pq": "parquet", ".tsv": "tsv", ".tab": "tsv"}.get(
        endings[-1] if endings else "", "csv"
    )


def _columns(
    name: str, table: TableMapping, published: tuple[str, ...], path: Path, where: str
) -> tuple[str | None, ...]:
    ours: dict[str, str] = {}
    for column, theirs in table.columns.items():
        for one in theirs:
            if one not in published:
                raise MappingError(
                    f"{where}: [{name}] columns.{column} = {one!r}: {path} has no such column{meant(one, published)}"
                )
            if one in ours:
                raise MappingError(
                    f"{where}: [{name}] {one!r} is mapped to {ours[one]} and to {column}; a column fills one of ours"
                )
            ours[one] = column
    if twice := [one for one in ours if published.count(one) > 1]:
        raise MappingError(
            f"{where}: [{name}] {path} has several columns called {twice[0]!r}; rename them, or list names = [...] "
            "in a file without header"
        )
    return tuple(ours.get(one) for one in published)


def _conversions(name: str, table: TableMapping, text_ids: tuple[str, ...]) -> dict[str, Conversion]:
    """Of the columns that are mapped."""
    found = {column: Conversion(ids="text") for column in text_ids}
    if table.scale is not None:
        found["rating"] = Conversion(scale=table.scale)
    if table.time != "s":
        found["timestamp"] = Conversion(time=table.time)
    for column in OWN_TABLES[name].lists:
        separator = table.separator.get(column) if isinstance(table.separator, dict) else table.separator
        if separator is not None:
            found[column] = Conversion(separator=separator)
    return {column: conversion for column, conversion in found.items() if column in table.columns}
