"""Train the agent: from the supervised start on, on training users alone, judged by validation users.

Every `evaluate_every` steps the greedy policy plays sessions of validation users, always the same people with the same
draws; the best look is kept. The first look is at the start itself, so that what comes out is never worse than it on
validation users. A run whose Q-values pass what any session can return stops itself and says so.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from stable_baselines3.common.logger import Logger

from recsys_assets.agents.dqn.algorithm import DoubleDQN
from recsys_assets.agents.dqn.checkpoints import read_checkpoint, write_checkpoint
from recsys_assets.agents.dqn.config import DqnConfig
from recsys_assets.agents.dqn.curves import Look, training_figures
from recsys_assets.agents.dqn.items import ItemInputs, item_inputs
from recsys_assets.agents.dqn.network import ItemDQNPolicy, ItemQNetwork, PlainQNetwork
from recsys_assets.agents.dqn.policy import QPolicy
from recsys_assets.agents.dqn.quantile import QuantileDQN, QuantileQNetwork
from recsys_assets.agents.dqn.replay import SessionReplay
from recsys_assets.agents.dqn.teacher import TeachingVecEnv
from recsys_assets.agents.dqn.watch import Watch
from recsys_assets.agents.environments.expected import PatientSessions
from recsys_assets.agents.policies.tuned import Weights, tune_belief_policy
from recsys_assets.agents.setting import AgentSetting
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.device import Device, repeatable, torch_device

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADS: dict[str, tuple[type[DoubleDQN], type[ItemQNetwork]]] = {
    "product": (DoubleDQN, ItemQNetwork),
    "plain": (DoubleDQN, PlainQNetwork),
    "quantile": (QuantileDQN, QuantileQNetwork),
}
"""`DqnConfig.head` -> who learns, and what."""


@dataclass(frozen=True)
class DqnResult:
    """What training gave. `policy` is the best look's; `start` the supervised policy it began as."""

    policy: QPolicy
    start: Weights
    looks: tuple[Look, ...]
    best_step: int
    """0: learning added nothing on validation users, and the policy is its start."""
    steps_per_second: float
    """Movies shown in training per CPU second, updates and looks included."""
    updates_per_second: float
    stopped: str
    """Why it ended."""
    bound: float
    """The most that a session can return."""

    @property
    def start_return(self) -> float:
        """Of validation users, before any learning."""
        return self.looks[0].mean_return

    @property
    def best_return(self) -> float:
        return max(look.mean_return for look in self.looks)

    def figures(self) -> dict[str, Figure]:
        """Training curves by name."""
        return training_figures(self.looks, bound=self.bound)


def train_dqn(
    setting: AgentSetting,
    config: DqnConfig | None = None,
    *,
    seed: int,
    weights: Weights | None = None,
    device: Device = "auto",
    progress: Progress = silent,
    checkpoints: Path | None = None,
) -> DqnResult:
    """Train on simulator A of training users.

    `weights`: of the supervised start, tuned on validation users if not given.

    `checkpoints`: folder of this run; one that was killed goes on from its last look, and ends as if it had not been.
    """
    config = config or DqnConfig()
    weights = weights or tune_belief_policy(setting, config.tuning, seed=seed, progress=progress)
    model = build_agent(setting, config, item_inputs(setting.world, setting.model, weights), seed=seed, device=device)
    run = _run(setting, config, weights, seed)
    bound = setting.config.rewards.bound(setting.layout.horizon)
    watch = Watch(
        _patient(setting, "validation"),
        config,
        bound=bound,
        progress=progress,
        keep=(lambda w: write_checkpoint(checkpoints, model, w, run=run)) if checkpoints else None,
    )
    if checkpoints and read_checkpoint(checkpoints, model, watch, run=run):
        progress(f"dqn: goes on from step {model.num_timesteps:,} of {checkpoints}")
    before, updates, cpu, wall = model.num_timesteps, model._n_updates, time.process_time(), time.monotonic()
    if before < config.steps:
        left, first = config.steps - before, before == 0
        with repeatable(model.device):
            model.learn(left, callback=watch, log_interval=config.steps, reset_num_timesteps=first)
        watch.look()
    seconds, best = max(1e-9, time.process_time() - cpu), watch.best_look
    result = DqnResult(
        watch.best,
        weights,
        tuple(watch.looks),
        best.steps,
        (model.num_timesteps - before) / seconds,
        (model._n_updates - updates) / seconds,
        watch.stopped or "all steps done",
        bound,
    )
    progress(
        f"dqn: {model.num_timesteps:,} steps in {time.monotonic() - wall:.0f} s, {result.steps_per_second:.0f} steps "
        f"per CPU second; validation users {best.mean_return:.3f} at step {best.steps:,} "
        f"(start {result.start_return:.3f})"
    )
    return result


