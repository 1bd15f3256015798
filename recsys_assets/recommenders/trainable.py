"""How a model comes to be: fitted on interactions and a catalogue, saved to a directory, loaded from one.

A model gives `_fit`, `_state` and `_restore`; what every model knows beside its own state is kept here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel

from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.checks import CATALOGUE_COLUMNS, check_catalogue, check_interactions
from recsys_assets.recommenders.data import (
    Histories,
    Ids,
    TrainingData,
    align_catalogue,
    align_people,
    histories_of,
    titles_of,
)
from recsys_assets.recommenders.export import Export, read_export, write_export
from recsys_assets.recommenders.newcomers import Newcomers
from recsys_assets.recommenders.results import ModelError

HISTORY_COLUMNS = ("indptr", "movies", "ratings", "timestamps")


class Trainable(ABC):
    """A model that learns, and can be kept."""

    name: ClassVar[str]
    Config: ClassVar[type[BaseModel]]

    def __init__(self, config: BaseModel | None = None) -> None:
        self.config = config if config is not None else self.Config()
        self.fitted = False

    # -- to be given by a model ------------------------------------------------------------------------------

    @abstractmethod
    def _fit(self, data: TrainingData) -> None:
        """Learn; `users`, `movies`, `histories`, `catalogue`, `titles` and `fallback_scores` are already set."""

    @abstractmethod
    def _state(self) -> dict[str, NDArray[Any]]:
        """What `_fit` learned, as plain arrays."""

    @abstractmethod
    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Inverse of `_state`."""

    # -- fitting ---------------------------------------------------------------------------------------------

    def fit(
        self,
        interactions: pl.DataFrame,
        catalogue: pl.DataFrame,
        *,
        people: pl.DataFrame | None = None,
        seed: int = 0,
        progress: Progress = silent,
    ) -> Self:
        """Learn from Interactions (`user_id, movie_id, rating, timestamp`) and a Catalogue. Same input, same model.

        `people` (`user_id, age, gender, occupation`): demographics, which few data sets have and few models use.
        """
        check_interactions(interactions)
        check_catalogue(catalogue)
        users = Ids.of(interactions["user_id"].to_numpy())
        movies = Ids.of(catalogue["movie_id"].to_numpy(), interactions["movie_id"].to_numpy())
        histories = histories_of(interactions, users, movies)
        return self.fit_data(
            TrainingData(
                users,
                movies,
                histories,
                align_catalogue(catalogue, movies),
                seed,
                progress,
                align_people(people, users),
            )
        )

    def fit_data(self, data: TrainingData) -> Self:
        """`fit` on what was checked and mapped before; how a hybrid fits its parts on one copy of the data."""
        self.adopt(data.users, data.movies, data.histories, data.catalogue)
        self._fit(data)
        self.fitted = True
        return self

    def adopt(self, users: Ids, movies: Ids, histories: Histories, catalogue: pl.DataFrame) -> None:
        """Take what every model knows beside its own state; `catalogue` has one row per movie of `movies`."""
        self.users, self.movies, self.histories = users, movies, histories
        self.catalogue = catalogue.select(CATALOGUE_COLUMNS)
        self.titles = titles_of(self.catalogue)
        self.newcomers = Newcomers.of(histories, self.catalogue)
        self.fallback_scores = self.newcomers.scores

    # -- files -----------------------------------------------------------------------------------------------

    def save(self, directory: Path, *, extra: dict[str, str] | None = None) -> None:
        """Write a directory of `manifest.json`, `arrays.npz` and `catalogue.parquet`; it must not exist yet.

        `extra` (say the data version) goes into the manifest.
        """
        self._require_fitted()
        arrays = {f"state.{k}": v for k, v in self._state().items()} | {
            "users": self.users.values,
            "movies": self.movies.values,
            **{f"history.{c}": getattr(self.histories, c) for c in HISTORY_COLUMNS},
        }
        export = Export(self.name, self.config.model_dump(mode="json"), arrays, self.catalogue)
        write_export(directory, export, extra=extra or {})

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote, verifying format and checksums."""
        export = read_export(directory)
        if export.model != cls.name:
            raise ModelError(f"{directory} holds a {export.model!r} model, not {cls.name!r}; use load_model()")
        model = cls(cls.Config.model_validate(export.config))
        if changed := _parts_read_otherwise(export.config, model.config.model_dump(mode="json")):
            told = ", ".join(changed)
            raise ModelError(f"{directory} was fitted when part_configs of {told} meant something else; fit it again")
        histories = Histories(*(export.arrays[f"history.{c}"] for c in HISTORY_COLUMNS))
        model.adopt(Ids(export.arrays["users"]), Ids(export.arrays["movies"]), histories, export.catalogue)
        model._restore({k.removeprefix("state."): v for k, v in export.arrays.items() if k.startswith("state.")})
        model.fitted = True
        return model

    def _require_fitted(self) -> None:
        if not self.fitted:
            raise ModelError(f"{self.name} is not fitted; call fit() or load() first")


def _parts_read_otherwise(stored: dict[str, Any], read: dict[str, Any]) -> list[str]:
    """Parts that a kept config names and that it would give other settings today than are written there.

    What a model says of its parts is in the code and may change; a config kept by this code has it written out.
    """
    today = read.get("part_configs", {})
    return [name for name, fields in stored.get("part_configs", {}).items() if today.get(name, {}) != fields]
