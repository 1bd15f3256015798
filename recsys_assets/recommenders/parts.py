"""Models made of models: how parts are named, checked, built, fitted, kept and brought back.

A model made of models has a config that is a `PartsConfig` and a dict of parts, by name and in the order of the config.
Its maths are its own: which parts it fits on what, and how their scores become one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, model_validator

from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray, TrainingData
from recsys_assets.recommenders.models import build
from recsys_assets.recommenders.once import once
from recsys_assets.recommenders.results import ModelError

State = dict[str, NDArray[Any]]


class PartsConfig(BaseModel, extra="forbid"):
    """Config of a model made of models."""

    whole: ClassVar[str]
    """Name of the model whose config this is; it can't be a part of itself."""
    part_defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """How parts differ from the models of their kind, by name."""
    part_configs: dict[str, dict[str, Any]] = {}
    """Config fields of parts by name; they add to how this model has its parts by default."""

    @abstractmethod
    def models_of_parts(self) -> dict[str, str]:
        """Name of each part -> the model it is."""

    @model_validator(mode="after")
    def _parts_can_be_built(self) -> Self:
        """Refuse what no parts can be built from, and write out what each part is to have."""
        models = self.models_of_parts()
        if self.whole in models.values():
            raise ValueError(f"{self.whole} can't be a part of itself")
        if unused := set(self.part_configs) - set(models):
            told = ", ".join(sorted(unused))
            raise ValueError(f"part_configs names {told}, not among the parts, which are {', '.join(models)}")
        found = {n: {**self.part_defaults.get(n, {}), **self.part_configs.get(n, {})} for n in models}
        self.part_configs = {name: fields for name, fields in found.items() if fields}
        try:
            build_parts(self)
        except ModelError as error:
            raise ValueError(str(error)) from error
        return self


class NamedParts(PartsConfig):
    """Config of a model whose parts are different models, each under its own name."""

    parts: tuple[str, ...]
    """Names of the models to combine."""

    def models_of_parts(self) -> dict[str, str]:
        return {name: name for name in self.parts}

    @model_validator(mode="after")
    def _parts_differ(self) -> Self:
        if len(set(self.parts)) < len(self.parts):
            raise ValueError(f"parts must be different, found {', '.join(self.parts)}")
        return self


def build_parts(config: PartsConfig) -> dict[str, Recommender]:
    """Unfitted parts by name."""
    return {name: build(model, config.part_configs.get(name)) for name, model in config.models_of_parts().items()}


def fit_parts(parts: Mapping[str, Recommender], data: TrainingData, *, whole: str) -> None:
    """Fit each part on one copy of the data; `whole` is who has it fitted."""
    for name, part in parts.items():
        data.progress(f"{whole}: fitting {name} on {len(data.histories.movies):,} ratings")
        part.fit_data(data)


def part_scores(parts: Mapping[str, Recommender], histories: Histories, users: IntArray) -> dict[str, FloatArray]:
    """Scores (b, n_movies) of each part, as `Recommender._score` has them."""
    return {name: part_score(part, histories, users) for name, part in parts.items()}


def part_score(part: Recommender, histories: Histories, users: IntArray) -> FloatArray:
    """`part._score`; within `one_history`, what it said before of these very histories. Not to be written into."""
    return once(part, "scores", histories, lambda: part._score(histories, users))


def parts_state(parts: Mapping[str, Recommender]) -> State:
    """What the parts learned, as arrays of the whole."""
    return {f"parts.{name}.{key}": array for name, part in parts.items() for key, array in part._state().items()}


def restore_parts(parts: Mapping[str, Recommender], state: State, *, whole: Recommender) -> None:
    """Give unfitted parts what `parts_state` kept of them; users, movies and histories are those of `whole`."""
    for name, part in parts.items():
        prefix = f"parts.{name}."
        part.adopt(whole.users, whole.movies, whole.histories, whole.catalogue)
        part._restore({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        part.fitted = True


def figures_state(figures: Mapping[str, float], *, values: str = "validation_scores") -> State:
    """Named figures of the inner validation as two arrays, the second called `values`."""
    names, numbers = np.array(list(figures), dtype=np.str_), np.array(list(figures.values()), dtype=np.float64)
    return {"validation_names": names, values: numbers}


def figures_of(state: State, *, values: str = "validation_scores") -> dict[str, float]:
    """Inverse of `figures_state`."""
    return dict(zip(state["validation_names"].tolist(), state[values].tolist(), strict=True))


def figures_text(figures: Mapping[str, float]) -> str:
    """`markov 0.1213, blend 0.1387`."""
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
