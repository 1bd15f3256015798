"""What `recsys evaluate` prints: tables for a terminal, sentences, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.groups import KINDS
from recsys_assets.evaluation.measured import Figure, Measured, difference, interval_text
from recsys_assets.evaluation.seed_windows import FEWEST_RATINGS, LENGTH, STRIDE, WindowTable

if TYPE_CHECKING:
    from rich.table import Table

    from recsys_assets.evaluation.standing import Standing


def tables(measured: Sequence[Measured], *, protocol: str, dataset: str) -> list[Table]:
    """Figures with intervals, a column a model; differences from the first; quality by group of users."""
    first = measured[0]
    seeds = ", ".join(map(str, first.seeds))
    figures = _table(f"{protocol} · {dataset} · seed {seeds}", ["", *(m.model for m in measured)])
    by_key = [{f.measure.key: f for f in m.figures} for m in measured]
    for key in dict.fromkeys(f.measure.key for m in measured for f in m.figures):
        label = next(found[key] for found in by_key if key in found).measure.label
        figures.add_row(label, *(found[key].text if key in found else "–" for found in by_key))
    figures.add_row("CPU seconds", *(f"{m.cpu_seconds:,.1f}" for m in measured))
    figures.caption = f"{first.population}. In brackets: 95 % bootstrap interval over users."
    shown = [figures]
    for other in measured[1:]:
        against = _table(f"{first.model} - {other.model}, paired by user", ["", "difference", "beyond chance"])
        for figure in difference(first, other, seed=first.seeds[0]):
            against.add_row(
                figure.measure.label, f"{figure.value:+.4f} {_signed(figure)}", _verdict(figure, first, other)
            )
        shown.append(against)
    return shown + ([_groups(measured)] if any(m.groups for m in measured) else [])


def lines(measured: Sequence[Measured], stands: Sequence[Standing | None], *, protocol: str) -> list[str]:
    """How each stands beside the leaderboard, and figures by seed where there are several."""
    said = [stand.sentence(m.model) for m, stand in zip(measured, stands, strict=True) if stand]
    for m in measured if len(measured[0].seeds) > 1 else ():
        key = "rmse" if protocol == "five-fold" else "ndcg_at_20" if protocol == "ml1m-ultragcn" else "ndcg_at_10"
        found = ", ".join(f"{seed}: {figures[key]:.4f}" for seed, figures in m.by_seed.items())
        said.append(f"{m.model}, {key} by seed: {found}.")
    return said


def as_json(
    measured: Sequence[Measured], stands: Sequence[Standing | None], *, protocol: str, dataset: str
) -> dict[str, Any]:
    first = measured[0]
    return {
        "protocol": protocol,
        "dataset": dataset,
        "models": [m.to_json() for m in measured],
        "differences": [
            {
                "model": first.model,
                "minus": other.model,
                "figures": {f.measure.key: f.to_json() for f in difference(first, other, seed=first.seeds[0])},
            }
            for other in measured[1:]
        ],
        "leaderboard": [
            None if s is None else {"figure": s.measure.key, "best": s.best_model, "value": s.best, "behind": s.behind}
            for s in stands
        ],
    }


def windows_table(found: Sequence[WindowTable], *, dataset: str, seed: int) -> Table:
    """One row a way of ranking, HR@10 and NDCG@10 of both splits."""
    heads = [f"{figure}\n{t.how}" for t in found for figure in ("HR@10", "NDCG@10")]
    table = _table(f"seed-windows · {dataset} · seed {seed}", ["", *heads, "CPU seconds"])
    for rows in zip(*(t.scores for t in found), strict=True):
        figures = [
            f for s in rows for f in (f"{s.hit_rate.mean:.3f} {interval_text(s.hit_rate, 3)}", f"{s.ndcg.mean:.3f}")
        ]
        table.add_row(rows[0].model, *figures, f"{sum(s.cpu_seconds for s in rows):,.1f}")
    counts = "; ".join(f"split {t.how}: {t.n_train:,} training, {t.n_test:,} test" for t in found)
    table.caption = (
        f"Windows of {LENGTH} movies, {STRIDE} apart; all {found[0].n_movies:,} movies of at least {FEWEST_RATINGS} "
        f"ratings are ranked. {counts}. In brackets: 95 % bootstrap interval over windows."
    )
    return table


def windows_lines(found: Sequence[WindowTable]) -> list[str]:
    """Why the figures of the random split are worth nothing."""
    shares = " and ".join(f"{100 * t.leaked_share:.0f} % split {t.how}" for t in found)
    return [
        "This protocol leaks; it is shown as a warning, not as a measure. Of its test windows, these have the step "
        f"from the last movie to the one to be found inside a training window of the same user: {shares}. A look-up of "
        "that step needs no model; what a model reaches on the random split it may have reached by remembering.",
        "For figures that mean something: recsys evaluate --protocol leave-one-out.",
    ]


def windows_json(found: Sequence[WindowTable], *, dataset: str, seed: int) -> dict[str, Any]:
    return {"protocol": "seed-windows", "dataset": dataset, "seed": seed, "splits": [asdict(t) for t in found]}


def _groups(measured: Sequence[Measured]) -> Table:
    table = _table("NDCG@10 by group of users", ["", "users", *(m.model for m in measured)])
    by_key = [{g.key: g for g in m.groups} for m in measured]
    for group in measured[0].groups:
        cells = [f"{g.ndcg.mean:.3f} {interval_text(g.ndcg, 3)}" for found in by_key if (g := found.get(group.key))]
        table.add_row(f"{KINDS[group.kind]}: {group.label}", f"{group.n:,}", *cells)
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), box=SIMPLE_HEAD, title_justify="left", caption_justify="left", show_edge=False)
    for place, column in enumerate(columns):
        table.add_column(escape(column), justify="right" if place else "left", no_wrap=place == 0)
    return table


def _signed(figure: Figure) -> str:
    interval = figure.interval
    return "" if interval is None else f"[{interval.low:+.4f}, {interval.high:+.4f}]"


def _verdict(figure: Figure, first: Measured, other: Measured) -> str:
    """Which model is better, where the interval is on one side of 0."""
    interval = figure.interval
    if interval is None or interval.low <= 0 <= interval.high:
        return "no"
    higher = first if interval.low > 0 else other
    lower = other if higher is first else first
    return f"{(lower if figure.measure.better == 'lower' else higher).model} better"
