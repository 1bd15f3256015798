"""What a request asks for, checked and in plain types: everything between HTTP and the models."""

from __future__ import annotations

from dataclasses import dataclass

from recsys_assets.serving.api.config import PolicyName


@dataclass(frozen=True)
class Rated:
    """One rating of the person who asks, given or meant by an act."""

    movie_id: int
    stars: float


@dataclass(frozen=True)
class Person:
    """Of whom a list is asked: a known user, somebody who brings ratings, or both."""

    user_id: int | None = None
    ratings: tuple[Rated, ...] = ()
    """Beside those the model knows of the user; the later of two of one movie counts."""
    hidden: frozenset[int] = frozenset()
    """Movies never to be shown: shown before in the session, excluded by the caller."""
    genres: tuple[str, ...] = ()
    """As the catalogue writes them; also a filter of the list."""


@dataclass(frozen=True)
class Wish:
    """What the list should be like."""

    k: int = 10
    year_from: int | None = None
    year_to: int | None = None
    include_seen: bool = False
    policy: PolicyName = "greedy"
    diversity: float = 0.0
    alpha: float | None = None
    """Weight of content, 0-1, instead of what the model itself would take."""
    explain: bool = True
