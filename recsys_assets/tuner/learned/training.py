"""PPO (Schulman et al., 2017; Stable-Baselines3) on pipelines drawn anew for every episode.

It starts as the fitted model's follower: the bias of the action that takes the proposal as it is, is high at first, so
that what is learned is when not to follow. Looks at pipelines of their own choose the best weights; the start is one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.learned.actions import CHOICES, FOLLOW
from recsys_assets.tuner.learned.policy import Layer, LearnedTuner
from recsys_assets.tuner.learned.vector import PipelinesVecEnv
from recsys_assets.tuner.learned.views import GlobalView, ProposalView
from recsys_assets.tuner.readings import Readings
from recsys_assets.tuner.simulator.families import WIDER
from recsys_assets.tuner.simulator.running import Scenario, joined, scenario

VALIDATION_SEED = 1
"""Pipelines that weights are chosen by: of the families trained on, but none that was, and none that is tested on."""


class TunerConfig(BaseModel, extra="forbid", frozen=True):
    """Of training."""

    steps: PositiveInt = 1_200_000
    envs: PositiveInt = 250
    n_steps: PositiveInt = 59
    """Decisions of each pipeline between updates: an episode."""
    width: PositiveInt = 64
    gamma: float = Field(default=0.5, ge=0, le=1)
    learning_rate: PositiveFloat = 6e-4
    batch_size: PositiveInt = 2950
    epochs: PositiveInt = 6
    entropy: NonNegativeFloat = 0.002
    follow: NonNegativeFloat = 1.0
    """Logit of following the proposal at first."""
    look_every: PositiveInt = 10
    """Updates between looks."""
    validation: PositiveInt = 250
    """Pipelines of a look."""


@dataclass(frozen=True)
class TunerLook:
    """Mean q on validation pipelines after so many decisions."""

    steps: int
    quality: float


@dataclass(frozen=True)
class TrainedTuner:
    """The best look's weights; the first look is at the start."""

    tuner: LearnedTuner
    looks: tuple[TunerLook, ...]
    steps_per_second: float


def train_tuner(config: TunerConfig | None = None, *, seed: int, progress: Progress = silent) -> TrainedTuner:
    """Some minutes of one core; the same seed gives the same tuner."""
    from stable_baselines3.common.logger import Logger

    config = config or TunerConfig()
    model = _ppo(config, seed)
    model.set_logger(Logger(folder=None, output_formats=[]))
    validation = validation_pipelines(config)
    looks, best = [_look(model, validation, 0)], tuner_of(model.policy)
    chunk, began = config.look_every * config.envs * config.n_steps, time.process_time()
    while model.num_timesteps < config.steps:
        model.learn(chunk, reset_num_timesteps=False)
        look = _look(model, validation, model.num_timesteps)
        if look.quality > max(known.quality for known in looks):
            best = tuner_of(model.policy)
        looks.append(look)
        progress(f"tuner: {look.steps:,} of {config.steps:,} decisions, q {look.quality:.4f}")
    best.seen = _seen_by(best, validation)
    return TrainedTuner(best, tuple(looks), model.num_timesteps / max(1e-9, time.process_time() - began))


def _seen_by(tuner: LearnedTuner, pipelines: Scenario) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest of each figure while `tuner` plays."""
    looked: list[NDArray[np.float32]] = []

    class Looking(ProposalView):
        def see(self, readings: Readings) -> NDArray[np.float32]:
            seen = super().see(readings)
            looked.append(seen)
            return seen

    play(LearnedTuner(tuner.layers, Looking()), pipelines, seed=1)
    every = np.concatenate(looked)
    return every.min(axis=0), every.max(axis=0)


def validation_pipelines(config: TunerConfig) -> Scenario:
    """As many of each family that is trained on."""
    each = config.validation // len(WIDER)
    return joined([scenario(f, each, seed=VALIDATION_SEED + i) for i, f in enumerate(WIDER)])


def _ppo(config: TunerConfig, seed: int) -> Any:
    import torch
    from stable_baselines3 import PPO

    model = PPO(
        "MlpPolicy",
        PipelinesVecEnv(WIDER, config.envs, ProposalView(), seed=seed),
        learning_rate=lambda left: config.learning_rate * max(0.1, left),
        n_steps=config.n_steps,
        batch_size=config.batch_size,
        n_epochs=config.epochs,
        gamma=config.gamma,
        ent_coef=config.entropy,
        policy_kwargs={"net_arch": {"pi": [config.width] * 2, "vf": [config.width] * 2}},
        seed=seed,
        device="cpu",
    )
    starts = np.cumsum([0, *CHOICES[:-1]])
    with torch.no_grad():
        head: Any = model.policy.action_net
        head.weight.mul_(0.1)
        head.bias[starts + FOLLOW] += config.follow
    return model


def tuner_of(policy: Any) -> LearnedTuner:
    """The policy's weights as plain arrays."""
    from torch import nn

    linear = [m for m in policy.mlp_extractor.policy_net if isinstance(m, nn.Linear)] + [policy.action_net]
    return LearnedTuner(tuple(map(_plain, linear)))


def _look(model: Any, validation: Scenario, steps: int) -> TunerLook:
    return TunerLook(steps, float(play(tuner_of(model.policy), validation, seed=0).per_pipeline.mean()))


def train_intune(config: TunerConfig | None = None, *, seed: int, progress: Progress = silent) -> LearnedTuner:
    """The ablation: DQN (Mnih et al., 2015) on the global view, as InTune's is described. Its last weights."""
    from stable_baselines3 import DQN
    from stable_baselines3.common.logger import Logger
    from torch import nn

    config, view = config or TunerConfig(), GlobalView()
    model = DQN(
        "MlpPolicy",
        PipelinesVecEnv(WIDER, config.envs, view, seed=seed),
        learning_rate=config.learning_rate,
        buffer_size=200_000,
        learning_starts=10_000,
        batch_size=512,
        gamma=0.9,
        train_freq=1,
        gradient_steps=4,
        target_update_interval=10_000,
        exploration_fraction=0.5,
        policy_kwargs={"net_arch": [config.width] * 2},
        seed=seed,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    model.learn(config.steps)
    progress(f"tuner: InTune's DQN trained for {model.num_timesteps:,} decisions")
    network: Any = model.q_net.q_net
    return LearnedTuner(tuple(_plain(m) for m in network if isinstance(m, nn.Linear)), GlobalView(), relu=True)


def _plain(linear: Any) -> Layer:
    return linear.weight.detach().numpy().copy(), linear.bias.detach().numpy().copy()
