"""What a training run looked like: numbers by step under Stable-Baselines3's names, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recsys_assets.recommenders.data import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Look:
    """The greedy policy on validation users after so many steps, and what training was like since the look before."""

    steps: int
    mean_return: float
    """Of validation users' sessions, expected over what need not be drawn."""
    error: float
    """Standard error of its difference to the start's, over users; 0 of the start."""
    loss: float
    max_q: float
    """The largest |Q| of a movie that was shown."""
    epsilon: float
    learning_rate: float
    rollout_return: float
    """Mean reward of training users' sessions, exploration included, as if nobody left."""
    changed: float
    """Share of the steps of validation users at which the agent shows another movie than the start would."""


def curves(looks: Sequence[Look]) -> dict[str, FloatArray]:
    """Columns of the same length by their logged names; `time/total_timesteps` is the axis."""
    names = {
        "time/total_timesteps": "steps",
        "eval/mean_reward": "mean_return",
        "rollout/ep_rew_mean": "rollout_return",
        "rollout/exploration_rate": "epsilon",
        "train/loss": "loss",
        "train/max_q": "max_q",
        "train/learning_rate": "learning_rate",
    }
    return {name: np.array([getattr(look, key) for look in looks], dtype=np.float64) for name, key in names.items()}


def training_figures(looks: Sequence[Look], *, bound: float) -> dict[str, Figure]:
    """Return, loss, Q scale and exploration over steps. `bound`: the most that a session can return."""
    drawn = curves(looks)
    steps = drawn.pop("time/total_timesteps")
    start, errors = looks[0].mean_return, np.array([look.error for look in looks])
    returns, axes = _figure("Return of validation users", "reward of a session")
    axes.plot(steps, drawn["eval/mean_reward"], marker="o", label="agent, greedy")
    axes.fill_between(
        steps,
        drawn["eval/mean_reward"] - 2 * errors,
        drawn["eval/mean_reward"] + 2 * errors,
        alpha=0.2,
        label="2 s.e. to start",
    )
    axes.axhline(start, color="black", linestyle="--", label="its start")
    axes.legend()
    loss, axes = _figure("Loss", "Huber loss of n-step returns")
    axes.plot(steps, drawn["train/loss"])
    scale, axes = _figure("Scale of Q", "largest |Q| of a shown movie")
    axes.plot(steps, drawn["train/max_q"], label="largest |Q|")
    axes.axhline(bound, color="black", linestyle="--", label="no session returns more")
    axes.legend()
    exploration, axes = _figure("Exploration", "share of explored choices")
    axes.plot(steps, drawn["rollout/exploration_rate"])
    return {"return": returns, "loss": loss, "q_scale": scale, "epsilon": exploration}


def _figure(title: str, label: str) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure as Drawn

    figure = Drawn(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel="movies shown in training", ylabel=label)
    return figure, axes
