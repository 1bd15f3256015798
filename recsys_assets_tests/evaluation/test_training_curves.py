"""The picture of a training shows the curves that the model kept."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.evaluation.canvas import png_bytes
from recsys_assets.evaluation.training_curves import training_figure

CURVES = {
    "epoch": np.arange(1, 5),
    "train_loss": np.array([3.0, 2.5, 2.2, 2.1]),
    "validation_ndcg": np.array([0.1, 0.3, 0.2, 0.25]),
    "learning_rate": np.array([0.01, 0.02, 0.01, 0.0]),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_panel_shows_its_curve_and_the_best_epoch_is_marked(theme) -> None:
    figure = training_figure({"lstm": CURVES, "content": CURVES}, theme=theme)
    for axis, column in zip(figure.axes, ("train_loss", "validation_ndcg", "learning_rate"), strict=True):
        assert len(axis.lines) == 2
        np.testing.assert_array_equal(axis.lines[0].get_xdata(), CURVES["epoch"])
        np.testing.assert_array_equal(axis.lines[0].get_ydata(), CURVES[column])
    assert figure.axes[1].collections[0].get_offsets().tolist() == [[2, 0.3]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["lstm", "content"]
    assert 2_000 < len(png_bytes(figure)) < 50_000


def test_a_training_without_validation_has_a_picture_too() -> None:
    figure = training_figure({"lstm": CURVES | {"validation_ndcg": np.empty(0)}})
    assert len(figure.axes[1].lines[0].get_ydata()) == 0
    assert not figure.legends
    assert png_bytes(figure)