def build_agent(
    setting: AgentSetting, config: DqnConfig, items: ItemInputs, *, seed: int, device: Device = "auto"
) -> DoubleDQN:
    """The untrained agent in simulator A of training users."""
    env = TeachingVecEnv(_patient(setting, "train"), config.envs, seed=seed)
    return build_in(env, config, items, seed=seed, device=device)


def build_in(
    env: TeachingVecEnv, config: DqnConfig, items: ItemInputs, *, seed: int, device: Device = "auto"
) -> DoubleDQN:
    """The untrained agent in any sessions to learn from. `device`: a GPU where there is one."""
    sessions, (first, last) = env.sessions, config.epsilon
    replay = SessionReplay(
        config.buffer_size,
        config.envs,
        sessions.layout.width,
        min(config.network.shortlist, len(items)),
        n_steps=config.n_steps,
        gamma=config.gamma,
        seed=seed,
    )
    network = {"layout": sessions.layout, "items": items, "known": sessions.known, "config": config.network}
    algorithm, kind = HEADS[config.head]
    model = algorithm(
        ItemDQNPolicy,
        env,
        learning_rate=_falling(config.learning_rate),
        buffer_size=config.envs,  # SB3's own replay is not used
        learning_starts=config.learning_starts,
        batch_size=config.batch_size,
        gamma=config.gamma,
        train_freq=1,
        gradient_steps=config.updates_per_step,
        target_update_interval=config.target_every,
        exploration_fraction=1.0,
        exploration_initial_eps=first,
        exploration_final_eps=last,
        max_grad_norm=config.max_grad_norm,
        policy_kwargs={"kind": kind, "network": network},
        seed=seed,
        device=torch_device(device),
        replay=replay,
        explore_among=config.explore_among,
        follow_start=int(config.follow_start * config.steps),
        conservative=config.conservative,
        own_decay=config.own_decay,
        huber=config.huber,
        bound=sessions.rewards.bound(sessions.layout.horizon),
    )
    replay.device = model.device
    model.set_logger(Logger(folder=None, output_formats=[]))
    return model


def _falling(rate: float) -> Callable[[float], float]:
    """To a tenth, linearly; `remaining` falls from 1 to 0."""
    return lambda remaining: rate * (0.1 + 0.9 * remaining)


def _patient(setting: AgentSetting, group: str) -> PatientSessions:
    return PatientSessions(setting.simulator_a(group), setting.model, setting.config.rewards)  # type: ignore[arg-type]


def _run(setting: AgentSetting, config: DqnConfig, weights: Weights, seed: int) -> str:
    """What a checkpoint must agree with."""
    world = hashlib.sha256()
    movies, model = setting.world, setting.model
    for array in (movies.movies.values, movies.popularity, model.design, model.base, movies.sequence):
        world.update(np.ascontiguousarray(array).tobytes())
    described = {
        "data": world.hexdigest()[:16],
        "setting": setting.config.model_dump_json(),
        "setting_seed": setting.seed,
        "seed": seed,
        "start": asdict(weights),
        **config.model_dump(mode="json"),
    }
    return json.dumps(described, sort_keys=True)
