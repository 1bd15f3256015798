"""How training from nothing went, as one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from recsys_assets.agents.from_scratch.training import ScratchResult


def scratch_figure(result: ScratchResult) -> Figure:
    """Reward beside chance and the most rated, loss, Q scale beside its bound, exploration; all over steps."""
    from matplotlib.figure import Figure as Drawn

    figure = Drawn(figsize=(11, 7), layout="constrained")
    (reward, loss), (scale, exploration) = figure.subplots(2, 2)
    steps = [look.steps for look in result.looks]
    reward.plot(steps, [look.reward for look in result.looks], marker="o", label="agent, greedy")
    reward.axhline(result.most_rated, color="black", linestyle="--", label="most rated")
    reward.axhline(result.chance, color="grey", linestyle=":", label="chance")
    reward.legend()
    loss.plot(steps, [look.loss for look in result.looks], marker="o")
    scale.plot(steps, [look.max_q for look in result.looks], marker="o", label="largest |Q|")
    scale.axhline(result.bound, color="black", linestyle="--", label="no more is possible")
    scale.legend()
    exploration.plot(steps, [look.epsilon for look in result.looks], marker="o")
    titles = ("Reward of a shown movie", "Huber loss", "Scale of Q", "Share of explored choices")
    for axes, title in zip((reward, loss, scale, exploration), titles, strict=True):
        axes.set(title=title, xlabel="movies shown in training")
    figure.suptitle(f"DQN from nothing in {result.environment}")
    return figure
