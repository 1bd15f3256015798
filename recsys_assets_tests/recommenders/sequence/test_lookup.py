"""Look-ups in a small table: values and gradients are those of plain indexing."""

from __future__ import annotations

import pytest
import torch

from recsys_assets.recommenders.sequence import lookup
from recsys_assets.recommenders.sequence.lookup import looked_up


@pytest.fixture
def table() -> torch.Tensor:
    return torch.randn(2, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("at_once", [1 << 22, 7 * 4])
@pytest.mark.parametrize("summed", [lookup._counted, lookup._multiplied], ids=["on a CPU", "on a GPU"])
def test_gradients_are_those_of_indexing(table, summed, at_once, monkeypatch) -> None:
    monkeypatch.setattr(lookup, "LOOKED_UP_AT_ONCE", at_once)  # several parts of the one-hot matrix, the last not full
    generator = torch.Generator().manual_seed(1)
    index = torch.randint(0, 6, (3, 5, 2), generator=generator)  # the last entry is never asked for
    pull = torch.randn(2, 3, 5, 2, generator=generator, dtype=torch.float64)
    (expected,) = torch.autograd.grad(table[:, index], table, pull)
    found = summed(index.reshape(-1), pull.reshape(2, -1), 7)
    torch.testing.assert_close(found, expected)
    assert (found[:, -1] == 0).all()


def test_the_table_is_learned_through_look_ups(table) -> None:
    index = torch.tensor([[0, 3], [3, 6]])
    torch.testing.assert_close(looked_up(table, index), table[:, index])
    assert torch.autograd.gradcheck(lambda t: looked_up(t, index), (table,))
