"""The embedded data set: generated once per config, then read like any published one."""

from __future__ import annotations

import shutil
from pathlib import Path

from recsys_assets.atomic import atomic_directory
from recsys_assets.progress import Progress, silent
from recsys_assets.settings import Settings
from recsys_assets.sources.bars import counted
from recsys_assets.sources.fetch import sha256_of
from recsys_assets.sources.files import DatasetFiles, DelimitedFile
from recsys_assets.sources.headers import verified
from recsys_assets.sources.locking import one_at_a_time
from recsys_assets.sources.movielens import latest_layout
from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.world import make_stage
from recsys_assets.sources.synthetic.write import write_world

_SUMS = "SHA256SUMS"


def synthetic(
    settings: Settings, *, config: SyntheticConfig | None = None, progress: Progress = silent
) -> DatasetFiles:
    """The files of `config` (None: the default size, with the deployment's seed), generated where not yet there."""
    config = config or SyntheticConfig(seed=settings.seed)
    folder = settings.raw_dir / "synthetic" / config.digest
    with one_at_a_time(folder, progress=progress):
        sums = _recorded(folder)
        if folder.exists() and not _intact(folder, sums):
            progress(f"{folder}: not as generated; generating it anew")
            shutil.rmtree(folder)
        if not folder.exists():
            progress(f"synthetic: generating {config.n_ratings:,} ratings by {config.n_users:,} users")
            with atomic_directory(folder) as aside:
                with counted("synthetic: write", config.n_ratings, "ratings", progress=progress) as advance:
                    write_world(make_stage(config), aside, advance=advance)
                _record(aside)
            progress(f"synthetic: {config.n_ratings:,} ratings of {config.n_movies:,} movies written")
        return DatasetFiles("synthetic", tuple(verified(f) for f in layout(folder)), _recorded(folder))


def layout(folder: Path) -> tuple[DelimitedFile, ...]:
    """MovieLens's layout, its users, and IMDb's titles with people, keywords and plots."""
    imdb = ("imdb_id", "title", "year", "genres", "rating", "votes", "director", "cast", "keywords", "description")
    return (
        *latest_layout(folder),
        DelimitedFile(
            "raw_users",
            folder / "users.csv",
            ("user_id", "age", "gender", "occupation", "zip_code"),
            ("userId", "age", "gender", "occupation", "zipCode"),
        ),
        DelimitedFile("raw_imdb_movies", folder / "imdb.csv", imdb, imdb),
    )


def _record(folder: Path) -> None:
    lines = [f"{sha256_of(path)}  {path.name}\n" for path in sorted(folder.glob("*.csv"))]
    (folder / _SUMS).write_text("".join(lines), encoding="utf-8")


def _recorded(folder: Path) -> dict[str, str]:
    """File name -> sha256, in the format of `sha256sum`; empty where there is none."""
    path = folder / _SUMS
    if not path.is_file():
        return {}
    pairs = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines())
    return {name: digest for digest, name in pairs}


def _intact(folder: Path, sums: dict[str, str]) -> bool:
    return bool(sums) and all(
        (folder / name).is_file() and sha256_of(folder / name) == digest for name, digest in sums.items()
    )
