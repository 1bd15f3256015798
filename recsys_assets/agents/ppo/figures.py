"""What a PPO run looked like, and the picture of over-optimization: proxy and truth over the distance travelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class PpoLook:
    """The greedy policy on validation users after so many steps."""

    steps: int
    truth: float
    """Mean return of their sessions: what their acts were worth."""
    error: float
    """Standard error of its difference to the start's, over users."""
    proxy: float
    """The same by the reward model."""
    kl: float
    """Nats of a decision from the reference, in training."""
    kl_weight: float


def ppo_figures(looks: Sequence[PpoLook]) -> dict[str, Figure]:
    """By name."""
    steps = np.array([look.steps for look in looks])
    truth, proxy = (np.array([getattr(look, name) for look in looks]) for name in ("truth", "proxy"))
    errors = np.array([look.error for look in looks])
    returns, axes = _figure("Return of validation users", "movies shown in training", "true return of a session")
    axes.plot(steps, truth, marker="o", label="agent, greedy")
    axes.fill_between(steps, truth - 2 * errors, truth + 2 * errors, alpha=0.2, label="2 s.e. to start")
    axes.axhline(truth[0], color="black", linestyle="--", label="its start")
    axes.legend()
    parted, axes = _figure("Proxy and truth", "square root of KL to the reference (nats)", "gain over the start")
    distance = np.sqrt(np.maximum([look.kl for look in looks], 0))
    order = np.argsort(distance, kind="stable")
    axes.plot(distance[order], (proxy - proxy[0])[order], marker="s", color="#d55e00", label="reward model (proxy)")
    axes.errorbar(
        distance[order], (truth - truth[0])[order], yerr=2 * errors[order], marker="o", color="#0072b2", label="true"
    )
    axes.axhline(0, color="black", linewidth=0.8)
    axes.legend()
    steering, axes = _figure("Divergence from the reference", "movies shown in training", "nats of a decision")
    axes.plot(steps, [look.kl for look in looks], label="KL")
    axes.plot(steps, [look.kl_weight for look in looks], label="its weight in the loss", linestyle=":")
    axes.legend()
    return {"return": returns, "proxy_and_truth": parted, "kl": steering}


def _figure(title: str, x: str, y: str) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure as Drawn

    figure = Drawn(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes
