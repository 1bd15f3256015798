"""Pictures of evaluations: data -> matplotlib Figure, then PNG bytes or an image inside markdown.

Figures are made without pyplot, so nothing is global and no display is asked for. Colours tell models apart for the
colour-blind too (Okabe and Ito 2008), and markers do beside them. Axes of shares and NDCG begin at 0.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from recsys_assets.evaluation.labels import place_labels
from recsys_assets.evaluation.results import Evaluation, RankingResult
from recsys_assets.evaluation.significance import PairedDifference, mean_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Theme = Literal["light", "dark"]
METRIC, METRIC_LABEL = "ndcg_at_10", "NDCG@10"
HISTORY_EDGES = (0, 20, 50, 100, 200, 500)
"""Upper ends of the buckets of history length; the last bucket is open."""
MARKERS = "osD^vPX*"
DPI = 110
EXACT = {"light": "#1f5fa8", "dark": "#6db1f2"}
SERIES = {
    "light": ("#0072b2", "#d55e00", "#008060", "#a8559a", "#b07900", "#3f3f3f", "#2f8fc4", "#8a3a00"),
    "dark": ("#6db1f2", "#ff9a56", "#3fcf9f", "#e8a3d4", "#f0c24a", "#c9c9c9", "#9ad8ff", "#d7a07a"),
}
PAPER = {"light": "#ffffff", "dark": "#171b21"}
INK = {"light": "#1b1f24", "dark": "#e8eaed"}
FAINT = {"light": "#d5d9de", "dark": "#3a424d"}


@dataclass(frozen=True)
class Bar:
    """One horizontal bar: its name and the mean with its interval."""

    label: str
    value: PairedDifference
    emphasized: bool = False


def ranking_figure(evaluation: Evaluation, *, theme: Theme = "light") -> Figure:
    """One model: NDCG@10 under each protocol with its 95 % interval, and by how much it knew of the user."""
    bars = [
        Bar(f"{_title(result)}\n{who} ({len(users)})", _interval(users, evaluation.seed))
        for result in evaluation.rankings
        for who, users in _groups(result)
    ]
    result = _history_result(evaluation)
    height = max(2.8, 0.9 + 0.52 * max(1, len(bars)))
    figure, (left, right) = _figure(8.4, height, 1, 2, theme=theme, ratios=(1.15, 1))
    _draw_bars(left, bars, theme=theme)
    left.set_title(f"{evaluation.model}: {METRIC_LABEL}, 95 % interval")
    _draw_histories(right, [(evaluation.model, 0, result)] if result else [], theme=theme)
    return figure


def quality_figure(evaluations: Sequence[Evaluation], *, best: str = "", theme: Theme = "light") -> Figure:
    """NDCG@10 of each model on temporal test (warm users) and on leave-one-out, with 95 % intervals."""
    panels = [
        ("After a date, users known before", "temporal_test", True),
        ("Each user's last movie", "loo_test", False),
    ]
    height = max(2.4, 1.1 + 0.42 * len(evaluations))
    figure, axes = _figure(8.4, height, 1, 2, theme=theme)
    for axis, (title, protocol, warm_only) in zip(axes, panels, strict=True):
        bars, count = [], 0
        for evaluation in evaluations:
            result = evaluation.ranking(protocol)
            users = _warm(result) if result and warm_only else result.per_user if result else None
            if users is not None and len(users):
                count = len(users)
                bars.append(Bar(evaluation.model, _interval(users, evaluation.seed), evaluation.model == best))
        _draw_bars(axis, bars, theme=theme)
        axis.set_title(f"{title} ({count} users)")
        axis.set_xlabel(f"{METRIC_LABEL}, 95 % interval")
    return figure


def tradeoff_figure(
    evaluations: Sequence[Evaluation], *, against: Literal["coverage", "speed"] = "coverage", theme: Theme = "light"
) -> Figure:
    """NDCG@10 of each model against the share of the catalogue it shows, or the milliseconds it takes per user."""
    figure, axis = _figure(4.9, 3.4, 1, 1, theme=theme)
    results = [(place, e, _history_result(e)) for place, e in enumerate(evaluations)]
    points = [
        (place, e.model, 100 * r.coverage if against == "coverage" else e.recommend_ms_per_user, r.at[0].ndcg)
        for place, e, r in results
        if r is not None
    ]
    for place, model, x, y in points:
        axis.scatter([x], [y], s=64, color=_colour(place, theme), marker=MARKERS[place % len(MARKERS)], label=model)
    axis.set_ylabel(METRIC_LABEL)
    axis.set_ylim(0, 1.25 * max((p[3] for p in points), default=1.0) or 1.0)
    if against == "coverage":
        axis.set_xlim(0, 1.2 * max((p[2] for p in points), default=1.0) or 1.0)
        axis.set_xlabel("share of the catalogue shown to anyone, %")
    else:
        axis.set_xscale("log")
        axis.margins(x=0.25)
        axis.set_xlabel("milliseconds per user, logarithmic")
    axis.set_title(f"Quality against {against}" + (f", {_title(results[0][2])}" if results and results[0][2] else ""))
    axis.grid(color=FAINT[theme], linewidth=0.6)
    place_labels(figure, axis, [(model, x, y) for _, model, x, y in points], colour=INK[theme])
    return figure


def history_figure(evaluations: Sequence[Evaluation], *, theme: Theme = "light") -> Figure:
    """Mean NDCG@10 of each model by the number of ratings it knew of the user."""
    figure, axis = _figure(8.4, 3.2, 1, 1, theme=theme)
    found = [(e.model, place, _history_result(e)) for place, e in enumerate(evaluations)]
    _draw_histories(axis, [(model, place, result) for model, place, result in found if result], theme=theme)
    if found:
        legend = axis.legend(frameon=False, ncols=1, loc="upper left", bbox_to_anchor=(1.0, 1.0), labelcolor=INK[theme])
        legend.set_in_layout(True)
    return figure


def history_buckets(per_user: pl.DataFrame, *, metric: str = METRIC) -> pl.DataFrame:
    """`bucket`, `users`, `mean` by history length, in order; buckets nobody is in are left out."""
    labels = [_bucket_label(i) for i in range(len(HISTORY_EDGES) + 1)]
    bucket = pl.col("n_history").cut(list(map(float, HISTORY_EDGES)), labels=labels)
    return (
        per_user.group_by(bucket.cast(pl.String).alias("bucket"))
        .agg(users=pl.len(), mean=pl.col(metric).mean(), shortest=pl.col("n_history").min())
        .sort("shortest")
        .drop("shortest")
    )


def png_bytes(figure: Figure) -> bytes:
    """The figure as PNG, of some tens of kilobytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, facecolor=figure.get_facecolor(), metadata={"Software": None})
    return buffer.getvalue()


