"""Speed of the Q-network's heads at 7,841 and 45,115 movies: `make bench`, or pytest -m benchmark -s on this file.

One thread, batch 256, 32 sessions at once, one update after each step of them: updates per CPU second hold acting,
simulated people, the replay and the update. `product` values a shortlist of the best by the start, which is found by
one product over all movies; `plain` has one output of its last layer for every movie.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from rich.table import Table

from recsys_assets.agents.dqn.config import DqnConfig, NetworkConfig
from recsys_assets.agents.dqn.items import item_inputs
from recsys_assets.agents.dqn.teacher import TeachingVecEnv
from recsys_assets.agents.dqn.training import build_in
from recsys_assets.agents.environments.expected import PatientSessions
from recsys_assets.agents.policies.tuned import Weights
from recsys_assets.agents.simulators.base import Temper
from recsys_assets.agents.simulators.by_factors import FactorPeople
from recsys_assets.agents.tastes import TasteModel
from recsys_assets.agents.world import World
from recsys_assets.recommenders.data import Histories, Ids
from recsys_assets_tests.benchmarks.tables import show

pytestmark = pytest.mark.benchmark

PEOPLE, KNOWN, FACTORS, GENRES = 500, 60, 8, 20
UPDATES = 60
WEIGHTS = Weights(popularity=2.0, doubt=0.15, variety=2.5)


@dataclass(frozen=True)
class Speed:
    """Of one head at one size."""

    movies: int
    head: str
    n_steps: int
    updates: float
    """Per CPU second."""
    steps: float
    """Movies shown per CPU second."""
    parameters: int


def people(movies: int) -> tuple[FactorPeople, TasteModel]:
    """Generated people and movies of the sizes of real ones."""
    rng = np.random.default_rng(0)
    catalogue = pl.DataFrame({"movie_id": np.arange(movies), "genres": [[f"g{i % GENRES:02d}"] for i in range(movies)]})
    counts = (1e5 / np.arange(1, movies + 1)).astype(np.int64)
    world = World.of(Ids(np.arange(movies)), catalogue, counts, np.zeros((movies, 0), dtype=np.float32))
    design = np.concatenate([np.ones((movies, 1)), rng.normal(0, 0.3, (movies, FACTORS))], axis=1)
    base = rng.normal(3.3, 0.4, movies)
    model = TasteModel(base.astype(np.float32), design.astype(np.float32), np.eye(FACTORS + 1, dtype=np.float32), 0.7)
    rated = np.sort(np.argsort(rng.random((PEOPLE, 2_000)), axis=1)[:, :KNOWN], axis=1).ravel()
    known = Histories(
        np.arange(PEOPLE + 1) * KNOWN,
        rated.astype(np.int32),
        np.full(len(rated), 4, dtype=np.float32),
        np.zeros(len(rated), dtype=np.int64),
    )
    return FactorPeople.of("A", world, Temper(), model, known, known, seed=0), model


def measured(movies: int, head: str, n_steps: int) -> Speed:
    simulator, model = people(movies)
    config = DqnConfig.model_validate(
        {"head": head, "n_steps": n_steps, "network": NetworkConfig(), "envs": 32, "batch_size": 256}
    )
    env = TeachingVecEnv(PatientSessions(simulator, model), config.envs, seed=0)
    agent = build_in(env, config, item_inputs(simulator.world, model, WEIGHTS), seed=0, device="cpu")
    agent.learn(config.learning_starts)
    updates, steps, cpu = agent._n_updates, agent.num_timesteps, time.process_time()
    agent.learn(UPDATES * config.envs, reset_num_timesteps=False)
    seconds = time.process_time() - cpu
    parameters = sum(p.numel() for p in agent.q_net.parameters())
    return Speed(
        movies,
        head,
        n_steps,
        (agent._n_updates - updates) / seconds,
        (agent.num_timesteps - steps) / seconds,
        parameters,
    )


@pytest.mark.timeout(3600)
def test_updates_per_cpu_second_of_both_heads() -> None:
    """Prints what TARGETS asks for; a time is never asserted."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = []
        for n, head, steps in (
            (n, *h) for n in (7_841, 45_115) for h in (("product", 20), ("product", 5), ("plain", 5))
        ):
            Console().print(f"[dim]Q-network: {n:,} movies, {head} head, {steps} steps ...[/]")
            rows.append(measured(n, head, steps))
    finally:
        torch.set_num_threads(threads)
    table = Table(
        title="Updates of a Q-network per CPU second, batch 256, 32 sessions at once",
        caption="pytest -m benchmark -s recsys_assets_tests/benchmarks/test_agents.py",
    )
    for name in ("movies", "head", "n-step", "updates / CPU s", "steps / CPU s", "parameters"):
        table.add_column(name, justify="left" if name == "head" else "right")
    for row in rows:
        cells = (f"{row.movies:,}", row.head, str(row.n_steps), f"{row.updates:.1f}", f"{row.steps:,.0f}")
        table.add_row(*cells, f"{row.parameters:,}")
    show(table, "agents")
    assert all(row.updates > 0 for row in rows)
