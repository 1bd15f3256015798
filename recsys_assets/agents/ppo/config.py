"""Settings of the PPO agent; defaults by validation users of ml-latest-small."""

from __future__ import annotations

from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from recsys_assets.agents.dqn.config import NetworkConfig
from recsys_assets.agents.policies.tuned import TuningConfig


class PpoConfig(BaseModel, extra="forbid", frozen=True):
    """Of the agent's training."""

    network: NetworkConfig = NetworkConfig(start_scale=4.0)
    """The DQN's, but its outputs are logits: a star of the start's score is worth `start_scale` of them at first."""
    tuning: TuningConfig = TuningConfig()
    """Of the supervised start, where there is no champion to start from."""
    steps: PositiveInt = 120_000
    """Movies shown to simulated people while learning."""
    envs: PositiveInt = 128
    n_steps: PositiveInt = 20
    """Movies of each session between updates."""
    epochs: PositiveInt = 4
    batch_size: PositiveInt = 640
    learning_rate: PositiveFloat = 1e-3
    gamma: float = Field(default=1.0, gt=0, le=1)
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    clip: PositiveFloat = 0.2
    value_weight: NonNegativeFloat = 0.5
    entropy_weight: NonNegativeFloat = 0.0
    max_grad_norm: PositiveFloat = 1.0
    kl_target: PositiveFloat = 0.1
    """Nats of a decision that the policy may be from the reference, which its weight is steered to."""
    kl_weight: PositiveFloat = 0.2
    """At first."""
    kl_gain: PositiveFloat = 0.1
    """Share by which the weight follows an error of the whole target, after each update (Ziegler et al., 2019)."""
    look_every: PositiveInt = 5
    """Updates between looks at validation users."""
    look_seeds: PositiveInt = 10
    """Sessions of each in a look."""
    patience: NonNegativeInt = 3
    """Looks in a row whose true return is below the best while the proxy's is not, after which training stops."""