def data_uri(figure: Figure) -> str:
    """The figure as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png_bytes(figure)).decode("ascii")


def markdown_image(figure: Figure, *, alt: str = "plot") -> str:
    """The figure as a markdown image that needs no other file."""
    return f"![{alt}]({data_uri(figure)})"


def _figure(
    width: float, height: float, rows: int, columns: int, *, theme: Theme, ratios: Sequence[float] | None = None
) -> tuple[Figure, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor=PAPER[theme])
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, gridspec_kw={"width_ratios": ratios} if ratios else None)
    for axis in figure.axes:
        axis.set_facecolor(PAPER[theme])
        axis.tick_params(colors=INK[theme], labelsize=9, length=0)
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.spines["bottom"].set_color(FAINT[theme])
        axis.set_axisbelow(True)
        for text in (axis.xaxis.label, axis.yaxis.label, axis.title):
            text.set_color(INK[theme])
            text.set_fontsize(10 if text is axis.title else 9)
    return figure, axes


def _draw_bars(axis: Axes, bars: Sequence[Bar], *, theme: Theme) -> None:
    """Bars from 0, best-first as given, the value beside the end of its interval."""
    if not bars:
        _say_nothing_measured(axis, theme=theme)
        return
    places = list(range(len(bars)))[::-1]
    any_emphasis = any(b.emphasized for b in bars)
    means = [b.value.mean for b in bars]
    spread = [[b.value.mean - b.value.low for b in bars], [b.value.high - b.value.mean for b in bars]]
    drawn = axis.barh(places, means, height=0.62, color=EXACT[theme])
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


def _draw_histories(axis: Axes, found: Sequence[tuple[str, int, RankingResult]], *, theme: Theme) -> None:
    """A line a model over buckets of history length; the users of each bucket under its name."""
    if not found:
        _say_nothing_measured(axis, theme=theme)
        return
    highest = 0.0
    for model, place, result in found:
        buckets = history_buckets(result.per_user)
        means = buckets["mean"].to_list()
        highest = max([highest, *means])
        look = {"color": _colour(place, theme), "marker": MARKERS[place % len(MARKERS)]}
        axis.plot(range(len(means)), means, label=model, linewidth=1.6, markersize=6, **look)
    buckets = history_buckets(found[0][2].per_user)
    names = [f"{b}\n({n})" for b, n in zip(buckets["bucket"], buckets["users"], strict=True)]
    axis.set_xticks(range(len(names)), names)
    axis.set_xlim(-0.4, len(names) - 0.6)
    axis.set_ylim(0, 1.2 * highest or 1.0)
    axis.locator_params(axis="y", nbins=5)
    axis.grid(axis="y", color=FAINT[theme], linewidth=0.6)
    axis.set_xlabel("ratings known of the user (users)")
    axis.set_title(f"{METRIC_LABEL} by history, {_title(found[0][2])}")


def _say_nothing_measured(axis: Axes, *, theme: Theme) -> None:
    axis.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axis.transAxes, color=INK[theme])
    axis.set_xticks([])
    axis.set_yticks([])


def _groups(result: RankingResult) -> list[tuple[str, pl.DataFrame]]:
    """Warm and cold users apart where there are both."""
    split = [("known users", _warm(result)), ("new users", result.per_user.filter("is_cold"))]
    return [(who, users) for who, users in split if len(users)]


def _warm(result: RankingResult) -> pl.DataFrame:
    return result.per_user.filter(~pl.col("is_cold"))


def _interval(users: pl.DataFrame, seed: int) -> PairedDifference:
    return mean_interval(users[METRIC].to_numpy(), seed=seed)


def _history_result(evaluation: Evaluation) -> RankingResult | None:
    """Leave-one-out where measured: most users, of all histories."""
    return evaluation.ranking("loo_test") or evaluation.ranking("temporal_test")


def _title(result: RankingResult) -> str:
    return result.protocol.replace("loo", "leave-one-out").replace("_", " ")


def _bucket_label(bucket: int) -> str:
    if bucket == 0:
        return "none"
    if bucket == len(HISTORY_EDGES):
        return f"over {HISTORY_EDGES[-1]}"
    return f"{HISTORY_EDGES[bucket - 1] + 1}-{HISTORY_EDGES[bucket]}"


def _colour(place: int, theme: Theme) -> str:
    return SERIES[theme][place % len(SERIES[theme])]
