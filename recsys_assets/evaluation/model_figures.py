"""Pictures of what a fitted model has to show beside its quality: how its training went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from recsys_assets.evaluation.training_curves import training_figure
from recsys_assets.recommenders import Recommender

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@runtime_checkable
class TrainedByEpochs(Protocol):
    """A model that keeps its training curves."""

    def training_curves(self) -> dict[str, dict[str, NDArray[Any]]]: ...


def model_figures(model: Recommender) -> dict[str, Figure]:
    """Title -> figure; empty for models that have nothing of the kind."""
    return {"training": training_figure(model.training_curves())} if isinstance(model, TrainedByEpochs) else {}
