"""A picture of what a user watches beside what a model shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.evaluation.canvas import FAINT, INK, Theme, blank, colour_of, name_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BAR_HEIGHT = 0.38


@dataclass(frozen=True)
class PairedShares:
    """One genre: its share of the history and of the list, each from 0 to 1."""

    label: str
    profile: float
    listed: float


def profile_figure(shares: Sequence[PairedShares], *, title: str, listed_by: str, theme: Theme = "light") -> Figure:
    """Two bars a genre, in the order given from above; `listed_by` names whose list it is."""
    figure, axis = blank(6.2, 1.3 + 0.36 * max(1, len(shares)), 1, 1, theme=theme)
    series = (
        ("watched, recent ones counted more", [s.profile for s in shares], -BAR_HEIGHT / 2),
        (f"recommended by {listed_by}", [s.listed for s in shares], BAR_HEIGHT / 2),
    )
    for place, (label, values, aside) in enumerate(series):
        ys = [y + aside for y in range(len(shares))]
        axis.barh(ys, [100 * v for v in values], height=BAR_HEIGHT, color=colour_of(place, theme), label=label)
        for y, value in zip(ys, values, strict=True):
            axis.annotate(
                f"{100 * value:.0f}",
                (100 * value, y),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=INK[theme],
            )
    axis.set_yticks(range(len(shares)), [s.label for s in shares])
    axis.set_ylim(max(1, len(shares)) - 0.4, -0.6)
    axis.set_xlim(0, 108 * max([max(s.profile, s.listed) for s in shares], default=1.0) or 100.0)
    axis.locator_params(axis="x", nbins=6)
    axis.grid(axis="x", color=FAINT[theme], linewidth=0.6)
    axis.set_xlabel("share, %; a movie of several genres is divided among them")
    name_axis(axis, title, theme=theme)
    figure.legend(frameon=False, loc="outside lower center", ncols=2, labelcolor=INK[theme], fontsize=9)
    return figure
