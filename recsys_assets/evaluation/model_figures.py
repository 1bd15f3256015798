"""Pictures of what a fitted model has to show beside its quality: how its training went, who answers whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import polars as pl
from numpy.typing import NDArray

from recsys_assets.evaluation.rule_figure import rule_figure
from recsys_assets.evaluation.training_curves import training_figure
from recsys_assets.recommenders import Recommender

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@runtime_checkable
class TrainedByEpochs(Protocol):
    """A model that keeps its training curves."""

    def training_curves(self) -> dict[str, dict[str, NDArray[Any]]]: ...


@runtime_checkable
class AnswersByRule(Protocol):
    """A model that chooses who answers by the length of the history."""

    def rule_table(self) -> pl.DataFrame: ...


@runtime_checkable
class TrainedInSimulation(Protocol):
    """An agent that was trained just now, and not read from an export, shows how it went."""

    def training_pictures(self) -> dict[str, Figure]: ...

    def training_series(self) -> dict[str, NDArray[Any]]:
        """(n, 2) of steps and values by the name that is logged."""

    def training_notes(self) -> dict[str, str]:
        """What is to be known of it in words."""


@runtime_checkable
class TellsOfTraining(Protocol):
    """A model that can say how its training went."""

    def training_notes(self) -> dict[str, str]:
        """What is to be known of it in words."""


def model_figures(model: Recommender) -> dict[str, Figure]:
    """Title -> figure; empty for models that have nothing of the kind."""
    figures: dict[str, Figure] = {}
    if isinstance(model, TrainedByEpochs):
        figures["training"] = training_figure(model.training_curves())
    if isinstance(model, AnswersByRule):
        figures["who answers"] = rule_figure(model.rule_table())
    if isinstance(model, TrainedInSimulation):
        figures |= model.training_pictures()
    return figures


def training_series(model: Recommender) -> dict[str, NDArray[Any]]:
    """What was logged while an agent learned, (n, 2) of steps and values by name."""
    return model.training_series() if isinstance(model, TrainedInSimulation) else {}


def training_notes(model: Recommender) -> dict[str, str]:
    """How the training of an agent or a sequence model went, in words."""
    return model.training_notes() if isinstance(model, TellsOfTraining) else {}
