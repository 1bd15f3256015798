"""Data sets of one's own: registered as `data/raw/<name>/mapping.toml`, the files left where they are."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from recsys_assets.atomic import write_text
from recsys_assets.settings import Settings
from recsys_assets.sources.files import DatasetFiles, DelimitedFile, SourceError
from recsys_assets.sources.own.describe import files_of
from recsys_assets.sources.own.known import KNOWN_LAYOUTS
from recsys_assets.sources.own.mapping import MappingError, OwnMapping, read_mapping

MAPPING = "mapping.toml"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
RESERVED = frozenset({"main", "temp", "system", "information_schema", "pg_catalog", "imdb"})
"""DuckDB's own schemas, and the folder of IMDb's tables."""


_REGISTERED = re.compile(r'\A# Registered by [^\n]*\nfolder = "[^\n]*"\n\n')

YOURS = "your own data: whatever you are allowed to do with it"
"""Licence where the mapping states none."""


@dataclass(frozen=True)
class OwnDataset:
    """A registered data set."""

    name: str
    folder: Path
    """Where its files are."""
    mapping: OwnMapping
    where: str
    """Path of its mapping, as messages name it."""

    @property
    def title(self) -> str:
        return self.mapping.title or f"Your data in {self.folder.name}"

    @property
    def description(self) -> str:
        if self.mapping.layout is not None:
            return f"files of {KNOWN_LAYOUTS[self.mapping.layout].title}"
        return ", ".join(self.mapping.tables)

    @property
    def licence(self) -> str:
        return self.mapping.licence or YOURS

    def files(self) -> tuple[DelimitedFile, ...]:
        """Found and described anew at every call, so that new, changed and deleted files are seen."""
        return files_of(self.mapping, self.folder, where=self.where)


def mapping_path(name: str, settings: Settings) -> Path:
    return settings.raw_dir / name / MAPPING


def is_registered(name: str, settings: Settings) -> bool:
    """A name that could never be one is not looked up."""
    return NAME.fullmatch(name) is not None and mapping_path(name, settings).is_file()


def registered_names(settings: Settings) -> list[str]:
    folders = settings.raw_dir.glob(f"*/{MAPPING}") if settings.raw_dir.is_dir() else ()
    return sorted(path.parent.name for path in folders if NAME.fullmatch(path.parent.name))


def registered(name: str, settings: Settings) -> OwnDataset:
    """Raises MappingError where the mapping can't be read (any more)."""
    path = mapping_path(name, settings)
    mapping = read_mapping(path.read_text(encoding="utf-8"), where=str(path))
    if mapping.folder is None:
        raise MappingError(f"{path} names no folder; register it with `recsys ingest FOLDER --map {path}`")
    return OwnDataset(name, Path(mapping.folder), mapping, str(path))


def load(name: str, settings: Settings) -> DatasetFiles:
    """All files of a registered data set. Raises SourceError."""
    return DatasetFiles(name, registered(name, settings).files())


def origin(name: str, settings: Settings) -> str:
    """Where its files are, in words."""
    try:
        return f"your files in {registered(name, settings).folder}"
    except MappingError:
        return str(mapping_path(name, settings))


def bytes_of(name: str, settings: Settings) -> int:
    """Of its files, each once; 0 where they can't be found."""
    try:
        paths = {file.path for file in registered(name, settings).files()}
    except SourceError:
        return 0
    return sum(path.stat().st_size for path in paths)


def check_name(name: str, folder: Path, settings: Settings, *, taken: Collection[str]) -> None:
    """Raise MappingError for a name that can't be a folder, is another data set's, or another folder's."""
    if NAME.fullmatch(name) is None:
        raise MappingError(
            f"{name!r} can't name a data set: up to 63 small letters, digits, - and _, the first a letter or digit. "
            "Give one with --name"
        )
    if name in taken or name in RESERVED:
        raise MappingError(f"{name!r} is taken by a data set that comes with the platform; give another --name")
    path = mapping_path(name, settings)
    if not path.exists():
        if path.parent.exists() and any(path.parent.iterdir()):
            raise MappingError(f"{path.parent} holds files of something else; give another --name")
        return
    before = registered(name, settings).folder
    if before != folder:
        raise MappingError(
            f"{name!r} is taken by the data in {before}; give another --name, or delete {path} to forget it"
        )


def suggested_name(folder: Path) -> str:
    """The folder's own name as far as it can be one."""
    return re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:63]


def without_folder(mapping: str) -> str:
    """A mapping's text without what `save` put in front, so that a registered one may be given again."""
    return _REGISTERED.sub("", mapping)


def save(name: str, folder: Path, mapping: str, settings: Settings) -> OwnDataset:
    """Register a mapping that was read and checked: its text as given, behind the folder.

    Replaces the one that the same folder had.
    """
    header = f"# Registered by `recsys ingest`. Edit it freely: `recsys materialize --dataset {name}` reads it anew.\n"
    where = f"folder = {json.dumps(str(folder), ensure_ascii=False)}\n\n"
    write_text(mapping_path(name, settings), header + where + mapping)
    return registered(name, settings)
