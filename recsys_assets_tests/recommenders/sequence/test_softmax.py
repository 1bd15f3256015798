"""The loss computed block by block is cross-entropy, and so are its gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from recsys_assets.recommenders.sequence import softmax
from recsys_assets.recommenders.sequence.softmax import softmax_loss

TARGETS, MOVIES, DIM = 23, 40, 5


def world() -> tuple[Tensor, Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Everything a loss is of, in double precision, and per target a few movies that it is not contrasted with."""
    torch.manual_seed(0)
    hidden, items, bias = (torch.randn(shape, dtype=torch.float64) for shape in ((TARGETS, DIM), (MOVIES, DIM), MOVIES))
    targets = torch.randint(0, MOVIES, (TARGETS,))
    never = torch.rand(TARGETS, MOVIES) < 0.2
    never[torch.arange(TARGETS), targets] = False
    return hidden, items, bias, targets, torch.nonzero(never, as_tuple=True)  # type: ignore[return-value]


def plain(hidden: Tensor, items: Tensor, bias: Tensor, targets: Tensor, never: tuple[Tensor, Tensor]) -> Tensor:
    scores = functional.linear(hidden, items, bias)
    return functional.cross_entropy(scores.index_put(never, torch.tensor(-torch.inf, dtype=scores.dtype)), targets)


@pytest.mark.parametrize("cached", [1, 3 * MOVIES, 1 << 20])
def test_loss_and_gradients_are_those_of_cross_entropy_whatever_the_block(
    cached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(softmax, "CACHED_SCORES", cached)
    *parts, targets, never = world()
    found, truth = ([part.float().requires_grad_() for part in parts], [part.requires_grad_() for part in parts])
    loss, wanted = softmax_loss(*found, targets, never), plain(*truth, targets, never)  # type: ignore[call-arg]
    (3 * loss).backward()
    (3 * wanted).backward()
    torch.testing.assert_close(loss.double(), wanted, rtol=1e-6, atol=1e-6)
    for mine, theirs in zip(found, truth, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        torch.testing.assert_close(mine.grad.double(), theirs.grad, rtol=1e-4, atol=1e-6)


def test_scores_far_apart_overflow_nothing() -> None:
    hidden = torch.tensor([[1000.0]], requires_grad=True)
    nobody = torch.empty(0, dtype=torch.int64)
    loss = softmax_loss(hidden, torch.tensor([[1.0], [-1.0]]), torch.zeros(2), torch.tensor([1]), (nobody, nobody))
    loss.backward()
    assert float(loss.detach()) == 2000.0
    assert hidden.grad is not None
    assert float(hidden.grad) == 2.0


def test_computing_in_bfloat16_keeps_loss_and_gradients_near() -> None:
    *parts, targets, never = world()
    found, truth = ([part.float().requires_grad_() for part in parts], [part.requires_grad_() for part in parts])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = softmax_loss(*found, targets, never)  # type: ignore[call-arg]
    wanted = plain(*truth, targets, never)  # type: ignore[call-arg]
    loss.backward()
    wanted.backward()
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), wanted, rtol=0.02, atol=0)
    for mine, theirs in zip(found, truth, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        assert mine.grad.dtype == torch.float32
        torch.testing.assert_close(mine.grad.double(), theirs.grad, rtol=0.05, atol=0.01)
