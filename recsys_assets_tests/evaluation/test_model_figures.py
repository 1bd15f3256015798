"""What is logged of a training, whichever way a model learns."""

from __future__ import annotations

from typing import cast

import numpy as np

from recsys_assets.evaluation.model_figures import training_series
from recsys_assets.recommenders import Recommender, build


class _Network:
    def __init__(self, *names: str) -> None:
        self.names = names

    def training_curves(self) -> dict[str, dict[str, np.ndarray]]:
        of = {
            "epoch": np.arange(1, 4),
            "train_loss": np.array([3.0, 2.0, 1.0]),
            "learning_rate": np.full(3, 0.1),
            "validation_ndcg": np.array([0.2, 0.3]),
        }
        return dict.fromkeys(self.names, of)


def test_a_network_is_logged_by_epoch() -> None:
    found = training_series(cast(Recommender, _Network("gru4rec")))
    np.testing.assert_array_equal(found["train/loss"], [[1, 3.0], [2, 2.0], [3, 1.0]])
    np.testing.assert_array_equal(found["eval/ndcg_at_10"], [[1, 0.2], [2, 0.3]])
    assert set(found) == {"train/loss", "train/learning_rate", "eval/ndcg_at_10"}


def test_networks_of_one_model_are_told_apart() -> None:
    found = training_series(cast(Recommender, _Network("a", "b")))
    assert {name.split("/")[0] for name in found} == {"a", "b"}


def test_what_is_fitted_in_one_go_leaves_no_curve() -> None:
    assert training_series(build("popularity")) == {}
