"""n-step returns with the chance to stay in the discount, against a loop over steps."""

from __future__ import annotations

import numpy as np
import pytest

from recsys_assets.agents.dqn.replay import SessionReplay

ENVS, WIDTH, N, GAMMA = 3, 2, 4, 0.9


def filled(rows: int, *, size: int = 300) -> tuple[SessionReplay, dict[str, np.ndarray]]:
    """Sessions of chance lengths; an observation holds its row and env, so that a sample says where it comes from."""
    rng = np.random.default_rng(1)
    replay = SessionReplay(size, ENVS, WIDTH, 5, n_steps=N, gamma=GAMMA, seed=0)
    told = {
        "rewards": rng.normal(size=(rows, ENVS)).astype(np.float32),
        "stays": rng.uniform(0.3, 1, (rows, ENVS)).astype(np.float32),
        "ends": rng.random((rows, ENVS)) < 0.2,
    }
    for row in range(rows):
        where = np.stack([np.full(ENVS, row), np.arange(ENVS)], axis=1).astype(np.float32)
        replay.add(
            where,
            np.tile(np.arange(5), (ENVS, 1)) + row,
            np.arange(ENVS),
            told["rewards"][row],
            stays=told["stays"][row],
            survivals=told["stays"][row] / 2,
            ends=told["ends"][row],
        )
    return replay, told


@pytest.mark.parametrize(("rows", "size"), [(60, 300), (250, 90)])
def test_returns_and_discounts_are_those_of_a_loop(rows: int, size: int) -> None:
    replay, told = filled(rows, size=size)
    batch = replay.sample(400)
    where = batch.observations.numpy().astype(int)
    assert where[:, 0].min() >= rows - size // ENVS
    assert where[:, 0].max() < rows - N
    assert len(np.unique(where[:, 1])) == ENVS
    for k, (row, env) in enumerate(where):
        total, reach = 0.0, 1.0
        for step in range(row, row + N):
            total += reach * told["rewards"][step, env]
            reach *= GAMMA * told["stays"][step, env]
            if told["ends"][step, env]:
                reach = 0.0
                break
        assert float(batch.returns[k]) == pytest.approx(total, abs=1e-5)
        assert float(batch.discounts[k]) == pytest.approx(reach, abs=1e-6)
        assert float(batch.weights[k]) == pytest.approx(told["stays"][row, env] / 2)
        assert int(batch.places[k]) == env
        assert int(batch.shortlists[k, 0]) == row
        if reach:
            assert batch.next_observations[k].tolist() == [row + N, env]
            assert int(batch.next_shortlists[k, 0]) == row + N


def test_nothing_can_be_sampled_before_n_steps_are_held() -> None:
    replay, _ = filled(N)
    assert replay.size() == 0
    replay, _ = filled(N + 1)
    assert replay.size() == ENVS


def test_what_is_kept_is_restored() -> None:
    replay, _ = filled(40)
    other = SessionReplay(300, ENVS, WIDTH, 5, n_steps=N, gamma=GAMMA, seed=0)
    other.restore(replay.arrays())
    ours, theirs = replay.sample(50), other.sample(50)
    assert all(bool((a == b).all()) for a, b in zip(ours, theirs, strict=True))
