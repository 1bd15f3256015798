"""Movies that nobody has rated, given places in a list by their content.

A model of ratings knows nothing of them. Where content ranks a cold movie r-th of all movies a user has not seen, it
takes place ceil(stretch * r) of the model's list: its score is put just above that of the model's movie there. Stretch
1 trusts content as much as the model; 10 lets only content's first choice into a list of ten, at its end. The stretch
is the smallest that costs no more than a stated share of NDCG@10 on validation, so that new movies get as many places
as that price buys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, Histories, IntArray
from recsys_assets.recommenders.hybrid_search import Search
from recsys_assets.recommenders.ranking import hide, top_k

DEPTH = 100
"""Ranks of content and places of the list that are looked at; cold movies further down come after all others."""
NEVER = np.inf
"""Stretch that gives no place to any cold movie."""


@dataclass(frozen=True)
class ColdRule:
    """How far cold movies are stretched, and what every stretch that was tried did."""

    stretches: NDArray[np.float64]
    """(s,) tried, `NEVER` first, then ascending."""
    ndcg: NDArray[np.float64]
    """(s,) mean NDCG@10 on validation."""
    share: NDArray[np.float64]
    """(s,) share of cold movies in lists of ten."""
    chosen: float

    @property
    def words(self) -> str:
        """What is done, for those who are shown it."""
        if self.chosen == NEVER:
            return "the places after all movies that somebody rated"
        return (
            f"one place for every {self.chosen:g} of its rank by content" if self.chosen > 1 else "its rank by content"
        )

    @classmethod
    def never(cls) -> Self:
        """Without a validation: as if a place cost too much."""
        nothing = np.empty(0)
        return cls(nothing, nothing, nothing, NEVER)

    def table(self) -> pl.DataFrame:
        """A row a stretch: `stretch` (null: never), NDCG@10, the share of cold movies in lists, and which is used."""
        return pl.DataFrame(
            {
                "stretch": self.stretches,
                "ndcg": self.ndcg,
                "cold_share": self.share,
                "used": self.stretches == self.chosen,
            }
        ).with_columns(pl.col("stretch").replace(NEVER, None))


def placed(
    scores: FloatArray, content: FloatArray, seen: Histories, cold: NDArray[np.bool_], stretch: float
) -> FloatArray:
    """`scores` (n, n_movies) of a model with those of `cold` (n_movies,) movies by the places content earns them."""
    out = scores.copy()
    if not cold.any() or cold.all():
        return out
    lowest = scores[:, ~cold].min(axis=1, keepdims=True)
    out[:, cold] = lowest - 1 - (content.max(axis=1, keepdims=True) - content[:, cold])
    ranks, movies = _cold_ranks(content, seen, cold)
    if len(ranks[0]) == 0 or stretch == NEVER:
        return out
    values = _warm_values(scores, seen, cold)
    places = np.ceil(stretch * (ranks[1] + 1)).astype(np.int64) - 1
    there = np.where(places < values.shape[1], values[ranks[0], np.minimum(places, values.shape[1] - 1)], -np.inf)
    reached = np.isfinite(there)
    out[ranks[0][reached], movies[reached]] = np.nextafter(there[reached], np.float32(np.inf))
    return out


def tried(
    search: Search,
    scores: FloatArray,
    content: FloatArray,
    cold: NDArray[np.bool_],
    stretches: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """NDCG@10 (s, n) and the share (s, n) of cold movies in the lists of ten of the users of `search`."""
    lists = [search.lists(placed(scores, content, search.train, cold, stretch)) for stretch in stretches.tolist()]
    return np.stack([search.gains(one) for one in lists]), np.stack([cold[one].mean(axis=1) for one in lists])


def choose_stretch(
    stretches: NDArray[np.float64], ndcg: NDArray[np.float64], share: NDArray[np.float64], *, price: float
) -> ColdRule:
    """The smallest stretch whose NDCG@10 is at most `price` (a share) below that of `NEVER`, the first of them."""
    affordable = stretches[1:][ndcg[1:] >= (1 - price) * ndcg[0]]
    return ColdRule(stretches, ndcg, share, float(affordable.min()) if len(affordable) else NEVER)


def _cold_ranks(
    content: FloatArray, seen: Histories, cold: NDArray[np.bool_]
) -> tuple[tuple[IntArray, IntArray], IntArray]:
    """(rows, ranks from 0) and movies of the cold movies among content's first `DEPTH` unseen."""
    unseen = content.copy()
    hide(unseen, seen)
    index, _ = top_k(unseen, DEPTH)
    rows, ranks = np.nonzero(cold[np.maximum(index, 0)] & (index >= 0))
    return (rows, ranks), index[rows, ranks]


def _warm_values(scores: FloatArray, seen: Histories, cold: NDArray[np.bool_]) -> FloatArray:
    """(n, `DEPTH`) best scores of unseen movies that are not cold, descending; -inf where fewer."""
    unseen = scores.copy()
    hide(unseen, seen)
    unseen[:, cold] = -np.inf
    return top_k(unseen, DEPTH)[1]
