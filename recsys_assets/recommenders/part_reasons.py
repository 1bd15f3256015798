"""Reasons of several models for one score, as one list that adds up to it."""

from __future__ import annotations

from dataclasses import replace

from recsys_assets.recommenders.results import Reason


def share_of(told: list[Reason], *, scale: float, amount: float, label: str) -> list[Reason]:
    """A part's `amount` of a score: movies of the history, each `scale` times what it is to the part; then the rest.

    `told` is the part's own account of its own score.
    """
    shown = [replace(r, contribution=r.contribution * scale) for r in told if r.kind == "history"]
    rest = amount - sum(r.contribution for r in shown)
    return [*shown, Reason("part", label, rest)]


def each_movie_once(reasons: list[Reason]) -> list[Reason]:
    """Several parts may name a movie of the history: what it contributes to all of them, as one reason."""
    told: dict[int, Reason] = {}
    for reason in reasons:
        if reason.movie_id is not None:
            before = told.get(reason.movie_id)
            total = reason.contribution + (before.contribution if before else 0.0)
            told[reason.movie_id] = replace(reason, contribution=total)
    return [*told.values(), *(reason for reason in reasons if reason.movie_id is None)]
