"""The tuner of a deployment: its workload, and where grids, policies and reports of it are kept.

data/tuner/<dataset>/{training.parquet, training.json, grid-<scenario>-<cores>.parquet, policy.npz, tuned.json,
                      decisions-<scenario>.json, contest-<scenario>-<cores>.jsonl}

That folder alone, copied to another machine, is enough to measure and to compare tuners there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.loading.sequences import EVENT_COLUMNS, Sequences
from recsys_assets.settings import Settings
from recsys_assets.tuner import real
from recsys_assets.tuner.real.grid import Grid, GridError, read
from recsys_assets.tuner.real.probe import FOREIGN
from recsys_assets.tuner.real.workload import Scenario, Work, Workload, kept_workload, workload

if TYPE_CHECKING:
    import polars as pl


class NoRatingsError(ValueError):
    """Nothing was published that a pipeline could read."""


def folder_of(settings: Settings) -> Path:
    return settings.data_dir / "tuner" / settings.dataset


def deployed_workload(settings: Settings, work: Work | None = None) -> Workload:
    """Of the ratings published last, or of a snapshot that is there alone. Raises NoRatingsError where neither is."""
    if not (settings.lake_dir / "ratings").exists():
        kept = kept_workload(folder_of(settings), work)
        if kept is not None:
            return kept
    from recsys_assets.warehouse.lake import Lake, LakeError

    try:
        ratings = Lake(settings.lake_dir).read("ratings")
    except LakeError as error:
        raise NoRatingsError(str(error)) from error
    sequences, n_items = sequences_of_ratings(ratings)
    return workload(sequences, n_items, folder_of(settings), work)


def sequences_of_ratings(ratings: pl.DataFrame) -> tuple[Sequences, int]:
    """Users' events in the order of time, and the number of movies."""
    import polars as pl

    events = ratings.select(EVENT_COLUMNS).sort("user_id", "timestamp", "movie_id")
    movies, items = np.unique(events["movie_id"].to_numpy(), return_inverse=True)
    _, counts = np.unique(events["user_id"].to_numpy(), return_counts=True)
    found = Sequences(
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        items.astype(np.int32),
        events["rating"].cast(pl.Float32).to_numpy(),
        events["timestamp"].dt.epoch("s").to_numpy(),
    )
    return found, len(movies)


def grid_path(settings: Settings, scenario: Scenario, cores: int) -> Path:
    return folder_of(settings) / f"grid-{scenario.name}-{cores}.parquet"


def measured_grid(settings: Settings, scenario: Scenario, cores: int, *, others: float = FOREIGN) -> tuple[Grid, str]:
    """The deployment's own, or one that comes with the package; and which, in words.

    `others`: cores that others may have used in a probe that counts. Raises GridError where there is neither.
    """
    own = grid_path(settings, scenario, cores)
    if own.exists():
        return read(own, scenario, others=others), f"measured here ({own})"
    return shipped_grid(scenario, cores), "measured on another machine (2 cores, November 2026, ml-latest-small)"


def contest_path(settings: Settings, scenario: Scenario, cores: Sequence[int]) -> Path:
    """Runs of tuners on a machine of so many cores, and then so many."""
    return folder_of(settings) / f"contest-{scenario.name}-{'-'.join(map(str, cores))}.jsonl"


def shipped_grid(scenario: Scenario, cores: int) -> Grid:
    """One that was measured when this was written. Raises GridError where there is none."""
    path = Path(real.__file__).parent / "measured" / f"grid-{scenario.name}-{cores}.parquet"
    if not path.exists():
        raise GridError(
            f"no grid of {scenario.name} on {cores} cores was measured here; "
            f"`recsys tuner grid --scenario {scenario.name} --cores {cores}` does that"
        )
    return read(path, scenario)
