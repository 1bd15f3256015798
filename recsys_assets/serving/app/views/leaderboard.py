"""Leaderboard: every model on the same frozen splits, the trade-off, and their lists side by side."""

import streamlit as st

from recsys_assets.serving.app import parts
from recsys_assets.serving.app.facts import leaderboard as facts
from recsys_assets.serving.app.figures.leaderboard import ranked_figure, tradeoff_figure
from recsys_assets.serving.app.markup import table, terms, tiles
from recsys_assets.serving.app.side_by_side import side_by_side
from recsys_assets.serving.app.store import read, settings, stamp
from recsys_assets.serving.app.when import ago

deployed = settings()
parts.heading(
    "Leaderboard",
    "Every model was fitted and scored by the same code on the same frozen splits; all movies are ranked.",
)

path = deployed.reports_dir / deployed.dataset / "leaderboard.json"
board = read(facts.leaderboard, deployed, at=stamp(path))
if board is None:
    parts.empty(f"{deployed.dataset} has no leaderboard yet", f"recsys materialize -d {deployed.dataset}")
    st.stop()

first = board.rows[0]
parts.show(
    tiles(
        [
            ("Leader", board.best, f"of {len(board.rows)} models"),
            *((m.label, m.text(first.metrics.get(m.key)), told) for m, told in facts.HEAD if m.key in first.metrics),
        ]
    )
)
parts.note(f"{board.verdict} Built {ago(board.built)}.")
with st.expander("What the figures mean"):
    parts.show(terms(facts.TERMS))

parts.section("What quality costs")
left, right = st.columns(2)
qualities, costs = board.measured(facts.QUALITY), board.measured(facts.COST)
up = left.selectbox("Upwards: quality", qualities, format_func=lambda m: m.label)
across = right.selectbox("Sideways: against", costs, format_func=lambda m: m.label)
points = facts.tradeoff(board, across, up)
front = sorted((p for p in points if p.on_front), key=lambda p: -p.up)
parts.chart(
    tradeoff_figure(points, across=across, up=up, theme=parts.theme()),
    alt=f"{up.label} against {across.label}. No other model beats {', '.join(p.model for p in front)} in both.",
    key="tradeoff",
    columns=("model", up.label, across.label),
    rows=[(p.model, f"{p.up:.4f}", f"{p.across:,.3f}") for p in sorted(points, key=lambda p: -p.up)],
)

parts.section("Ranked", f"{up.label}, with 95 % intervals over users where they were measured.")
parts.chart(
    ranked_figure(board, up, theme=parts.theme()),
    alt=f"{up.label} of every model, the best on top; the figures are in the table of the picture above.",
    key="ranked",
)

parts.section("All figures")
section = st.selectbox("Protocol", facts.sections(), format_func=lambda s: s.title)
columns, rows = facts.table_of(board, section)
parts.note(section.protocol)
parts.show(table(columns, rows, caption=section.title, numbers=range(1, len(columns)), wide=True))

side_by_side(board.models)
