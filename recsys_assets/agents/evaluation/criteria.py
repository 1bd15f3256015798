"""What was asked of an agent, what was found, and whether that is it: one row a demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recsys_assets.agents.evaluation.comparison import Comparison
from recsys_assets.agents.evaluation.next_movie import NextMovie
from recsys_assets.agents.evaluation.rivals import HEURISTIC
from recsys_assets.agents.evaluation.trainings import Trained
from recsys_assets.agents.evaluation.verdict import ASKED

WITHIN, PERSONAL, LOST = 0.1, 0.5, 0.005
"""Share by which the return may fall in simulator B; least personalization; hit rate that the agent may lose."""


@dataclass(frozen=True)
class Criterion:
    """One demand."""

    asked: str
    found: str
    met: bool


def criteria(
    held_out: Comparison,
    other_mechanism: Comparison,
    next_movies: Sequence[NextMovie],
    trainings: Sequence[Trained],
    *,
    agent: str,
) -> tuple[Criterion, ...]:
    """Of `agent` against the reference of the comparisons, which is its start as well."""
    own, rival = held_out[agent], held_out[held_out.reference]
    trained = [t.result for t in trainings if t.name == agent]
    fallen = other_mechanism[agent].mean.mean / own.mean.mean - 1 if own.mean.mean else 0.0
    largest, bound = max(look.max_q for t in trained for look in t.looks), trained[0].bound
    return (
        _more(held_out, agent),
        _more(held_out.against(HEURISTIC), agent),
        Criterion(
            f"in simulator B, within {WITHIN:.0%} of its return in A",
            f"{other_mechanism[agent].mean.mean:.2f} against {own.mean.mean:.2f}, {fallen:+.1%}",
            fallen >= -WITHIN,
        ),
        Criterion(
            "not worse than its own start on validation people, in any training",
            f"{min(t.best_return - t.start_return for t in trained):+.2f} at least",
            all(t.best_return >= t.start_return for t in trained),
        ),
        Criterion(
            "no Q-value above what a session can return", f"largest {largest:.1f}, bound {bound:.1f}", largest <= bound
        ),
        Criterion(
            f"personalization of {PERSONAL} or more", f"{own.personalization:.2f}", own.personalization >= PERSONAL
        ),
        _foretelling(next_movies, agent, rival.name),
        Criterion("no movie twice in a session", f"{own.repeats:,}", own.repeats == 0),
    )


def _more(comparison: Comparison, agent: str) -> Criterion:
    """Than the comparison's reference."""
    own, rival = comparison[agent], comparison[comparison.reference]
    share, wide = own.difference.mean / abs(rival.mean.mean), own.over_trainings
    return Criterion(
        f"at least {ASKED:.0%} more than {rival.name}, the interval over people and trainings above 0",
        f"{share:+.1%} ({wide.low:+.2f} to {wide.high:+.2f})",
        share >= ASKED and wide.low > 0,
    )


def _foretelling(next_movies: Sequence[NextMovie], agent: str, start: str) -> Criterion:
    hits = {n.name: n.hit_rate.mean for n in next_movies}
    return Criterion(
        f"HR@10 of the next movie not below its start's - {LOST}",
        f"{hits[agent]:.4f} against {hits[start]:.4f}",
        hits[agent] >= hits[start] - LOST,
    )
