"""Returns as quantiles: the loss finds those of a known distribution, and the mean stays what acts."""

from __future__ import annotations

import numpy as np
import pytest
import torch as th

from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.dqn.quantile import QuantileQNetwork, quantile_loss
from recsys_assets.agents.dqn.training import build_in
from recsys_assets_tests.agents.dqn.worlds import Bait, env_of, small_config


def test_the_loss_is_least_at_the_quantiles_of_what_was_seen() -> None:
    """Far beyond kappa the loss is absolute, and its least point is the sample's quantile."""
    samples = 100 * th.arange(1_000, dtype=th.float32)[None, :]
    quantiles = th.full((1, 4), 50_000.0, requires_grad=True)
    optimizer = th.optim.Adam([quantiles], lr=300.0)
    for _ in range(1_500):
        optimizer.zero_grad()
        quantile_loss(quantiles, samples).sum().backward()
        optimizer.step()
    assert quantiles.detach().numpy()[0] == pytest.approx([12_500, 37_500, 62_500, 87_500], abs=1_500)


def test_quantiles_spread_around_the_value_that_acts_and_nothing_of_them_is_exported() -> None:
    env, items = env_of(Bait.make(), seed=0)
    model = build_in(env, small_config(head="quantile", epsilon=(1.0, 0.2), gamma=1.0), items, seed=0, device="cpu")
    model.learn(1_200)
    network, users = model.q_net, np.arange(8)
    assert isinstance(network, QuantileQNetwork)
    seen = th.from_numpy(env.sessions.reset(users, users))
    shortlist = network.shortlist(seen)
    spread = network.spread(seen, shortlist, th.zeros(8, dtype=th.int64))
    assert spread.shape == (8, network.item_config.quantiles)
    assert spread.mean(dim=1).detach().numpy() == pytest.approx(np.zeros(8), abs=1e-5)
    assert float(spread.detach().abs().max()) > 0.01
    ours = QPolicy.of(network).among(seen.numpy(), shortlist.numpy())
    np.testing.assert_allclose(ours, network.among(seen, shortlist).detach().numpy(), atol=1e-4)
