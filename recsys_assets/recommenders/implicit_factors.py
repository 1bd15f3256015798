"""What factor models of who chose what share: scores x_u . y_i, fold-in by one solution, reasons, files.

The factors of a user solve A x = b with A = base + ridge I + sum_h w_h y_h y_h' and b = sum_h t_h y_h, so the score
is a sum over the history, t_h (y_i' A^-1 y_h), and that is its explanation (Hu, Koren and Volinsky, ICDM 2008).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_assets.recommenders.accounts import Accounts, Amounts, Summand
from recsys_assets.recommenders.als_rows import Rows, normal_equations, solve_rows
from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.data import FloatArray, Histories, IntArray


class ImplicitFactors(Recommender):
    """Scores by the product of a user's and a movie's factors."""

    user_factors: FloatArray
    """(n_users, f)."""
    movie_factors: FloatArray
    """(n_movies, f)."""

    @abstractmethod
    def _rows(self, histories: Histories) -> Rows:
        """w and t of histories."""

    @abstractmethod
    def _base(self) -> FloatArray:
        """(f, f)."""

    @abstractmethod
    def _ridge(self, histories: Histories) -> FloatArray:
        """(rows,)."""

    def solve(self, histories: Histories) -> FloatArray:
        """Factors (rows, f) of histories, exact, with the movies' as they are."""
        return solve_rows(self._rows(histories), self.movie_factors, self._base(), self._ridge(histories), steps=0)

    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        factors = self.user_factors[users]
        new = np.flatnonzero(users < 0)
        if len(new):
            factors[new] = self.solve(histories.take(new))
        return np.asarray(factors @ self.movie_factors.T, dtype=np.float32)

    def _similar(self, movies: IntArray) -> FloatArray:
        """Cosines of movie factors; -inf for movies nobody rated."""
        length = np.linalg.norm(self.movie_factors, axis=1)
        unit = self.movie_factors / np.maximum(length, 1e-12)[:, None]
        similar = unit[movies] @ unit.T
        similar[:, length == 0] = -np.inf
        similar[length[movies] == 0] = -np.inf
        return np.asarray(similar, dtype=np.float32)

    def _similar_to(self, movies: IntArray, others: IntArray) -> FloatArray:
        ours, theirs = self.movie_factors[movies], self.movie_factors[others]
        length, other_length = np.linalg.norm(ours, axis=1), np.linalg.norm(theirs, axis=1)
        similar = ours @ theirs.T / np.maximum(np.outer(length, other_length), 1e-12)
        similar[np.outer(length == 0, np.ones(len(others), bool)) | (other_length == 0)] = -np.inf
        return np.asarray(similar, dtype=np.float32)

    def _accounts(self, history: Histories, user: int, movies: IntArray, scores: Amounts) -> Accounts:
        rows, system = self._system(history)
        targets = np.zeros(len(self.movies))
        targets[rows.chosen.indices] = rows.targets
        toward = np.linalg.solve(system, self.movie_factors[movies].T.astype(np.float64))
        amounts = (self.movie_factors[history.movies] @ toward).T * targets[history.movies]
        return Accounts.of_ratings(
            self._rated(history), amounts, Summand("part", "rounding", scores - amounts.sum(axis=1))
        )

    def _system(self, history: Histories) -> tuple[Rows, NDArray[np.float64]]:
        """Of one history: w and t, and A (f, f)."""
        rows = self._rows(history)
        padded = np.vstack([self.movie_factors, np.zeros_like(self.movie_factors[:1])])
        a, _ = normal_equations(rows, np.array([0]), padded)
        system = (a[0] + self._base()).astype(np.float64)
        system[np.diag_indices(len(system))] += self._ridge(history)
        return rows, system

    def _state(self) -> dict[str, NDArray[Any]]:
        return {"user_factors": self.user_factors, "movie_factors": self.movie_factors}

    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        self.user_factors, self.movie_factors = state["user_factors"], state["movie_factors"]
