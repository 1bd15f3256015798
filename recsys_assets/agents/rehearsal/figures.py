"""The rehearsal's picture: true return of people who gave no feedback, round by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.agents.rehearsal.rounds import Rehearsal
from recsys_assets.evaluation.bootstrap import mean_interval
from recsys_assets.evaluation.canvas import INK, Theme, blank, look_of, name_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DODGE = 0.05
"""Rounds by which arms stand beside one another, so that each interval can be seen."""


def rounds_figure(
    rehearsal: Rehearsal, *, ceiling: float | None = None, bots_from: int | None = None, theme: Theme = "light"
) -> Figure:
    """Mean and 95 % interval over people of each arm. `ceiling`: return of who knows every taste; `bots_from`: the
    round whose feedback is the first with bots in it."""
    figure, axis = blank(7.5, 4.8, 1, 1, theme=theme)
    for place, arm in enumerate(dict.fromkeys(m.arm for m in rehearsal.measured)):
        found = [m for m in rehearsal.measured if m.arm == arm]
        intervals = [mean_interval(m.per_person, seed=0) for m in found]
        rounds, (colour, marker) = np.array([m.round for m in found]), look_of(place, theme)
        means = np.array([i.mean for i in intervals])
        spread = np.array([[i.mean - i.low, i.high - i.mean] for i in intervals]).T
        axis.errorbar(rounds + DODGE * place, means, spread, color=colour, marker=marker, capsize=2, label=arm)
    if ceiling is not None:
        axis.axhline(ceiling, color=INK[theme], linestyle=":", linewidth=1, label="knows every taste")
    if bots_from is not None:
        axis.axvline(bots_from - 0.5, color=INK[theme], linestyle="--", linewidth=1, label="bots join")
    people = len(rehearsal.measured[0].per_person)
    axis.set_xlabel("rounds of feedback")
    axis.set_ylabel("true return of a session")
    axis.set_xticks(sorted({m.round for m in rehearsal.measured}))
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False, labelcolor=INK[theme])
    name_axis(axis, f"{people} people who gave no feedback: mean, 95 % interval over people", theme=theme)
    return figure
