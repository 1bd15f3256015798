"""Where a DQN can learn from nothing, and the settings of its learning."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from recsys_assets.agents.dqn.config import NetworkConfig

Environment = Literal["LoggedSession-v0", "RatedCatalogue-v0", "RandomUsers-v0"]
ENVIRONMENTS: tuple[Environment, ...] = get_args(Environment)


class ScratchConfig(BaseModel, extra="forbid", frozen=True):
    """Of learning; the sizes are seed 4's, the rest is the custom of DQN."""

    network: NetworkConfig = NetworkConfig(trunk=(128, 64))
    steps: PositiveInt = 50_000
    """Movies shown while learning."""
    envs: PositiveInt = 32
    """Sessions at once."""
    gamma: float = Field(default=0.95, ge=0, lt=1)
    batch_size: PositiveInt = 128
    memory: PositiveInt = 20_000
    """Transitions that are kept, the last ones."""
    learning_starts: NonNegativeInt = 1_000
    learning_rate: PositiveFloat = 3e-4
    target_every: PositiveInt = 2_000
    """Steps between copies of the network to its target."""
    epsilon: tuple[float, float] = (1.0, 0.05)
    """Share of explored choices, from first to last."""
    explore_known: NonNegativeFloat = 3.0
    """Power of a movie's renown (0-1) in the chance that exploration shows it; 0: all movies alike."""
    max_grad_norm: PositiveFloat = 10.0
    evaluate_every: PositiveInt = 10_000
    """Steps between looks at validation users."""
    judged: tuple[PositiveInt, PositiveInt] = (128, 20)
    """Sessions side by side in a look, and movies shown in each column."""
