"""Small pictures drawn as SVG inside a page: the history of a figure, and two histograms side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 120, 28
CHART_WIDTH, CHART_HEIGHT = 640, 200
HEADROOM = 24
"""Above the highest bar of a chart: its share is told there."""
LABEL_WIDTH, PHONE_LABEL_WIDTH = 7.5, 12.7
"""Of a character below a chart, in its own units; a phone shows the chart half as wide and its text as large."""


@dataclass(frozen=True)
class Point:
    """One run's figure."""

    when: str
    value: float | None
    passed: bool = True

    @property
    def told(self) -> str:
        shown = "no number" if self.value is None else f"{self.value:,.6g}"
        return f"{self.when}: {shown}{'' if self.passed else ', broken'}"


def sparkline(points: Sequence[Point], label: str) -> Markup:
    """A line through the figures, oldest first; runs in which the rule was broken are marked by a cross."""
    known = [p.value for p in points if p.value is not None]
    if not known:
        return Markup("")
    low, high = min(known), max(known)
    step = (WIDTH - 8) / max(1, len(points) - 1)
    placed = [
        (4 + i * step, HEIGHT / 2 if high == low else 4 + (HEIGHT - 8) * (1 - (p.value - low) / (high - low)), p)
        for i, p in enumerate(points)
        if p.value is not None
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in placed)
    marks = Markup("").join(_mark(x, y, p, last=p is placed[-1][2]) for x, y, p in placed)
    told = f"{label}, last {len(points)} runs: from {low:,.6g} to {high:,.6g}"
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" role="img" aria-label="{told}">'
        '<polyline points="{line}"/>{marks}</svg>'
    ).format(w=WIDTH, h=HEIGHT, told=told, line=line, marks=marks)


def _mark(x: float, y: float, point: Point, *, last: bool) -> Markup:
    title = Markup("<title>{}</title>").format(point.told)
    if not point.passed:
        cross = f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6"
        return Markup('<path class="bad" d="{}">{}</path>').format(cross, title)
    radius = 2.5 if last else 1.2
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}">{}</circle>').format(x, y, radius, title)


def histogram(labels: Sequence[str], counts: Sequence[int], reference: Sequence[int] | None, *, title: str) -> Markup:
    """Shares of the whole as bars; beside each, where there is one, the share in the earlier run."""
    now, before = _shares(counts), _shares(reference) if reference is not None else None
    top = max([*now, *(before or []), 1e-9])
    slot = CHART_WIDTH / max(1, len(labels))
    width = slot * (0.38 if before else 0.7)
    bars = [
        _bar(
            i * slot + slot * 0.5 - (0 if before else width / 2), width, share / top, "now", f"{name}: {share:.2%} now"
        )
        for i, (name, share) in enumerate(zip(labels, now, strict=True))
    ]
    bars += [
        _bar(i * slot + slot * 0.5 - width, width, share / top, "before", f"{name}: {share:.2%} before")
        for i, (name, share) in enumerate(zip(labels, before or [], strict=False))
    ]
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{title}">'
        '<line class="top" x1="0" x2="{w}" y1="{top}" y2="{top}"/><text x="0" y="{told}">{share}</text>{bars}'
        '<line x1="0" x2="{w}" y1="{base}" y2="{base}"/>{names}</svg>'
    ).format(
        w=CHART_WIDTH,
        h=CHART_HEIGHT + 26,
        title=escape(title),
        top=HEADROOM,
        told=HEADROOM - 5,
        share=f"{top:.0%}" if top >= 0.095 else f"{top:.1%}",
        bars=Markup("").join(bars),
        base=CHART_HEIGHT,
        names=Markup("").join(_names(labels, slot)),
    )


def _names(labels: Sequence[str], slot: float) -> Iterator[Markup]:
    """As many as fit below the bars; those that a phone has no room for are marked."""
    longest = max((len(name) for name in labels), default=1)
    every = max(1, math.ceil((longest + 1) * LABEL_WIDTH / slot))
    phone = every * max(1, math.ceil((longest + 1) * PHONE_LABEL_WIDTH / (slot * every)))
    for i, name in enumerate(labels):
        if i % every == 0:
            kind = Markup(' class="roomy"') if i % phone else ""
            yield Markup('<text{} x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                kind, i * slot + slot / 2, CHART_HEIGHT + 20, name
            )


def _bar(x: float, width: float, share: float, kind: str, told: str) -> Markup:
    height = share * (CHART_HEIGHT - HEADROOM)
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
    ).format(kind, x, CHART_HEIGHT - height, width, height, told)


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts)
    return [count / whole if whole else 0.0 for count in counts]
