"""Sequence models on a GPU: repeatable, resumable, the same to whoever serves them without one, and near the CPU's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from recsys_assets.recommenders import Recommender, build, load_model
from recsys_assets.recommenders.sequence.lookup import looked_up
from recsys_assets.recommenders.sequence.softmax import softmax_loss
from recsys_assets_tests.recommenders.sequence.worlds import cyclic, next_of

KINDS = ("sasrec", "gru4rec", "time_rating_lstm", "time_rating_content")
LOSSES = {"full softmax": {}, "gBCE": {"full_softmax_movies": 1, "negatives": 8}}
WORLD = cyclic()
USERS = np.arange(101, 161)
CONFIG: dict[str, Any] = {"epochs": 30, "patience": 30, "dim": 32, "learning_rate": 0.01, "warmup_steps": 10}


class Killed(Exception):
    pass


def fit(kind: str, *, device: str = "cuda", kill_after: str = "", **changes: Any) -> Recommender:
    def listen(message: str) -> None:
        if kill_after and kill_after in message:
            raise Killed

    model = build(kind, CONFIG | {"device": device} | changes)
    return model.fit(WORLD.interactions, WORLD.catalogue, seed=3, progress=listen)


def found(model: Recommender) -> float:
    """Share of people whose next movie comes first."""
    first = model.recommend(USERS, 1).movies[:, 0]
    wanted = next_of(WORLD)
    return float(np.mean([wanted[user] == movie for user, movie in zip(USERS.tolist(), first, strict=True)]))


@pytest.mark.gpu
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_network(kind: str, loss: dict[str, Any]) -> None:
    one, other = (fit(kind, epochs=4, **loss) for _ in range(2))
    for name, values in one._state().items():
        np.testing.assert_array_equal(other._state()[name], values, err_msg=name)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_trained_on_a_gpu_is_served_without_one(kind: str, tmp_path: Path) -> None:
    model = fit(kind)
    assert model.network.popularity.is_cuda  # type: ignore[attr-defined]
    model.save(tmp_path / "model")
    served = load_model(tmp_path / "model")
    served.network.to("cpu")  # type: ignore[attr-defined]
    np.testing.assert_allclose(served.scores(USERS), model.scores(USERS), atol=0.05, rtol=0.01)
    assert found(served) == found(model)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_finds_what_a_cpu_finds(kind: str) -> None:
    assert found(fit(kind)) >= found(fit(kind, device="cpu")) - 0.1


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["sasrec", "time_rating_lstm"])
@pytest.mark.parametrize("where", ["search: epoch 2/", "refit: epoch 1/"])
def test_a_killed_fit_goes_on_to_the_same_network(kind: str, where: str, tmp_path: Path) -> None:
    whole = fit(kind, epochs=4)
    with pytest.raises(Killed):
        fit(kind, epochs=4, checkpoints=str(tmp_path), kill_after=where)
    resumed = fit(kind, epochs=4, checkpoints=str(tmp_path))
    np.testing.assert_array_equal(resumed.scores(USERS), whole.scores(USERS))


@pytest.mark.gpu
def test_the_random_numbers_and_settings_of_the_caller_are_left_alone() -> None:
    torch.cuda.manual_seed(1)
    fit("sasrec", epochs=1)
    after = torch.rand(3, device="cuda")
    torch.cuda.manual_seed(1)
    assert torch.equal(after, torch.rand(3, device="cuda"))
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.gpu
def test_what_is_looked_up_has_the_gradient_of_an_index() -> None:
    table, places = torch.randn(2, 32, dtype=torch.float64), torch.randint(0, 32, (16, 50, 50))
    weights, found = torch.randn(2, 16, 50, 50, dtype=torch.float64), []
    for device in ("cpu", "cuda"):
        own = table.to(device).requires_grad_()
        (looked_up(own, places.to(device)) * weights.to(device)).sum().backward()
        assert own.grad is not None
        found.append(own.grad.cpu())
    torch.testing.assert_close(*found)


@pytest.mark.gpu
def test_the_loss_and_its_gradients_are_those_of_cross_entropy() -> None:
    torch.manual_seed(0)
    parts = [torch.randn(shape, device="cuda", dtype=torch.float64) for shape in ((23, 5), (40, 5), (40,))]
    targets = torch.randint(0, 40, (23,), device="cuda")
    never = torch.rand(23, 40, device="cuda") < 0.2
    never[torch.arange(23), targets] = False
    ours, theirs = ([p.float().requires_grad_() for p in parts], [p.clone().requires_grad_() for p in parts])
    rows, movies = torch.nonzero(never, as_tuple=True)
    loss = softmax_loss(ours[0], ours[1], ours[2], targets, (rows, movies))
    scores = functional.linear(*theirs).masked_fill(never, -torch.inf)
    wanted = functional.cross_entropy(scores, targets)
    loss.backward()
    wanted.backward()
    torch.testing.assert_close(loss.double(), wanted, rtol=1e-5, atol=1e-5)
    for mine, truth in zip(ours, theirs, strict=True):
        assert mine.grad is not None
        torch.testing.assert_close(mine.grad.double(), truth.grad, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", ["sasrec", "time_rating_lstm"])
def test_a_model_whose_settings_name_a_gpu_loads_where_there_is_none(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fit(kind, device="cpu", epochs=1)
    model.config = model.config.model_copy(update={"device": "cuda"})
    model.save(tmp_path / "model")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    np.testing.assert_array_equal(load_model(tmp_path / "model").scores(USERS), model.scores(USERS))
