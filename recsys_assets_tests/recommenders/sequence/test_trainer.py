"""The trainer: an interrupted fit ends where an uninterrupted one does, and stops when it no longer helps."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys_assets.recommenders import Recommender, build, load_model
from recsys_assets.recommenders.sequence.curves import Curves
from recsys_assets_tests.recommenders.sequence.worlds import cyclic

WORLD = cyclic(users=20)
CONFIG: dict[str, Any] = {"epochs": 5, "dim": 8, "window": 20, "pipeline": {"batch_size": 4, "prefetch": 0}}
USERS = np.arange(101, 121)


class Killed(Exception):
    pass


def fit(config: dict[str, Any], *, kill_after: str = "", seed: int = 3) -> tuple[Recommender, list[str]]:
    told: list[str] = []

    def listen(message: str) -> None:
        told.append(message)
        if kill_after and kill_after in message:
            raise Killed

    model = build("sasrec", config).fit(WORLD.interactions, WORLD.catalogue, seed=seed, progress=listen)
    return model, told


@pytest.mark.parametrize("refit", ["continue", "again"])
@pytest.mark.parametrize("where", ["search: epoch 1/", "search: epoch 5/", "refit: epoch 1/"])
def test_a_killed_fit_goes_on_to_the_same_model(where: str, refit: str, tmp_path: Path) -> None:
    faster = CONFIG | {"learning_rate": 0.01, "refit": refit}
    config = faster | {"checkpoints": str(tmp_path)}
    whole, _ = fit(faster)
    with pytest.raises(Killed):
        fit(config, kill_after=where)
    assert list(tmp_path.glob("*.pt"))
    resumed, told = fit(config)
    assert sum("goes on after epoch" in line for line in told) == 1 + where.startswith("refit")
    np.testing.assert_array_equal(resumed.scores(USERS), whole.scores(USERS))
    assert resumed.curves == whole.curves  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_another_fit_is_not_taken_up(tmp_path: Path) -> None:
    config = CONFIG | {"checkpoints": str(tmp_path)}
    with pytest.raises(Killed):
        fit(config, kill_after="search: epoch 3/")
    _, told = fit(config, seed=4)
    _, also = fit(config | {"dropout": 0.4})
    assert not any("goes on" in line for line in told + also)
    assert len(list(tmp_path.glob("*.pt"))) == 1


def test_a_checkpoint_that_holds_code_is_refused(tmp_path: Path) -> None:
    import torch

    config = CONFIG | {"checkpoints": str(tmp_path)}
    with pytest.raises(Killed):
        fit(config, kill_after="search: epoch 1/")
    (file,) = tmp_path.glob("*.pt")
    torch.save({"network": Curves}, file)
    with pytest.raises(Exception, match="weights_only"):
        fit(config)


def test_training_stops_when_it_no_longer_helps() -> None:
    model, told = fit(CONFIG | {"epochs": 30, "patience": 2, "learning_rate": 1e-9})
    curves = model.curves  # type: ignore[attr-defined]
    assert len(curves) == curves.best + 2 < 30

    assert sum("refit" in line for line in told) == curves.best


def test_the_loss_falls_and_the_curves_are_kept(tmp_path: Path) -> None:
    model, told = fit(CONFIG | {"learning_rate": 0.01})
    curves = model.curves.arrays()  # type: ignore[attr-defined]
    assert list(curves) == ["epoch", "train_loss", "validation_ndcg", "learning_rate"]
    assert curves["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert curves["train_loss"][-1] < curves["train_loss"][0]
    assert curves["validation_ndcg"].max() > 0.5
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").curves == model.curves  # type: ignore[attr-defined]
    assert "left at most" in told[0]
    assert "NDCG@10" in told[0]


def test_the_learning_rate_rises_then_falls_along_a_cosine() -> None:
    model, _ = fit(CONFIG | {"epochs": 10, "patience": 99, "warmup_steps": 10, "learning_rate": 0.01})
    rates = model.curves.arrays()["learning_rate"]  # type: ignore[attr-defined]
    expected = [0.01 * min(1, 5 * e / 10) * 0.5 * (1 + np.cos(np.pi * e / 10)) for e in range(1, 11)]
    np.testing.assert_allclose(rates, expected, atol=1e-12)


def test_a_refit_changes_the_model_but_not_the_search() -> None:
    models = {refit: fit(CONFIG | {"refit": refit})[0] for refit in ("none", "continue", "again")}
    curves = [model.curves for model in models.values()]  # type: ignore[attr-defined]
    assert curves[0] == curves[1] == curves[2]
    scores = [model.scores(USERS) for model in models.values()]
    assert not any(np.array_equal(a, b) for a, b in combinations(scores, 2))


def test_workers_and_prefetching_do_not_change_the_model() -> None:
    one, _ = fit(CONFIG)
    other, _ = fit(CONFIG | {"pipeline": {"batch_size": 4, "prefetch": 3, "workers": 2}})
    np.testing.assert_array_equal(one.scores(USERS), other.scores(USERS))


def test_the_random_numbers_of_the_caller_are_left_alone() -> None:
    import torch

    torch.manual_seed(1)
    fit(CONFIG | {"epochs": 1})
    after = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(3))


def test_threads_that_share_the_sums_do_not_change_the_model() -> None:
    """Attention's gaps are summed from tens of thousands of places, by as many threads as there are."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        long = cyclic(users=48, length=28)
        config = CONFIG | {"epochs": 2, "window": 40, "dim": 16, "pipeline": {"batch_size": 48, "prefetch": 0}}
        one, other = (build("sasrec", config).fit(long.interactions, long.catalogue, seed=3) for _ in range(2))
    finally:
        torch.set_num_threads(threads)
    for name, values in one._state().items():
        np.testing.assert_array_equal(other._state()[name], values, err_msg=name)
