"""Pictures of evaluations: data -> matplotlib Figure. Axes of shares and NDCG begin at 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from recsys_assets.evaluation.bootstrap import Interval, mean_interval
from recsys_assets.evaluation.canvas import BAR, FAINT, INK, Theme, blank, look_of, name_axis, say_nothing_measured
from recsys_assets.evaluation.results import Evaluation, RankingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRIC, METRIC_LABEL = "ndcg_at_10", "NDCG@10"
HISTORY_EDGES = (0, 20, 50, 100, 200)
"""Upper ends of the buckets of history length; the last bucket is open."""
HISTORY_MODELS = 6
"""More, and neither points nor names can be told apart."""


@dataclass(frozen=True)
class Bar:
    """One horizontal bar: its name and the mean with its interval."""

    label: str
    value: Interval
    emphasized: bool = False


@dataclass(frozen=True)
class Panel:
    """What a panel of the quality figure shows."""

    title: str
    protocol: str
    warm_only: bool

    def users(self, evaluation: Evaluation) -> pl.DataFrame | None:
        """The per-user figures that count; None where the protocol was not measured."""
        result = evaluation.ranking(self.protocol)
        return None if result is None else _warm(result) if self.warm_only else result.per_user


PANELS = (
    Panel("After a date: users known before", "temporal_test", warm_only=True),
    Panel("Each user's last movie: users", "loo_test", warm_only=False),
)


@dataclass(frozen=True)
class HistoryBucket:
    """Users of whom about as many ratings were known; `label` says how many, `value.n` how many users."""

    label: str
    value: Interval


def ranking_figure(evaluation: Evaluation, *, theme: Theme = "light") -> Figure:
    """One model: NDCG@10 under each protocol with its 95 % interval, and by how much it knew of the user."""
    bars = [
        Bar(f"{protocol_title(result)}\n{who} ({len(users)})", _interval(users, evaluation.seed))
        for result in evaluation.rankings
        for who, users in _groups(result)
    ]
    result = history_result(evaluation)
    height = max(2.8, 0.9 + 0.52 * max(1, len(bars)))
    figure, (left, right) = blank(9.2, height, 1, 2, theme=theme, ratios=(1.1, 1))
    _draw_bars(left, bars, theme=theme)
    name_axis(left, f"{evaluation.model}: {METRIC_LABEL}", theme=theme)
    left.set_xlabel("mean and 95 % interval (users)")
    _draw_histories(right, [(evaluation, result)] if result else [], theme=theme)
    return figure


def quality_figure(
    evaluations: Sequence[Evaluation], *, panels: Sequence[Panel] = PANELS, best: str = "", theme: Theme = "light"
) -> Figure:
    """NDCG@10 of each model with 95 % intervals, a panel a protocol; `best` is set off from the others."""
    height = max(2.4, 1.1 + 0.42 * len(evaluations))
    figure, _ = blank(4.5 * len(panels), height, 1, len(panels), theme=theme)
    for axis, panel in zip(figure.axes, panels, strict=True):
        shown = [(e, panel.users(e)) for e in evaluations]
        bars = [Bar(e.model, _interval(u, e.seed), e.model == best) for e, u in shown if u is not None and len(u)]
        _draw_bars(axis, bars, theme=theme)
        name_axis(axis, panel.title + (f" ({bars[0].value.n})" if bars else ""), theme=theme)
        axis.set_xlabel(f"{METRIC_LABEL}, mean and 95 % interval")
    return figure


def history_figure(evaluations: Sequence[Evaluation], *, theme: Theme = "light") -> Figure:
    """Mean NDCG@10 of the first `HISTORY_MODELS` models by the number of ratings they knew of the user."""
    shown = evaluations[:HISTORY_MODELS]
    figure, axis = blank(4.9, 3.6, 1, 1, theme=theme)
    found = [(evaluation, history_result(evaluation)) for evaluation in shown]
    _draw_histories(axis, [(evaluation, result) for evaluation, result in found if result], theme=theme)
    if axis.get_legend_handles_labels()[0]:
        columns = min(3, len(shown))
        figure.legend(frameon=False, loc="outside lower center", ncols=columns, labelcolor=INK[theme], fontsize=9)
    return figure


def history_buckets(per_user: pl.DataFrame, *, seed: int, metric: str = METRIC) -> tuple[HistoryBucket, ...]:
    """Means by history length, in order; buckets nobody is in are left out."""
    bucket = np.searchsorted(HISTORY_EDGES, per_user["n_history"].to_numpy())
    figures = per_user[metric].to_numpy()
    return tuple(
        HistoryBucket(_bucket_label(place), mean_interval(figures[bucket == place], seed=seed))
        for place in np.unique(bucket).tolist()
    )


def _draw_bars(axis: Axes, bars: Sequence[Bar], *, theme: Theme) -> None:
    """Bars from 0, best-first as given, the value beside the end of its interval."""
    if not bars:
        say_nothing_measured(axis, theme=theme)
        return
    places = list(range(len(bars)))[::-1]
    any_emphasis = any(b.emphasized for b in bars)
    means = [b.value.mean for b in bars]
    spread = [[b.value.mean - b.value.low for b in bars], [b.value.high - b.value.mean for b in bars]]
    drawn = axis.barh(places, means, height=0.62, color=BAR[theme])
    for bar, patch in zip(bars, drawn.patches, strict=True):
        patch.set_alpha(1.0 if bar.emphasized or not any_emphasis else 0.55)
    axis.errorbar(means, places, xerr=spread, fmt="none", ecolor=INK[theme], elinewidth=1.1, capsize=3)
    for bar, place in zip(bars, places, strict=True):
        axis.annotate(
            f"{bar.value.mean:.3f}",
            (max(bar.value.high, bar.value.mean), place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=INK[theme],
            fontsize=9,
            fontweight="bold" if bar.emphasized else "normal",
        )
    axis.set_yticks(places, [b.label for b in bars])
    axis.set_xlim(0, 1.22 * max([b.value.high for b in bars]) or 1.0)
    axis.locator_params(axis="x", nbins=5)
    axis.grid(axis="x", color=FAINT[theme], linewidth=0.6)


def _draw_histories(axis: Axes, found: Sequence[tuple[Evaluation, RankingResult]], *, theme: Theme) -> None:
    """A point and interval for each model in each bucket of history length; the users of a bucket under its name."""
    if not found:
        say_nothing_measured(axis, theme=theme)
        return
    buckets: tuple[HistoryBucket, ...] = ()
    highest = 0.0
    for place, (evaluation, result) in enumerate(found):
        buckets = history_buckets(result.per_user, seed=evaluation.seed)
        values = [b.value for b in buckets]
        aside = 0.6 * ((place + 0.5) / len(found) - 0.5)
        colour, marker = look_of(place, theme)
        axis.errorbar(
            [x + aside for x in range(len(values))],
            [v.mean for v in values],
            yerr=[[v.mean - v.low for v in values], [v.high - v.mean for v in values]],
            label=evaluation.model,
            linestyle="none",
            elinewidth=1.1,
            markersize=6,
            color=colour,
            marker=marker,
            clip_on=False,
        )
        highest = max([highest, *(v.high for v in values)])
    axis.set_xticks(range(len(buckets)), [f"{b.label}\n({b.value.n})" for b in buckets])
    axis.tick_params(axis="x", pad=7)
    axis.set_xlim(-0.5, len(buckets) - 0.5)
    axis.set_ylim(0, 1.1 * highest or 1.0)
    axis.locator_params(axis="y", nbins=5)
    axis.grid(axis="y", color=FAINT[theme], linewidth=0.6)
    axis.set_xlabel("ratings known of the user (users)")
    name_axis(axis, f"By history, {protocol_title(found[0][1])}: {METRIC_LABEL}", theme=theme)


def _groups(result: RankingResult) -> list[tuple[str, pl.DataFrame]]:
    """Warm and cold users apart where there are both."""
    split = [("known users", _warm(result)), ("new users", result.per_user.filter("is_cold"))]
    return [(who, users) for who, users in split if len(users)]


def _warm(result: RankingResult) -> pl.DataFrame:
    return result.per_user.filter(~pl.col("is_cold"))


def _interval(users: pl.DataFrame, seed: int) -> Interval:
    return mean_interval(users[METRIC].to_numpy(), seed=seed)


def history_result(evaluation: Evaluation) -> RankingResult | None:
    """Leave-one-out where measured: most users, of all histories."""
    return evaluation.ranking("loo_test") or evaluation.ranking("temporal_test")


def protocol_title(result: RankingResult) -> str:
    return result.protocol.replace("loo", "leave-one-out").replace("_", " ")


def _bucket_label(bucket: int) -> str:
    if bucket == 0:
        return "none"
    if bucket == len(HISTORY_EDGES):
        return f"over {HISTORY_EDGES[-1]}"
    return f"{HISTORY_EDGES[bucket - 1] + 1}-{HISTORY_EDGES[bucket]}"
