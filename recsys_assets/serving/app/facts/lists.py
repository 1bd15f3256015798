"""Lists of the API as lines to show: titles, genres, reasons in words, what changed since the list before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from recsys_assets.serving.api.schemas.lists import ListAnswer, ListedMovie
from recsys_assets.serving.app.markup import Line

SMALLER = "smaller reasons"
"""Ends the line in which the API puts together what is too small to be told."""
REASONS = 3
"""Shown beneath a movie; the largest."""


@dataclass(frozen=True)
class Move:
    """Where a movie stood in the list before; None: it was not there."""

    before: int | None
    now: int

    @property
    def words(self) -> str:
        if self.before is None:
            return "new"
        up = self.before - self.now
        return "" if not up else f"{abs(up)} {'up' if up > 0 else 'down'}"


def lines_of(
    movies: Sequence[ListedMovie], *, marks: dict[int, str] | None = None, reasons: int = REASONS, bars: bool = True
) -> list[Line]:
    """`marks`: a word beside some movies' titles."""
    shares = bar_shares([movie.score for movie in movies]) if bars else [None] * len(movies)
    return [
        Line(
            title=movie.title,
            facts=facts_of(movie),
            reasons=reasons_of(movie, reasons),
            bar=share,
            mark=(marks or {}).get(movie.movie_id, ""),
        )
        for movie, share in zip(movies, shares, strict=True)
    ]


def facts_of(movie: ListedMovie) -> str:
    genres = ", ".join(movie.genres) or "no genre known"
    year = "" if movie.year is None or f"({movie.year})" in movie.title else f"{movie.year} · "
    return f"{year}{genres} · score {movie.score:.3f}"


def reasons_of(movie: ListedMovie, most: int = REASONS) -> tuple[str, ...]:
    """What raises the score most, in words; where nothing does, what there is. Evidence comes last.

    A model's own level (`bias`) is the same for every movie: it is told where there is nothing else.
    """
    raising = [r for r in movie.reasons if r.contribution > 0]
    raising = [r for r in raising if r.kind != "bias" and not r.text.endswith(SMALLER)] or raising or movie.reasons
    told = [f"{reason.text} ({reason.contribution:+.2f})" for reason in raising[:most]]
    return (*told, *movie.evidence) if most else ()


def bar_shares(scores: Sequence[float]) -> list[float | None]:
    """From 1 for the best down to 0.1 for the last of the list: scores of most models have no zero that means much."""
    if not scores:
        return []
    high, low = max(scores), min(scores)
    return [0.1 + 0.9 * (score - low) / (high - low) if high > low else 1.0 for score in scores]


def moves(before: ListAnswer | None, now: ListAnswer) -> dict[int, Move]:
    """By movie id, of all movies of `now`."""
    places = {m.movie_id: m.position for m in before.movies} if before is not None else {}
    return {m.movie_id: Move(places.get(m.movie_id), m.position) for m in now.movies}


def change_in_words(before: Collection[int] | None, now: Sequence[ListedMovie]) -> str:
    """What is to be said where a list took the place of another, whose movies were `before`; nothing if it did not."""
    if before is None or list(before) == [movie.movie_id for movie in now]:
        return ""
    if not now:
        return "The list is empty now."
    new = sum(movie.movie_id not in before for movie in now)
    return f"{len(now)} movies, {new or 'none'} of them new. The first is {now[0].title}."


def overlap(one: Collection[int], other: Collection[int]) -> float:
    """Share of movies of `one` that are in `other`."""
    return len(set(one) & set(other)) / max(1, len(one))


def ids_of(answer: ListAnswer) -> list[int]:
    return [movie.movie_id for movie in answer.movies]


def told_by(answer: ListAnswer) -> str:
    """Who answered, why, and from which data."""
    return (
        f"Answered by {answer.answered_by.part} ({answer.answered_by.why}); {answer.model_version}, "
        f"data {answer.data_version[:8]}, {answer.policy}, request {answer.request_id[:8]}."
    )
