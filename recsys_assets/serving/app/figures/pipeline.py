"""The stages of the asset graph as boxes, in the order of the data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import plotly.graph_objects as go

from recsys_assets.serving.app.facts.pipeline import TONES, WORDS, Stage
from recsys_assets.serving.app.markup import plain
from recsys_assets.serving.app.theme import PANEL, Theme, ink, soft, styled, tone

WIDTH, ALONE, HEIGHT = 0.92, 1.3, 0.56
"""Of a box, where neighbours are 1 apart, and of one without neighbours: a phone has room for its name then."""
MARKS = {"fresh": "●", "stale": "◐", "missing": "○", "failed": "✕"}
"""A state is never told by its colour alone."""


def stages_figure(stages: Sequence[Stage], *, theme: Theme) -> go.Figure:
    """A row a depth, from top to bottom: it fits a phone as well as a desk."""
    places = _places(stages)
    beside = Counter(y for _, y in places.values())
    figure = go.Figure()
    for stage in stages:
        x, y = places[stage.name]
        for above in stage.needs:
            ax, ay = places[above]
            if ay != y:
                figure.add_shape(
                    type="path",
                    path=f"M {ax} {ay - HEIGHT / 2} C {ax} {(ay + y) / 2}, {x} {(ay + y) / 2}, {x} {y + HEIGHT / 2}",
                    line={"color": soft(theme), "width": 1},
                    opacity=0.5,
                    layer="below",
                )
    for stage in stages:
        x, y = places[stage.name]
        colour, width = tone(theme, TONES[stage.state]), ALONE if beside[y] == 1 else WIDTH
        figure.add_shape(
            type="rect",
            x0=x - width / 2, x1=x + width / 2, y0=y - HEIGHT / 2, y1=y + HEIGHT / 2,
            fillcolor=PANEL[theme],
            line={"color": colour, "width": 2},
        )  # fmt: skip
        figure.add_annotation(
            x=x, y=y, showarrow=False,
            text=f"<b>{plain(stage.name)}</b><br><span style='color:{colour}'>{MARKS[stage.state]}</span> "
            + _short(stage),
            font={"color": ink(theme), "size": 12},
        )  # fmt: skip
    figure.add_scatter(
        x=[places[s.name][0] for s in stages],
        y=[places[s.name][1] for s in stages],
        mode="markers",
        marker={"size": 44, "opacity": 0},
        text=[f"<b>{plain(s.name)}</b><br>{s.words}; {WORDS[s.state]}<br>{_assets(s)}" for s in stages],
        hovertemplate="%{text}<extra></extra>",
    )
    rows = len(beside)
    reach = max(abs(x) for x, _ in places.values()) + 0.5
    figure.update_layout(
        xaxis={"visible": False, "range": [-reach, reach]},
        yaxis={"visible": False, "range": [-rows + 0.5, 0.5]},
        showlegend=False,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
    )
    return styled(figure, theme, height=max(240, 88 * rows))


def _places(stages: Sequence[Stage]) -> dict[str, tuple[float, float]]:
    by_depth = defaultdict(list)
    for stage in stages:
        by_depth[stage.depth].append(stage.name)
    found = {}
    for row, depth in enumerate(sorted(by_depth)):
        names = by_depth[depth]
        for place, name in enumerate(names):
            found[name] = (place - (len(names) - 1) / 2, float(-row))
    return found


def _short(stage: Stage) -> str:
    fresh = stage.counts.get("fresh", 0)
    return f"{fresh} of {len(stage.assets)}" if fresh < len(stage.assets) else f"all {len(stage.assets)}"


def _assets(stage: Stage) -> str:
    names = [plain(a.name) for a in stage.assets]
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
