"""PPO (Schulman et al., 2017; Stable-Baselines3) on pipelines drawn anew for every episode, whatever the view.

A view with a start begins as what it follows: the bias of the action that takes the proposal as it is, is high at
first, so that what is learned is when not to follow. Looks at pipelines of their own choose the best weights; the start
is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.evaluation.simulated import play
from recsys_assets.tuner.learned.policy import Layer, LearnedTuner, choices_of
from recsys_assets.tuner.learned.vector import PipelinesVecEnv
from recsys_assets.tuner.learned.views import ProposalView, View
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
    """At first; falls to a tenth in proportion to the steps."""
    batch_size: PositiveInt = 2950
    epochs: PositiveInt = 6
    entropy: NonNegativeFloat = 0.002
    follow: NonNegativeFloat = 1.0
    """Logit of following the proposal at first."""
    look_every: PositiveInt = 10
    """Updates between looks."""
    validation: PositiveInt = 250
    """Pipelines of a look."""
    seconds: PositiveFloat | None = None
    """Of wall time after which training stops; None: when all steps are taken."""


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
    """Decisions learned from in a CPU second."""

    @property
    def best(self) -> TunerLook:
        return max(self.looks, key=lambda look: look.quality)


def train_tuner(
    config: TunerConfig | None = None,
    *,
    seed: int,
    view: Callable[[], View] = ProposalView,
    progress: Progress = silent,
) -> TrainedTuner:
    """Some minutes of one core; the same seed gives the same tuner, unless it is stopped by the clock."""
    config = config or TunerConfig()
    model = _ppo(config, view(), seed)
    trained = watched(model, config, lambda: LearnedTuner(layers_of(model.policy), view()), progress)
    if isinstance(trained.tuner.view, ProposalView):
        trained.tuner.seen = _seen_by(trained.tuner, validation_pipelines(config))
    return trained


@dataclass
class Looks:
    """Keeps the best of what was looked at."""

    config: TunerConfig
    current: Callable[[], LearnedTuner]
    progress: Progress
    looks: list[TunerLook] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.validation, self.began = validation_pipelines(self.config), time.monotonic()

    @property
    def due(self) -> int:
        """Steps of the next look."""
        return len(self.looks) * self.config.look_every * self.config.envs * self.config.n_steps

    def take(self, steps: int) -> None:
        tuner = self.current()
        quality = float(play(tuner, self.validation, seed=0).per_pipeline.mean())
        if not self.looks or quality > max(look.quality for look in self.looks):
            self.best = tuner
        self.looks.append(TunerLook(steps, quality))
        self.progress(f"{tuner.name}: {steps:,} of {self.config.steps:,} decisions, q {quality:.4f}")

    @property
    def late(self) -> bool:
        return self.config.seconds is not None and time.monotonic() - self.began > self.config.seconds


def watched(model: Any, config: TunerConfig, current: Callable[[], LearnedTuner], progress: Progress) -> TrainedTuner:
    """Train a model of Stable-Baselines3; looks at what `current` gives."""
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger

    looks, began = Looks(config, current, progress), time.process_time()

    class Looking(BaseCallback):
        def _on_rollout_start(self) -> None:
            if self.num_timesteps >= looks.due:
                looks.take(self.num_timesteps)

        def _on_step(self) -> bool:
            return not looks.late

    model.set_logger(Logger(folder=None, output_formats=[]))
    model.learn(config.steps, callback=Looking())
    if model.num_timesteps > looks.looks[-1].steps:
        looks.take(model.num_timesteps)
    return TrainedTuner(looks.best, tuple(looks.looks), model.num_timesteps / max(1e-9, time.process_time() - began))


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


def _ppo(config: TunerConfig, view: View, seed: int) -> Any:
    from stable_baselines3 import PPO

    model = PPO(
        "MlpPolicy",
        PipelinesVecEnv(WIDER, config.envs, view, seed=seed),
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
    if view.start is not None:
        _follow(model, view, config.follow)
    return model


def _follow(model: Any, view: View, by: float) -> None:
    import torch

    starts = np.cumsum([0, *choices_of(view)[:-1]])
    with torch.no_grad():
        head: Any = model.policy.action_net
        head.weight.mul_(0.1)
        head.bias[starts + view.start] += by


def layers_of(policy: Any) -> tuple[Layer, ...]:
    """A PPO policy's weights as plain arrays."""
    from torch import nn

    return plain([m for m in policy.mlp_extractor.policy_net if isinstance(m, nn.Linear)] + [policy.action_net])


def plain(linear: list[Any]) -> tuple[Layer, ...]:
    return tuple((m.weight.detach().numpy().copy(), m.bias.detach().numpy().copy()) for m in linear)
