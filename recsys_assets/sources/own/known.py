"""Folders that need no mapping, as their files are those of a known data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recsys_assets.sources import movielens, movies_dataset
from recsys_assets.sources.files import DelimitedFile

Describe = Callable[[Path], tuple[DelimitedFile, ...]]


@dataclass(frozen=True)
class KnownLayout:
    """A published layout: what tells it from others, and its files."""

    title: str
    marks: tuple[str, ...]
    """Files that it has, all of them."""
    describe: Describe
    """Files of a folder that may be there; the marks are."""


def _movies_dataset(ratings: str) -> Describe:
    def describe(folder: Path) -> tuple[DelimitedFile, ...]:
        names = ("links.csv", *movies_dataset.METADATA)
        return movies_dataset.layout({**{n: folder / n for n in names}, "ratings.csv": folder / ratings})

    return describe


KNOWN_LAYOUTS: dict[str, KnownLayout] = {
    "movies-dataset": KnownLayout(
        "The Movies Dataset", ("ratings.csv", "links.csv", *movies_dataset.METADATA), _movies_dataset("ratings.csv")
    ),
    "movies-dataset-small": KnownLayout(
        "The Movies Dataset, small ratings",
        ("ratings_small.csv", "links.csv", *movies_dataset.METADATA),
        _movies_dataset("ratings_small.csv"),
    ),
    "ml-latest": KnownLayout("MovieLens, csv", ("ratings.csv", "movies.csv"), movielens.latest_layout),
    "ml-100k": KnownLayout("MovieLens 100K", ("u.data", "u.item"), movielens.ml_100k_layout),
    "ml-1m": KnownLayout("MovieLens 1M", ("ratings.dat", "movies.dat", "users.dat"), movielens.ml_1m_layout),
    "ml-10m": KnownLayout("MovieLens 10M", ("ratings.dat", "movies.dat"), movielens.ml_10m_layout),
}
"""By name; the first one whose marks are there is taken."""


def described(layout: str, folder: Path) -> tuple[DelimitedFile, ...]:
    """The layout's files that are there, and its marks whether they are or not."""
    known = KNOWN_LAYOUTS[layout]
    return tuple(f for f in known.describe(folder) if f.path.name in known.marks or f.path.exists())


def recognised(folder: Path) -> str | None:
    """The layout whose marks are all in the folder, with the header each should have; None where there is none."""
    from recsys_assets.sources.files import SourceError
    from recsys_assets.sources.headers import verified

    for name, known in KNOWN_LAYOUTS.items():
        if not all((folder / mark).is_file() for mark in known.marks):
            continue
        try:
            for file in described(name, folder):
                verified(file)
        except SourceError:
            continue
        return name
    return None
