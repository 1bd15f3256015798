"""A picture of how the training of a sequence model went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.evaluation.canvas import FAINT, INK, Theme, blank, colour_of, name_axis
from recsys_assets.evaluation.plots import METRIC_LABEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curves = Mapping[str, NDArray[Any]]
"""`epoch, train_loss, validation_ndcg, learning_rate`; the second last is empty where nothing was held out."""
PANELS = {
    "train_loss": "Loss in training",
    "validation_ndcg": f"{METRIC_LABEL}, inner validation",
    "learning_rate": "Learning rate",
}


def training_figure(curves: Mapping[str, Curves], *, theme: Theme = "light") -> Figure:
    """One panel a curve, by epoch; one line for each network by name, its best epoch marked."""
    figure, axes = blank(9.2, 2.9, 1, len(PANELS), theme=theme)
    for axis, (column, title) in zip(axes, PANELS.items(), strict=True):
        for place, (name, of) in enumerate(curves.items()):
            values, colour = of[column], colour_of(place, theme)
            epochs = of["epoch"][: len(values)]
            axis.plot(epochs, values, color=colour, linewidth=1.6, marker="o", markersize=3, label=name)
            if column == "validation_ndcg" and len(values):
                best = int(np.argmax(values))
                axis.scatter([epochs[best]], [values[best]], s=70, facecolors="none", edgecolors=colour, linewidths=1.6)
        if column != "train_loss":
            axis.set_ylim(bottom=0)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.ticklabel_format(axis="y", style="plain")
        axis.grid(axis="y", color=FAINT[theme], linewidth=0.6)
        axis.set_xlabel("epoch")
        name_axis(axis, title, theme=theme)
    if len(curves) > 1:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, frameon=False, loc="outside lower center", ncols=4, labelcolor=INK[theme], fontsize=9
        )
    return figure
