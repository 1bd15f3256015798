"""Settings of the DQN agent. Defaults are near what did best on validation users of ml-latest-small, in few runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from recsys_assets.agents.policies.tuned import TuningConfig


class NetworkConfig(BaseModel, extra="forbid", frozen=True):
    """Sizes of the Q-network."""

    trunk: tuple[PositiveInt, ...] = (64, 64)
    """Widths of the layers over the state."""
    width: PositiveInt = 32
    """Of phi and psi: their product is what is learned of a movie in a state."""
    product_rate: NonNegativeFloat = 0.1
    """By which phi . psi is multiplied, so that it learns slower than the rest: it has thousands of numbers to learn,
    and a session says little of each. 0: it is not learned."""
    psi: PositiveInt = 64
    """Hidden width over a movie's features."""
    pair: PositiveInt = 16
    """Hidden width over the few numbers of a state and a movie."""
    own: PositiveInt = 4_096
    """The best known movies, each of which learns a vector of its own beside its features; others have too little to
    learn it from, and 45,115 such vectors would cost more than all else in an update."""
    shortlist: PositiveInt = 50
    """Movies that the agent chooses among: the best by the start."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    quantiles: PositiveInt = 32
    """Of a return, with the head `quantile`."""
    start_scale: PositiveFloat = 0.4
    """Return that a star of the start's score is first taken to be worth; learned further."""


class DqnConfig(BaseModel, extra="forbid", frozen=True):
    """Of the agent's training."""

    network: NetworkConfig = NetworkConfig()
    tuning: TuningConfig = TuningConfig()
    """Of the supervised start."""
    head: Literal["product", "plain", "quantile"] = "product"
    """`plain`: one output a movie; `quantile`: QR-DQN. Comparisons, both."""
    steps: PositiveInt = 100_000
    """Movies shown to simulated people while learning. A model on the leaderboard is fitted three times; four times as
    many steps came no further (on validation users of ml-latest-small, at most as far as the start)."""
    envs: PositiveInt = 128
    """Sessions at once."""
    gamma: float = Field(default=1.0, gt=0, le=1)
    n_steps: PositiveInt = 20
    """Rewards that are taken from what happened before the value is asked; the horizon and more: all of them."""
    follow_start: float = Field(default=0.5, ge=0, le=1)
    """Share of the steps, the first ones, that are chosen by the start, whose value is thus learned first."""
    batch_size: PositiveInt = 1024
    buffer_size: PositiveInt = 400_000
    learning_starts: NonNegativeInt = 5_000
    learning_rate: PositiveFloat = 2e-3
    """At first; it falls linearly to a tenth. As high as this because returns of whole sessions need no bootstrap, and
    batches are large; with short `n_steps`, 3e-4 and less."""
    updates_per_step: PositiveInt = 1
    """Gradient steps after each step of all sessions."""
    target_every: PositiveInt = 8_000
    """Steps (of single sessions) between copies of the network to its target."""
    epsilon: tuple[float, float] = (0.5, 0.2)
    """Share of explored choices, from first to last."""
    explore_among: PositiveInt = 15
    """Exploration draws from so many of the highest Q-values: what lies below is known to be worse."""
    huber: PositiveFloat = 5.0
    """Error from which the loss grows linearly. Small ones would learn medians of returns instead of means."""
    conservative: NonNegativeFloat = 0.0
    """Weight of conservative Q-learning's penalty (Kumar et al., NeurIPS 2020): high Q where nobody has been."""
    own_decay: NonNegativeFloat = 1e-4
    """L2 on what is learned of single movies beside their features."""
    max_grad_norm: PositiveFloat = 10.0
    evaluate_every: PositiveInt = 20_000
    """Steps between looks at validation users; the best look is kept, and the start is one of them."""
    evaluation_seeds: PositiveInt = 20
    """Sessions of each validation user in a look."""
