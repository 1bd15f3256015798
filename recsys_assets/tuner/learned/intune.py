"""The ablation: DQN (Mnih et al., 2015), global view, InTune's multiplicative reward, as far as InTune is known."""

from __future__ import annotations

from typing import Any

from recsys_assets.progress import Progress, silent
from recsys_assets.tuner.learned.policy import LearnedTuner
from recsys_assets.tuner.learned.training import TrainedTuner, TunerConfig, plain, watched
from recsys_assets.tuner.learned.vector import PipelinesVecEnv
from recsys_assets.tuner.learned.views import GlobalView
from recsys_assets.tuner.simulator.families import WIDER


def train_intune(config: TunerConfig | None = None, *, seed: int, progress: Progress = silent) -> TrainedTuner:
    """On the same pipelines, looked at like ours."""
    from stable_baselines3 import DQN
    from torch import nn

    config = config or TunerConfig()
    model = DQN(
        "MlpPolicy",
        PipelinesVecEnv(WIDER, config.envs, GlobalView(), seed=seed),
        learning_rate=config.learning_rate,
        buffer_size=200_000,
        learning_starts=10_000,
        batch_size=512,
        gamma=config.gamma,
        train_freq=1,
        gradient_steps=4,
        target_update_interval=10_000,
        exploration_fraction=0.5,
        policy_kwargs={"net_arch": [config.width] * 2},
        seed=seed,
        device="cpu",
    )

    def current() -> LearnedTuner:
        network: Any = model.q_net.q_net
        return LearnedTuner(plain([m for m in network if isinstance(m, nn.Linear)]), GlobalView(), relu=True)

    return watched(model, config, current, progress)
