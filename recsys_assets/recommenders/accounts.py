"""Why c movies of one list have their scores: the summands of all of them at once, as arrays.

    score_c = sum over ratings h of the history of A_ch + sum over other summands s of B_cs

A list is explained as a whole: what a model works out of a history is worked out once, and words are made only for the
summands that are shown. Single reasons (`Reason`) are read off at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.data import FloatArray, Ids, IntArray
from recsys_assets.recommenders.ranking import top_k
from recsys_assets.recommenders.results import Reason

Amounts = NDArray[np.float64]
Kind = Literal["history", "genre", "popularity", "bias", "factors", "part"]


@dataclass(frozen=True)
class RatedMovies:
    """The ratings of one history, as reasons name them."""

    columns: IntArray
    """(r,) indices of the movies."""
    stars: FloatArray
    ids: Ids = field(repr=False)
    titles: Sequence[str] = field(repr=False)


@dataclass(frozen=True)
class OfRatings:
    """What each rating adds to each score. `amounts` (c, r): 0 where it says nothing, which is no reason."""

    rated: RatedMovies
    amounts: Amounts
    how: str = ""
    """Words before the title."""

    def reason(self, row: int, place: int) -> Reason:
        movie, rated = int(self.rated.columns[place]), self.rated
        amount, stars = float(self.amounts[row, place]), float(rated.stars[place])
        return Reason("history", rated.titles[movie], amount, int(rated.ids.values[movie]), stars, self.how)


@dataclass(frozen=True)
class Summand:
    """One more summand of the scores. `amounts` (c,): NaN for movies that it is none of."""

    kind: Kind
    label: str | Sequence[str]
    """The same for all movies, or one for each."""
    amounts: Amounts

    def reason(self, row: int) -> Reason:
        label = self.label if isinstance(self.label, str) else self.label[row]
        return Reason(self.kind, label, float(self.amounts[row]))


@dataclass(frozen=True)
class Shown:
    """The largest summands of one score, and the sum of the `left` others."""

    reasons: list[Reason]
    left: int
    rest: float


@dataclass(frozen=True)
class Accounts:
    """Of c movies; at least one summand."""

    others: tuple[Summand, ...]
    ratings: tuple[OfRatings, ...] = ()

    @classmethod
    def of_ratings(cls, rated: RatedMovies, amounts: NDArray[np.floating], *others: Summand) -> Self:
        return cls(others, (OfRatings(rated, amounts.astype(np.float64)),))

    def told_by_ratings(self) -> Amounts:
        """(c,) what the ratings add to each score, together."""
        told = [of.amounts.sum(axis=1) for of in self.ratings]
        return np.sum(told, axis=0) if told else np.zeros(len(self.others[0].amounts))

    def totals(self) -> Amounts:
        """(c,) the sum of all summands of each score."""
        return self.told_by_ratings() + np.sum([np.nan_to_num(s.amounts) for s in self.others], axis=0)

    def scaled(self, by: Amounts | float, prefix: str = "") -> Accounts:
        """Every summand `by` times as large, `prefix` before its words. `by` (c,), or one for all."""
        by = np.asarray(by, dtype=np.float64)
        ratings = [
            replace(of, amounts=of.amounts * (by[:, None] if by.ndim else by), how=prefix + of.how)
            for of in self.ratings
        ]
        others = [replace(s, amounts=s.amounts * by, label=_prefixed(prefix, s.label)) for s in self.others]
        return Accounts(tuple(others), tuple(ratings))

    def share(self, *, scale: Amounts | float, amounts: Amounts, label: str) -> Accounts:
        """A part's `amounts` (c,) of the scores: ratings `scale` times what they are to the part, and the rest as one.

        This is the part's own account of its own scores.
        """
        told = Accounts((), self.scaled(scale).ratings)
        rest = amounts - (told.told_by_ratings() if told.ratings else 0.0)
        return replace(told, others=(Summand("part", label, rest),))

    def spread(self, places: IntArray, n: int) -> Accounts:
        """The accounts of movies that stand at `places` among `n`: none of the others has these summands."""

        def wide(narrow: Amounts, empty: float) -> Amounts:
            found = np.full((n, *narrow.shape[1:]), empty)
            found[places] = narrow
            return found

        others = [
            replace(s, amounts=wide(s.amounts, np.nan), label=_spread_labels(s.label, places, n)) for s in self.others
        ]
        return Accounts(tuple(others), tuple(replace(of, amounts=wide(of.amounts, 0.0)) for of in self.ratings))

    def reasons(self, row: int) -> list[Reason]:
        """All summands of one score."""
        told = [of.reason(row, p) for of in self.ratings for p in np.flatnonzero(of.amounts[row]).tolist()]
        return told + [s.reason(row) for s in self.others if not np.isnan(s.amounts[row])]

    def largest(self, most: int) -> list[Shown]:
        """Of each score the `most` largest finite summands, of equals the first; words are made for no more."""
        table = np.concatenate(
            [*(of.amounts for of in self.ratings), *(s.amounts[:, None] for s in self.others)], axis=1
        )
        none = ~np.isfinite(table)
        n_of_ratings = table.shape[1] - len(self.others)
        none[:, :n_of_ratings] |= table[:, :n_of_ratings] == 0
        table[none] = 0.0
        columns, _ = top_k(np.where(none, -np.inf, np.abs(table)), most)
        chosen = columns >= 0
        shown = (np.take_along_axis(table, np.maximum(columns, 0), axis=1) * chosen).sum(axis=1)
        left, rest = (~none).sum(axis=1) - chosen.sum(axis=1), table.sum(axis=1) - shown
        return [
            Shown([self._reason(row, c) for c in columns[row, chosen[row]].tolist()], int(left[row]), float(rest[row]))
            for row in range(len(table))
        ]

    def _reason(self, row: int, column: int) -> Reason:
        for of in self.ratings:
            if column < of.amounts.shape[1]:
                return of.reason(row, column)
            column -= of.amounts.shape[1]
        return self.others[column].reason(row)


def together(accounts: Iterable[Accounts]) -> Accounts:
    """The sum of several: what a rating adds to all of them is one reason, where it is told in the same words."""
    of_ratings: dict[str, OfRatings] = {}
    others: list[Summand] = []
    for account in accounts:
        others += account.others
        for of in account.ratings:
            before = of_ratings.get(of.how)
            of_ratings[of.how] = replace(before, amounts=before.amounts + of.amounts) if before else of
    return Accounts(tuple(others), tuple(of_ratings.values()))


def only_largest(of: OfRatings, most: int, left_label: str) -> Accounts:
    """The `most` weightiest ratings of each movie by themselves, all others as one, labelled `left_label.format(n)`."""
    n = of.amounts.shape[1]
    if n <= most:
        return Accounts((), (of,))
    columns, _ = top_k(np.abs(of.amounts), most)
    kept = np.zeros_like(of.amounts)
    np.put_along_axis(kept, columns, np.take_along_axis(of.amounts, columns, axis=1), axis=1)
    rest = Summand("history", left_label.format(n - most), (of.amounts - kept).sum(axis=1))
    return Accounts((rest,), (replace(of, amounts=kept),))


def _prefixed(prefix: str, label: str | Sequence[str]) -> str | Sequence[str]:
    if not prefix:
        return label
    return prefix + label if isinstance(label, str) else tuple(prefix + one for one in label)


def _spread_labels(label: str | Sequence[str], places: IntArray, n: int) -> str | Sequence[str]:
    if isinstance(label, str):
        return label
    found = [""] * n
    for place, one in zip(places.tolist(), label, strict=True):
        found[place] = one
    return found
