"""Ten movies for somebody new to rate: known by many, and as unlike one another in genre as such movies can be."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recsys_assets.serving.api.schemas.lists import ListedMovie, Movie

TO_RATE = 10


def ten_to_rate(known: Sequence[ListedMovie], *, skip: Collection[int] = (), most: int = TO_RATE) -> list[ListedMovie]:
    """From movies that many rate well, the best first: each next one is the least like those chosen (by `alike`).

    Of equally unlike ones the better known comes first; movies in `skip` were offered before.
    """
    left = [movie for movie in known if movie.movie_id not in skip]
    chosen: list[ListedMovie] = []
    while left and len(chosen) < most:
        best = min(left, key=lambda movie: max((alike(movie, other) for other in chosen), default=0.0))
        chosen.append(best)
        left.remove(best)
    return chosen


def alike(one: Movie, other: Movie) -> float:
    """Shared genres over genres of either; 0 where neither has any."""
    a, b = set(one.genres), set(other.genres)
    return len(a & b) / len(a | b) if a | b else 0.0
