"""The layouts by name, how large each is by default, and the one call that writes them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recsys_assets.atomic import atomic_directory
from recsys_assets.progress import Progress, silent
from recsys_assets.sources.bars import counted
from recsys_assets.sources.files import SourceError
from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.layouts.imdb_official import write_imdb_official
from recsys_assets.sources.synthetic.layouts.movielens import write_1m, write_10m, write_100k, write_latest
from recsys_assets.sources.synthetic.layouts.movies_dataset import write_movies_dataset
from recsys_assets.sources.synthetic.world import Stage, make_stage
from recsys_assets.sources.synthetic.write import Advance

DENSEST = 0.1
"""Share of all pairs of user and movie that is rated where the size is chosen here."""


@dataclass(frozen=True)
class Layout:
    """A published format, with the size of the published data set as its default."""

    name: str
    description: str
    write: Callable[[Stage, Path, Advance], None]
    movies: int
    users: int = 1
    ratings: int = 0
    """0: the layout holds no ratings by user."""
    bytes_a_rating: int = 30
    bytes_a_movie: int = 150

    def bytes_of(self, config: SyntheticConfig) -> int:
        """About how large the files become."""
        rated = config.n_ratings * self.bytes_a_rating if self.ratings else 0
        return rated + config.n_movies * self.bytes_a_movie


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout(
            "ml-latest",
            "MovieLens latest, 20M, 25M and 32M: csv, quoted, CRLF; ratings, movies, links, tags",
            write_latest,
            movies=86_537,
            users=330_975,
            ratings=33_832_162,
        ),
        Layout(
            "ml-100k",
            "MovieLens 100K: u.data, u.item, u.user, ... with tabs and bars, Latin-1, a flag per genre",
            write_100k,
            movies=1_682,
            users=943,
            ratings=100_000,
        ),
        Layout(
            "ml-1m",
            "MovieLens 1M: .dat files with ::, Latin-1, demographics",
            write_1m,
            movies=3_883,
            users=6_040,
            ratings=1_000_209,
        ),
        Layout(
            "ml-10m",
            "MovieLens 10M: .dat files with ::, UTF-8, half stars, tags",
            write_10m,
            movies=10_681,
            users=69_878,
            ratings=10_000_054,
        ),
        Layout(
            "movies-dataset",
            "The Movies Dataset of Kaggle: csv, CRLF, Python literals, three shifted rows, duplicates",
            write_movies_dataset,
            movies=45_115,
            users=270_896,
            ratings=26_024_289,
            bytes_a_movie=2_500,
        ),
        Layout(
            "imdb-official",
            "IMDb's non-commercial tables: gzip, tabs, \\N; no ratings by user",
            write_imdb_official,
            movies=100_000,
            bytes_a_movie=250,
        ),
    )
}


def sized(
    layout: Layout,
    *,
    ratings: int | None = None,
    users: int | None = None,
    movies: int | None = None,
    seed: int | None = None,
    dirty_rows: int = 0,
) -> SyntheticConfig:
    """The published size, or where fewer or more ratings are asked for, users in proportion and movies by the root.

    Raises pydantic's ValidationError (a ValueError) where the counts don't go together.
    """
    wanted = ratings if ratings is not None else layout.ratings or 1
    scale = wanted / (layout.ratings or 1)
    n_movies = movies if movies is not None else min(250_000, max(20, round(layout.movies * scale**0.5)))
    in_proportion = max(1, round(layout.users * scale), round(wanted / (DENSEST * max(1, n_movies))))
    return SyntheticConfig(
        n_ratings=wanted,
        n_users=users if users is not None else in_proportion,
        n_movies=n_movies,
        dirty_rows=dirty_rows,
        **({} if seed is None else {"seed": seed}),
    )


def write_drop(
    layout: Layout, config: SyntheticConfig, folder: Path, *, progress: Progress = silent
) -> tuple[Path, ...]:
    """Write the layout's files, all of them or none; returns their paths. The same config gives the same bytes.

    Raises SourceError where the folder holds something already, can't be written or has not enough room.
    """
    _refuse(folder, layout.bytes_of(config))
    total, unit = (config.n_ratings, "ratings") if layout.ratings else (config.n_movies, "movies")
    try:
        with atomic_directory(folder) as aside:
            with counted("write", total, unit, progress=progress) as advance:
                layout.write(make_stage(config), aside, advance)
            if folder.exists():
                folder.rmdir()  # empty; on Windows nothing is renamed onto it
    except OSError as error:
        raise SourceError(f"{folder} can't be written: {error.strerror}. Choose another folder") from error
    return tuple(sorted(folder.iterdir()))


def _refuse(folder: Path, needed: int) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(f"{folder} exists and is not an empty folder. Choose another, or delete it first")
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise SourceError(
            f"{folder} needs about {needed / 1e6:,.0f} MB and {place} has {free / 1e6:,.0f} MB free. "
            "Ask for fewer ratings, or choose another disk"
        )
