"""Newer drops of a data set: files beside the published ones that add to them.

`data/raw/<dataset>/drops/<drop>/` holds files of the names and layouts of the data set's own, as many of them as
there is news of, e.g. `drops/2026-11-24/ratings.csv`. Drops count in the order of their names.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from recsys_assets.atomic import atomic_directory
from recsys_assets.progress import Progress, silent, size_told
from recsys_assets.settings import Settings
from recsys_assets.sources.files import DatasetFiles, DelimitedFile, SourceError
from recsys_assets.sources.headers import verified


def drops_dir(settings: Settings) -> Path:
    return settings.raw_dir / settings.dataset / "drops"


def with_drops(published: DatasetFiles, settings: Settings) -> DatasetFiles:
    """The data set with the files of its drops. Raises SourceError for a file whose name it does not know."""
    folder = drops_dir(settings)
    found = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")) if folder.is_dir() else []
    added = tuple(verified(file) for drop in found for file in drop_layout(published, drop))
    return replace(published, files=(*published.files, *added))


def drop_layout(published: DatasetFiles, drop: Path) -> tuple[DelimitedFile, ...]:
    """The files of one drop, laid out as the published ones of the same names; not yet looked into."""
    known = [f for f in published.files if not f.name]
    if not known:
        raise SourceError(
            f"{published.dataset} is read from a folder of your own: put the newer files there, under a name that "
            "`file` of its mapping.toml matches, and materialize; only what is new is read"
        )
    names = sorted({f.path.name for f in known})
    there = sorted(p.name for p in drop.iterdir() if p.is_file() and not p.name.startswith("."))
    unknown = [name for name in there if name not in names]
    if unknown or not there:
        raise SourceError(
            f"{drop} holds {', '.join(unknown) or 'no file'}; a drop of {published.dataset} holds some of "
            f"{', '.join(names)}, laid out as the published ones. Rename or remove what is not one."
        )
    return tuple(
        replace(f, path=drop / f.path.name, name=f"drops/{drop.name}/{f.path.name}")
        for f in known
        if f.path.name in there
    )


def add_drop(
    published: DatasetFiles, source: Path, settings: Settings, *, name: str, progress: Progress = silent
) -> Path:
    """Copy the files of `source`, a folder or one file, as the drop `name`; returns its folder.

    They are looked into first. Raises SourceError, and then nothing was copied.
    """
    if not name or Path(name).name != name or name.startswith("."):
        raise SourceError(f"{name!r} is no name of a drop: use letters, digits, - and _")
    target = drops_dir(settings) / name
    if target.exists():
        raise SourceError(f"{target} is there already; give the drop another name")
    if not source.exists():
        raise SourceError(f"{source} is not there")
    with atomic_directory(target) as aside:
        for path in sorted(source.iterdir()) if source.is_dir() else [source]:
            if path.is_file() and not path.name.startswith("."):
                progress(f"copying {path.name}, {size_told(path.stat().st_size)}")
                shutil.copy2(path, aside / path.name)
        try:
            for file in drop_layout(published, aside):
                verified(file)
        except SourceError as error:
            given = source if source.is_dir() else source.parent
            raise SourceError(str(error).replace(str(aside), str(given))) from error
    return target
