"""What those are shown of whom nothing is known: the weighted rating, of all movies or within the genres they name.

With genres G named,

    score(i) = mean over g in G of  WR_g(i) where i is of g, C_g elsewhere

where WR_g is the weighted rating whose m and C are those of the movies of g, as in IMDb's genre charts: in a genre
that is not its own a movie counts as one without votes. Being of one more of the genres thus raises the score of a
movie whose mean rating is above C of that genre, and lowers that of one below it:

    of two movies with the same votes, rated above every C, one that is of all genres of the other and more comes first
    no movie rated below every C comes before one rated above every C, whatever genres they are of

Number alone decides nothing: a movie of one genre, far above its C, may come before one of two others. Movies of none
are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.recommenders.accounts import Accounts, Summand
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.genre_table import GenreTable
from recsys_assets.recommenders.results import ModelError, Route
from recsys_assets.recommenders.weighted_rating import Prior, count_votes, prior_of


@dataclass(frozen=True)
class Newcomers:
    """Votes of all movies, and the lists that are made of nothing else."""

    catalogue: pl.DataFrame
    votes: NDArray[np.float64]
    """(n_movies,) number of ratings."""
    total: NDArray[np.float64]
    """(n_movies,) their sum, in rating points."""
    scores: FloatArray
    """(n_movies,) the weighted rating among all movies."""

    @classmethod
    def of(cls, histories: Histories, catalogue: pl.DataFrame) -> Self:
        """From the ratings a model was fitted on; `catalogue` has one row per movie, in the order of movie indices."""
        votes, total = count_votes(histories.movies, histories.ratings, n_movies=len(catalogue))
        return cls(catalogue, votes, total, prior_of(votes, total).weighted(votes, total).astype(np.float32))

    def within(self, genres: Sequence[str]) -> FloatArray:
        """Scores (n_movies,) by the formula above, -inf for movies of none of `genres`; of all movies where empty."""
        named = self.genres.named(genres)
        if not named:
            return self.scores
        of = np.stack([self.genres.row(genre) for genre in named])
        by_genre = np.stack([self._weighted(mine, self._prior(mine)) for mine in of])
        return np.where(of.any(axis=0), by_genre.mean(axis=0), -np.inf).astype(np.float32)

    def accounts(self, movies: IntArray, genres: Sequence[str]) -> Accounts:
        """What `within(genres)[movies]` are the sums of."""
        told = [self._told(movie) for movie in movies.tolist()]
        named = self.genres.named(genres)
        if not named:
            unknown = [f"{one}; nothing is known of this user yet" for one in told]
            return Accounts((Summand("popularity", unknown, self.scores[movies].astype(np.float64)),))
        of_any = np.any([self.genres.row(genre)[movies] for genre in named], axis=0)
        none = f"of none of the genres named: {', '.join(named)}"
        summands = [Summand("genre", none, np.where(of_any, np.nan, -np.inf))]
        for genre in named:
            mine = self.genres.row(genre)
            values = np.where(of_any, self._weighted(mine, self._prior(mine))[movies] / len(named), np.nan)
            labels = [
                f"among {genre}: {one}" if of else f"no {genre}: counted as an average one"
                for one, of in zip(told, mine[movies].tolist(), strict=True)
            ]
            summands.append(Summand("genre", labels, values))
        return Accounts(tuple(summands))

    @cached_property
    def genres(self) -> GenreTable:
        """Made when first asked for."""
        return GenreTable.of_catalogue(self.catalogue)

    def _told(self, movie: int) -> str:
        votes = self.votes[movie]
        return f"{votes:,.0f} people rated it {self.total[movie] / votes:.2f}" if votes else "nobody rated it yet"

    def _weighted(self, mine: NDArray[np.bool_], prior: Prior) -> NDArray[np.float64]:
        return np.where(mine, prior.weighted(self.votes, self.total), prior.mean)

    def _prior(self, mine: NDArray[np.bool_]) -> Prior:
        return prior_of(self.votes[mine], self.total[mine])


def movies_of_genre(catalogue: pl.DataFrame, genre: str) -> NDArray[np.bool_]:
    """(n_movies,) True for movies of `genre`, which is written as in the catalogue."""
    found: NDArray[np.bool_] = catalogue["genres"].list.contains(genre).fill_null(value=False).to_numpy()
    return found


def known_genres(catalogue: pl.DataFrame) -> list[str]:
    """Every genre of the catalogue, in the order of the alphabet."""
    found: list[str] = catalogue["genres"].explode().drop_nulls().cast(pl.String).unique().sort().to_list()
    return found


def genres_named(catalogue: pl.DataFrame, genres: Sequence[str]) -> tuple[str, ...]:
    """`genres` as the catalogue writes them, each once; refuses those it does not have."""
    if not genres:
        return ()
    known = known_genres(catalogue)
    written = {genre.casefold(): genre for genre in known} | {genre: genre for genre in known}
    for genre in genres:
        if genre not in written and genre.strip().casefold() not in written:
            shown = ", ".join(known) or "not in the catalogue"
            raise ModelError(f"no movie has genre {genre!r}; genres are {shown}")
    return tuple(dict.fromkeys(written.get(genre) or written[genre.strip().casefold()] for genre in genres))


def newcomer_route(genres: Sequence[str]) -> Route:
    """Who answers those of whom nothing is known."""
    if genres:
        return Route("popularity", f"nothing is known of this user but the genres named: {', '.join(genres)}")
    return Route("popularity", "nothing is known of this user, and no genre was named")
