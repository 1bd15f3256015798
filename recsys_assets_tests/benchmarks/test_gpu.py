"""Training on a GPU beside a CPU: `pytest -m benchmark -s` on this file; rows on `cuda` are left out without one.

Sequence models on the published splits of `RECSYS_DATASET`, default settings, one seed: fitted on all but the last two
movies of each user, NDCG@10 of the last but one (leave-one-out validation). Seconds are of the wall, for an epoch of
training, its part of the validation included; memory is what torch held on the GPU at most. "Again" fits once more from
the same seed and compares all weights; "without" loads the model's export, scores on the CPU and compares.
Agents: movies shown a second, updates included, of the Q-network with its product head, generated people.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.table import Table

from recsys_assets.agents.dqn.config import DqnConfig, NetworkConfig
from recsys_assets.agents.dqn.items import item_inputs
from recsys_assets.agents.dqn.teacher import TeachingVecEnv
from recsys_assets.agents.dqn.training import build_in
from recsys_assets.agents.environments.expected import PatientSessions
from recsys_assets.evaluation.protocols import interactions_of, leave_one_out
from recsys_assets.recommenders import Recommender, build, load_model
from recsys_assets.recommenders.device import Device
from recsys_assets.settings import load_settings
from recsys_assets.warehouse.lake import Lake
from recsys_assets_tests.benchmarks.tables import show
from recsys_assets_tests.benchmarks.test_agents import WEIGHTS, people

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
KINDS = ("sasrec", "gru4rec", "time_rating_lstm", "time_rating_hybrid", "time_rating_content")
DEVICES: tuple[Any, ...] = (pytest.param("cuda", marks=pytest.mark.gpu), "cpu")
LARGE: dict[str, Any] = {"pipeline": {"batch_size": 128}, "learning_rate": 4e-3, "warmup_steps": 20}
"""Eight times the windows of a step, for a GPU that has too little to do with the default of 16."""


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fit(kind: str, device: Device, tmp_path: Path) -> None:
    row(kind, device, {}, tmp_path)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["sasrec", "time_rating_lstm"])
def test_a_fit_by_larger_steps(kind: str, tmp_path: Path) -> None:
    row(kind, "cuda", LARGE, tmp_path)


@pytest.mark.parametrize("device", DEVICES)
def test_an_agent(device: Device) -> None:
    simulator, model = people(7_841)
    config = DqnConfig.model_validate({"network": NetworkConfig(), "envs": 32, "batch_size": 256})
    env = TeachingVecEnv(PatientSessions(simulator, model), config.envs, seed=0)
    agent = build_in(env, config, item_inputs(simulator.world, model, WEIGHTS), seed=0, device=device)
    agent.learn(config.learning_starts + 10 * config.envs)
    steps, began = agent.num_timesteps, time.perf_counter()
    agent.learn(60 * config.envs, reset_num_timesteps=False)
    rate = (agent.num_timesteps - steps) / (time.perf_counter() - began)
    table = Table(title="DQN, 7,841 movies, 32 sessions, batches of 256")
    table.add_column("device")
    table.add_column("steps a second", justify="right")
    table.add_row(machine(device), f"{rate:,.0f}")
    show(table, f"gpu-dqn-{device}")


def row(kind: str, device: Device, changes: dict[str, Any], folder: Path) -> None:
    import torch

    settings = load_settings()
    lake, made = Lake(settings.lake_dir), list[Recommender]()
    splits, catalogue = lake.read("splits"), lake.read("catalogue")

    def make() -> Recommender:
        made.append(build(kind, {"device": device, **changes}))
        return made[-1]

    if device == "cuda":
        torch.zeros(1, device="cuda")  # starting up is no part of a fit
        torch.cuda.reset_peak_memory_stats()
    before = interactions_of(splits, "leave_one_out", "train")
    began = time.perf_counter()
    make().fit(before, catalogue, seed=settings.seed)
    seconds = time.perf_counter() - began
    model: Any = made[0]
    peak = f"{torch.cuda.max_memory_allocated() / 2**20:,.0f}" if device == "cuda" else "–"
    scores = leave_one_out(make, splits, catalogue, part="validation", seed=settings.seed)
    again = all(np.array_equal(made[1]._state()[name], values) for name, values in model._state().items())
    epochs = len(model.curves) + model.curves.best if hasattr(model, "curves") else 0
    each = f"{seconds / epochs:.2f}" if epochs else "–"
    table = Table(title=f"{kind} on {settings.dataset}, leave-one-out validation, seed {settings.seed}")
    for column in ("model", "device", "windows a step", "epochs", "s an epoch", "s a fit", "NDCG@10", "MiB of GPU"):
        table.add_column(column, justify="left" if column in ("model", "device") else "right")
    table.add_column("again")
    table.add_column("without")
    windows = model.config.pipeline.batch_size if hasattr(model.config, "pipeline") else "–"
    ndcg = f"{scores.rankings[0].at[0].ndcg:.4f}"
    same = "the same" if again else "DIFFERS"
    table.add_row(
        kind,
        machine(device),
        f"{windows}",
        f"{epochs}",
        each,
        f"{seconds:.1f}",
        ndcg,
        peak,
        same,
        without(model, folder),
    )
    show(table, f"gpu-{settings.dataset}-{kind}-{device}{'-large' if changes else ''}")


def without(model: Any, folder: Path) -> str:
    """How far the export's scores on a CPU are from the model's own."""
    import torch

    model.save(folder / "model")
    served: Any = load_model(folder / "model")
    for part in vars(served).values():
        if isinstance(part, torch.nn.Module):
            part.to("cpu")
    users = model.users.values[:200]
    ours, theirs = model.scores(users), served.scores(users)
    tops = [np.argsort(-scores, axis=1, kind="stable")[:, :10] for scores in (ours, theirs)]
    alike = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(*tops, strict=True)])
    return f"scores within {np.abs(ours - theirs).max():.1g}, {alike:.1%} of ten movies alike"


def machine(device: Device) -> str:
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
