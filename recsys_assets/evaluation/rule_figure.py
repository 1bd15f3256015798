"""A picture of a switch: who serves histories of which length best, and who answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from recsys_assets.evaluation.canvas import (
    FAINT,
    INK,
    MARKERS,
    Theme,
    blank,
    colour_of,
    name_axis,
    say_nothing_measured,
)
from recsys_assets.evaluation.plots import METRIC_LABEL

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREFIX = "ndcg_"
"""Of the columns of parts in a rule table."""


def rule_figure(table: pl.DataFrame, *, theme: Theme = "light") -> Figure:
    """NDCG@10 of each part by the number of ratings known; a ring marks who answers, the name of whom is below.

    `table` has `ratings_known`, `answers`, `users` and a column `ndcg_<part>` a part, null where nobody was measured.
    """
    parts = [column.removeprefix(PREFIX) for column in table.columns if column.startswith(PREFIX)]
    figure, axis = blank(7.6, 3.6, 1, 1, theme=theme)
    name_axis(axis, f"Who answers whom: {METRIC_LABEL} on validation", theme=theme)
    if not table["users"].sum():
        say_nothing_measured(axis, theme=theme)
        return figure
    for place, part in enumerate(parts):
        measured = table.with_row_index("x").drop_nulls(PREFIX + part)
        xs, values = measured["x"].to_list(), measured[PREFIX + part].to_list()
        marker = MARKERS[place % len(MARKERS)]
        axis.plot(xs, values, color=colour_of(place, theme), marker=marker, markersize=6, linewidth=1.4, label=part)
    answering = [
        (x, row[PREFIX + row["answers"]])
        for x, row in enumerate(table.to_dicts())
        if row[PREFIX + row["answers"]] is not None
    ]
    axis.scatter(*zip(*answering, strict=True), s=190, facecolors="none", edgecolors=INK[theme], linewidths=1.4)
    axis.set_xticks(
        range(len(table)),
        [f"{row['ratings_known']}\n({row['users']:,})\n{row['answers']}" for row in table.to_dicts()],
    )
    axis.set_xlim(-0.5, len(table) - 0.5)
    axis.set_ylim(0, 1.15 * max(table.select(pl.max_horizontal(pl.col(f"^{PREFIX}.*$")).max()).item(), 1e-9))
    axis.locator_params(axis="y", nbins=5)
    axis.grid(axis="y", color=FAINT[theme], linewidth=0.6)
    axis.set_xlabel("ratings known of the user (users measured), and who answers (ringed)")
    figure.legend(
        frameon=False, loc="outside lower center", ncols=min(4, len(parts)), labelcolor=INK[theme], fontsize=9
    )
    return figure
