"""Networks read no future and no padding; losses are what their formulas say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from recsys_assets.loading.batches import Batch, collate
from recsys_assets.loading.sequences import Sequences
from recsys_assets.loading.shuffle import Examples
from recsys_assets.loading.tensors import Inputs, TensorBatch, tensors_of
from recsys_assets.recommenders.sequence.losses import full_softmax, gbce
from recsys_assets.recommenders.sequence.networks import (
    ContentItems,
    Dropout,
    Events,
    LearnedItems,
    Recurrent,
    SequenceNetwork,
    Transformer,
    log_steps,
)

N, DIM, WINDOW = 12, 8, 6
Loss = Callable[[SequenceNetwork, TensorBatch], torch.Tensor]


def body_of(kind: str) -> torch.nn.Module:
    if kind == "attention":
        return Transformer(DIM, layers=2, heads=2, dropout=0.0, window=WINDOW, use_gaps=True)
    return Recurrent({"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind], DIM, 10, layers=2, dropout=0.0)


def network(kind: str, *, content: bool = False) -> SequenceNetwork:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((N, DIM)).astype(np.float32)
    items = ContentItems(vectors, DIM) if content else LearnedItems(vectors)
    events = Events(DIM, dropout=0.0, use_ratings=True, use_gaps=True)
    made = SequenceNetwork(items, events, body_of(kind), rng.integers(0, 9, N), free_bias=not content)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.3 * torch.randn(parameter.shape)
    return made.eval()


def batch(*, negatives: int = 0) -> Batch:
    rng = np.random.default_rng(1)
    lengths = np.array([WINDOW + 1, 4, 2])
    items = np.concatenate([rng.permutation(N)[:n] for n in lengths]).astype(np.int32)
    times = np.concatenate([np.cumsum(rng.integers(0, 10_000, n)) for n in lengths])
    ratings = (rng.integers(1, 11, len(items)) / 2).astype(np.float32)
    windows = Sequences(np.concatenate(([0], np.cumsum(lengths))), items, ratings, times)
    return collate(Examples(windows, rng.integers(0, N, (3, negatives), dtype=np.int32)))


def tensors(made: Batch) -> TensorBatch:
    return tensors_of(made, n_items=N, device=torch.device("cpu"))


KINDS = pytest.mark.parametrize("kind", ["attention", "gru", "lstm"])


@KINDS
@pytest.mark.parametrize("content", [False, True])
def test_what_comes_later_and_padding_change_nothing(kind: str, content: bool) -> None:
    net, inputs = network(kind, content=content), tensors(batch()).inputs
    whole = net(inputs)
    for row, n in enumerate([WINDOW, 3, 1]):
        for read in range(1, n + 1):
            alone = net(Inputs(*(t[row : row + 1, :read] for t in (inputs.items, inputs.ratings, inputs.times))))
            torch.testing.assert_close(alone[0], whole[row, :read], atol=1e-5, rtol=1e-4)


@KINDS
@pytest.mark.parametrize("column", ["items", "ratings", "times"])
def test_every_event_before_counts(kind: str, column: str) -> None:
    net, inputs = network(kind), tensors(batch()).inputs
    columns = {name: getattr(inputs, name)[:1].clone() for name in ("items", "ratings", "times")}
    first = net(Inputs(**columns))[0, -1]
    if column == "times":
        columns["times"][0, 1:] += 10**7
    else:
        columns[column][0, 0] = {"items": (columns["items"][0, 0] + 1) % N, "ratings": 0.5}[column]
    assert (net(Inputs(**columns))[0, -1] - first).abs().max() > 1e-4


@KINDS
def test_only_gaps_count_not_the_date(kind: str) -> None:
    net, inputs = network(kind), tensors(batch()).inputs
    later = Inputs(inputs.items, inputs.ratings, inputs.times + 10**9)
    torch.testing.assert_close(net(later), net(inputs))


@KINDS
@pytest.mark.parametrize("content", [False, True])
def test_nothing_is_made_on_another_device_than_the_inputs(kind: str, content: bool) -> None:
    """A tensor left on the CPU would be refused, by a GPU as by the device without data."""
    net, made = network(kind, content=content).train().to("meta"), tensors(batch(negatives=5))
    inputs = Inputs(*(t.to("meta") for t in (made.inputs.items, made.inputs.ratings, made.inputs.times)))
    hidden = net(inputs)
    assert hidden.device.type == net.all_scores(hidden).device.type == "meta"
    assert net.some_scores(hidden, made.negatives.to("meta")).shape == (3, WINDOW, 5)


@KINDS
@pytest.mark.parametrize("loss", [full_softmax, partial(gbce, calibration=0.75)])
def test_in_bfloat16_loss_and_gradients_stay_near(kind: str, loss: Loss) -> None:
    whole, half, made = network(kind), network(kind), tensors(batch(negatives=5))
    wanted = loss(whole, made)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(half, made)
    wanted.backward()
    found.backward()
    assert found.dtype == torch.float32
    assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=0.03)
    theirs, ours = (
        torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None]) for net in (whole, half)
    )
    assert torch.cosine_similarity(theirs, ours, dim=0) > 0.99


def test_full_softmax_leaves_out_what_was_seen_before_the_target() -> None:
    net, made = network("gru"), batch()
    loss = full_softmax(net, tensors(made))
    scores = net.all_scores(net(tensors(made).inputs)).detach().double().numpy()
    each = []
    for row, column in np.argwhere(made.targets >= 0):
        allowed = np.setdiff1d(np.arange(N), made.items[row, : column + 1])
        own = scores[row, column]
        each.append(np.log(np.exp(own[allowed]).sum()) - own[made.targets[row, column]])
    assert float(loss.detach()) == pytest.approx(np.mean(each), rel=1e-5)


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
def test_gbce_is_its_formula(calibration: float) -> None:
    net, made = network("lstm"), batch(negatives=5)
    loss = gbce(net, tensors(made), calibration=calibration)
    scores = net.all_scores(net(tensors(made).inputs)).detach().double().numpy()
    rate = 5 / (N - 1)
    power = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    each = []
    for row, column in np.argwhere(made.targets >= 0):
        own, target = scores[row, column], made.targets[row, column]
        others = [j for j in made.negatives[row] if j != target]
        sigmoid: Callable[[np.ndarray], np.ndarray] = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
        each.append(-power * np.log(sigmoid(own[target])) - np.log(1 - sigmoid(own[others])).sum())
    assert float(loss.detach()) == pytest.approx(np.mean(each), rel=1e-5)


def test_scores_of_some_movies_are_those_of_all() -> None:
    net, made = network("attention"), batch(negatives=4)
    hidden = net(tensors(made).inputs)
    some = net.some_scores(hidden, tensors(made).negatives)
    every = net.all_scores(hidden)
    for row in range(3):
        torch.testing.assert_close(some[row], every[row][:, made.negatives[row]])


def test_gaps_are_counted_in_powers_of_two() -> None:
    seconds = torch.tensor([-5, 0, 1, 2, 3, 4, 7, 8, 60, 86_400, 10**15])
    assert log_steps(seconds).tolist() == [0, 0, 1, 2, 2, 3, 3, 4, 6, 17, 31]


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    drop = Dropout(0.25)
    dropped = drop(torch.ones(400, 1001))
    assert sorted(set(dropped.flatten().tolist())) == [0, pytest.approx(4 / 3)]
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.005)
    shares = (dropped.flatten()[:400_000].view(-1, 8) == 0).float().mean(dim=0)
    assert (shares - 0.25).abs().max() < 0.01
    assert not torch.equal(drop(torch.ones(400, 1001)), dropped)
    x = torch.randn(3, 5)
    assert torch.equal(drop.eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)
