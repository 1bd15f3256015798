"""Pictures of what a fitted model has to show beside its quality: how its training went, who answers whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.evaluation.rule_figure import rule_figure
from recsys_assets.evaluation.training_curves import training_figure
from recsys_assets.loading.feeding import Feeding
from recsys_assets.recommenders import Recommender

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Curves = dict[str, dict[str, NDArray[Any]]]
"""By the name of a network, its columns by epoch."""
LOGGED = {"train/loss": "train_loss", "train/learning_rate": "learning_rate", "eval/ndcg_at_10": "validation_ndcg"}
"""Name that is logged -> column of the curves."""


@runtime_checkable
class TrainedByEpochs(Protocol):
    """A model that keeps its training curves."""

    def training_curves(self) -> Curves: ...


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


@runtime_checkable
class FedByPipeline(Protocol):
    """A model whose training data come through the training-data pipeline."""

    def feeding(self) -> Feeding | None:
        """How that went; None where nothing was trained."""


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
    """What was logged while a model learned, (n, 2) of steps (of an agent) or epochs and values by name."""
    if isinstance(model, TrainedInSimulation):
        return model.training_series()
    return _by_epoch(model.training_curves()) if isinstance(model, TrainedByEpochs) else {}


def training_notes(model: Recommender) -> dict[str, str]:
    """How the training of an agent or a sequence model went, in words."""
    return model.training_notes() if isinstance(model, TellsOfTraining) else {}


def training_feeding(model: Recommender) -> Feeding | None:
    """How the default and the tuned pipeline fed it."""
    return model.feeding() if isinstance(model, FedByPipeline) else None


def _by_epoch(curves: Curves) -> dict[str, NDArray[Any]]:
    """`train/loss`, `train/learning_rate`, `eval/ndcg_at_10`, under the network's name where there are several."""
    found = {}
    for network, of in curves.items():
        prefix = f"{network}/" if len(curves) > 1 else ""
        for name, column in LOGGED.items():
            if len(values := of[column]):
                found[prefix + name] = np.stack([of["epoch"][: len(values)], values], axis=1)
    return found
