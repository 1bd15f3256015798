"""Reasons of several models for one score, as one list that adds up to it."""

from __future__ import annotations

from dataclasses import replace

from recsys_assets.recommenders.results import Reason


def spread(told: list[Reason], own: float, amount: float, label: str) -> list[Reason]:
    """A part's `amount` of the score, shared among the movies of the history as they share in its `own` score."""
    shown = [r for r in told if r.kind == "history"] if own > 0 else []
    shown = [replace(r, contribution=r.contribution / own * amount) for r in shown]
    rest = amount - sum(r.contribution for r in shown)
    return [*shown, Reason("part", label, rest)]


def merged(told: list[Reason]) -> list[Reason]:
    """One reason for each movie of the history, whichever parts gave it."""
    by_movie: dict[int, Reason] = {}
    rest = []
    for reason in told:
        if reason.movie_id is None:
            rest.append(reason)
        else:
            known = by_movie.get(reason.movie_id)
            total = reason.contribution + (known.contribution if known else 0.0)
            by_movie[reason.movie_id] = replace(reason, contribution=total)
    return [*by_movie.values(), *rest]
