"""The protocol of every recommender, and all of it that is not a model's own maths.

`Recommender` validates, maps ids, masks what a user has seen, answers cold users, batches, saves and loads.
A model file gives `_fit`, `_score`, `_state`/`_restore`, and where it can `_similar` and `_explain`.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel

from recsys_assets.atomic import atomic_directory
from recsys_assets.progress import Progress, silent
from recsys_assets.recommenders.data import FloatArray, Histories, Ids, IntArray, TrainingData, align_catalogue
from recsys_assets.recommenders.weighted_rating import weighted_rating

Exclude = Literal["seen", "nothing"]
FORMAT_VERSION = 1
RATING_MIN, RATING_MAX = 0.5, 5.0
BLOCK_ELEMENTS = 1 << 24
"""Scores held at once, users x movies: 64 MiB of float32."""
CATALOGUE_COLUMNS = ("movie_id", "title", "year", "genres")
"""What an exported model carries of the catalogue, for explanations and lists."""


class ModelError(Exception):
    """A model asked for what it can't do, or an export that can't be trusted; says which and what to do."""


@dataclass(frozen=True)
class Recommendations:
    """Top-k lists. `users` (n,), `movies` (n, k) int64 ids, `scores` (n, k) float32; -1 and -inf where fewer remain."""

    users: IntArray
    movies: IntArray
    scores: FloatArray
    fallback: NDArray[np.bool_]
    """(n,) True where the user has no history and popularity answered."""


@dataclass(frozen=True)
class Reason:
    """One summand of a score."""

    kind: Literal["history", "genre", "popularity", "bias", "factors", "part"]
    label: str
    contribution: float
    movie_id: int | None = None
    rating: float | None = None
    """What the user gave that movie, where the reason is one of theirs."""


@dataclass(frozen=True)
class Explanation:
    """Why a movie has its score: the contributions of `reasons` add up to `score`, largest first."""

    user_id: int
    movie_id: int
    score: float
    reasons: tuple[Reason, ...]


class Recommender(ABC):
    """A model that ranks all movies for any user, known or not."""

    name: ClassVar[str]
    Config: ClassVar[type[BaseModel]]

    def __init__(self, config: BaseModel | None = None) -> None:
        self.config = config if config is not None else self.Config()
        self.fitted = False

    # -- to be given by a model ------------------------------------------------------------------------------

    @abstractmethod
    def _fit(self, data: TrainingData) -> None:
        """Learn; `self.users`, `self.movies`, `self.histories`, `self.catalogue` are already set."""

    @abstractmethod
    def _score(self, histories: Histories, users: IntArray) -> FloatArray:
        """Scores (b, n_movies) of every movie for `b` histories, none of them empty.

        `users` (b,): index of the known user each history is of, or -1 for a newcomer whose history was folded in.
        """

    @abstractmethod
    def _state(self) -> dict[str, NDArray[Any]]:
        """What `_fit` learned, as plain arrays."""

    @abstractmethod
    def _restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Inverse of `_state`."""

    def _similar(self, movies: IntArray) -> FloatArray:
        """Similarity (m, n_movies) of every movie to each of `m` movie indices."""
        raise ModelError(f"{self.name} knows no similar movies; ask `content` instead")

    def _explain(self, history: Histories, user: int, movie: int, score: float) -> list[Reason]:
        """Summands of `score`; a model without a better account names itself."""
        return [Reason("part", f"the {self.name} model's score", score)]

    # -- fitting ---------------------------------------------------------------------------------------------

    def fit(
        self, interactions: pl.DataFrame, catalogue: pl.DataFrame, *, seed: int = 0, progress: Progress = silent
    ) -> Self:
        """Learn from Interactions (`user_id, movie_id, rating, timestamp`) and a Catalogue. Same input, same model."""
        check_interactions(interactions)
        self.users = Ids.of(interactions["user_id"].to_numpy())
        self.movies = Ids.of(catalogue["movie_id"].to_numpy(), interactions["movie_id"].to_numpy())
        self.histories = self._histories_of(interactions, self.users)
        aligned = align_catalogue(catalogue, self.movies)
        self._adopt_catalogue(aligned.select(CATALOGUE_COLUMNS))
        self._prepare_fallback()
        self._fit(TrainingData(self.users, self.movies, self.histories, aligned, seed, progress))
        self.fitted = True
        return self

    # -- asking ----------------------------------------------------------------------------------------------

    def recommend(
        self, users: IntArray, k: int, *, exclude: Exclude = "seen", also_exclude: pl.DataFrame | None = None
    ) -> Recommendations:
        """Top `k` of all movies for each user id, best first. Unknown users are answered by weighted rating.

        `also_exclude` (`user_id, movie_id`): pairs never to be shown, beside what `exclude` says.
        """
        users = np.asarray(users, dtype=np.int64)
        known = self.users.index(users)
        ids = np.full((len(users), k), -1, dtype=np.int64)
        values = np.full((len(users), k), -np.inf, dtype=np.float32)
        for start, scores in self._score_blocks(known, self.histories):
            stop = start + len(scores)
            if exclude == "seen":
                hide(scores, self.histories.take(known[start:stop]))
            if also_exclude is not None:
                self._hide_pairs(scores, users[start:stop], also_exclude)
            ids[start:stop], values[start:stop] = self._top(scores, k)
        return Recommendations(users, ids, values, (known < 0) | (self._history_lengths(known) == 0))

    def fold_in(self, ratings: pl.DataFrame, k: int, *, exclude: Exclude = "seen") -> Recommendations:
        """Top `k` for a newcomer (user id -1) from a few ratings (`movie_id, rating`, optional `timestamp`).

        Nothing is retrained. Movies the model does not know are ignored; none known at all: weighted rating.
        """
        history = self.history_of(ratings)
        scores = self._scores(history, np.array([-1]))
        if exclude == "seen":
            hide(scores, history)
        ids, values = self._top(scores, k)
        return Recommendations(np.array([-1]), ids, values, history.lengths == 0)

    def scores(self, users: IntArray) -> FloatArray:
        """Scores (n, n_movies) of all movies, in the order of `self.movies`; nothing is masked."""
        users = np.asarray(users, dtype=np.int64)
        blocks = [block for _, block in self._score_blocks(self.users.index(users), self.histories)]
        return np.concatenate(blocks) if blocks else np.empty((0, len(self.movies)), dtype=np.float32)

    def similar(self, movies: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        """Ids and similarities (m, k) of the movies nearest to each movie id, itself left out."""
        self._require_fitted()
        index = self._require_movies(movies)
        scores = self._similar(index).astype(np.float32)
        scores[np.arange(len(index)), index] = -np.inf
        return self._top(scores, k)

    def explain(self, user: int, movie: int) -> Explanation:
        """Why `movie` has its score for `user`; contributions add up to the score."""
        self._require_fitted()
        known = self.users.index(np.array([user]))
        return self._explanation(self.histories.take(known), int(known[0]), user, movie)

    def explain_fold_in(self, ratings: pl.DataFrame, movie: int) -> Explanation:
        """`explain` for the newcomer of `fold_in`."""
        return self._explanation(self.history_of(ratings), -1, -1, movie)

    def history_of(self, ratings: pl.DataFrame) -> Histories:
        """One newcomer's ratings (`movie_id, rating`, optional `timestamp`) as a history of known movies."""
        index = self.movies.index(ratings["movie_id"].to_numpy())
        known = index >= 0
        times = (
            ratings["timestamp"].dt.epoch("s").to_numpy()
            if "timestamp" in ratings.columns
            else np.arange(len(ratings), dtype=np.int64)
        )
        rows = np.zeros(int(known.sum()), dtype=np.int64)
        values = ratings["rating"].cast(pl.Float32).to_numpy()
        return Histories.from_columns(rows, 1, index[known], values[known], times[known])

    # -- files -----------------------------------------------------------------------------------------------

    def save(self, directory: Path, *, extra: dict[str, str] | None = None) -> None:
        """Write a directory of `manifest.json`, `arrays.npz` and `catalogue.parquet`; it must not exist yet.

        `extra` (say the data version) goes into the manifest.
        """
        self._require_fitted()
        arrays = {f"state.{k}": v for k, v in self._state().items()} | {
            "users": self.users.values,
            "movies": self.movies.values,
            **{f"history.{c}": getattr(self.histories, c) for c in ("indptr", "movies", "ratings", "timestamps")},
        }
        with atomic_directory(directory) as aside:
            np.savez(aside / "arrays.npz", allow_pickle=False, **arrays)
            self.catalogue.write_parquet(aside / "catalogue.parquet")
            manifest = {
                "format_version": FORMAT_VERSION,
                "model": self.name,
                "config": self.config.model_dump(mode="json"),
                "shapes": {k: list(v.shape) for k, v in arrays.items()},
                "sha256": {f: sha256_of(aside / f) for f in ("arrays.npz", "catalogue.parquet")},
                **(extra or {}),
            }
            (aside / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote, verifying format and checksums."""
        manifest = read_manifest(directory)
        if manifest["model"] != cls.name:
            raise ModelError(f"{directory} holds a {manifest['model']!r} model, not {cls.name!r}")
        model = cls(cls.Config.model_validate(manifest["config"]))
        with np.load(directory / "arrays.npz", allow_pickle=False) as stored:
            arrays = {k: stored[k] for k in stored.files}
        model.users, model.movies = Ids(arrays["users"]), Ids(arrays["movies"])
        model.histories = Histories(
            *(arrays[f"history.{c}"] for c in ("indptr", "movies", "ratings", "timestamps"))
        )
        model._adopt_catalogue(pl.read_parquet(directory / "catalogue.parquet"))
        model._prepare_fallback()
        model._restore({k.removeprefix("state."): v for k, v in arrays.items() if k.startswith("state.")})
        model.fitted = True
        return model

    # -- helpers ---------------------------------------------------------------------------------------------

    def _score_blocks(self, known: IntArray, histories: Histories) -> Iterator[tuple[int, FloatArray]]:
        self._require_fitted()
        step = max(1, BLOCK_ELEMENTS // max(1, len(self.movies)))
        for start in range(0, len(known), step):
            block = known[start : start + step]
            yield start, self._scores(histories.take(block), block)

    def _scores(self, histories: Histories, users: IntArray) -> FloatArray:
        """`_score` where there is a history, the fallback where there is none."""
        scores = np.empty((len(histories), len(self.movies)), dtype=np.float32)
        warm = np.flatnonzero(histories.lengths > 0)
        scores[histories.lengths == 0] = self.fallback_scores
        if len(warm):
            scores[warm] = self._score(histories.take(warm), users[warm])
        return scores

    def _top(self, scores: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        index, values = top_k(scores, k)
        padded = np.where(index >= 0, self.movies.values[index], -1)
        return padded, values

    def _hide_pairs(self, scores: FloatArray, users: IntArray, pairs: pl.DataFrame) -> None:
        block = Ids.of(users)
        rows, columns = (
            block.index(pairs["user_id"].to_numpy()),
            self.movies.index(pairs["movie_id"].to_numpy()),
        )
        use = (rows >= 0) & (columns >= 0)
        hidden = np.zeros((len(block), scores.shape[1]), dtype=bool)
        hidden[rows[use], columns[use]] = True
        scores[hidden[block.index(users)]] = -np.inf

    def _explanation(self, history: Histories, known: int, user: int, movie: int) -> Explanation:
        column = int(self._require_movies(np.array([movie]))[0])
        score = float(self._scores(history, np.array([known]))[0, column])
        if history.lengths[0] == 0:
            reasons = [Reason("popularity", "well rated by many; nothing is known of this user yet", score)]
        else:
            reasons = self._explain(history, known, column, score)
        return Explanation(user, movie, score, tuple(sorted(reasons, key=lambda r: -abs(r.contribution))))

    def _histories_of(self, interactions: pl.DataFrame, users: Ids) -> Histories:
        return Histories.from_columns(
            users.index(interactions["user_id"].to_numpy()),
            len(users),
            self.movies.index(interactions["movie_id"].to_numpy()),
            interactions["rating"].cast(pl.Float32).to_numpy(),
            interactions["timestamp"].dt.epoch("s").to_numpy(),
        )

    def _history_lengths(self, known: IntArray) -> IntArray:
        return np.where(known >= 0, self.histories.lengths[np.maximum(known, 0)] if len(self.users) else 0, 0)

    def _adopt_catalogue(self, catalogue: pl.DataFrame) -> None:
        self.catalogue = catalogue
        self.titles = titles_of(catalogue)

    def _prepare_fallback(self) -> None:
        self.fallback_scores = weighted_rating(
            self.histories.movies, self.histories.ratings, n_movies=len(self.movies)
        ).astype(np.float32)

    def _require_fitted(self) -> None:
        if not self.fitted:
            raise ModelError(f"{self.name} is not fitted; call fit() or load() first")

    def _require_movies(self, movies: IntArray) -> IntArray:
        index = self.movies.index(np.asarray(movies, dtype=np.int64))
        if (index < 0).any():
            missing = np.asarray(movies)[index < 0][:5].tolist()
            raise ModelError(f"{self.name} does not know movie id {', '.join(map(str, missing))}")
        return index


class RatingPredictor(Recommender):
    """A recommender whose score is a predicted rating."""

    @abstractmethod
    def _predict(self, users: IntArray, movies: IntArray) -> FloatArray:
        """Ratings (n,) of pairs of indices; -1 stands for an unknown user or movie."""

    def predict(self, users: IntArray, movies: IntArray) -> FloatArray:
        """Predicted ratings (n,) in rating points, clipped to 0.5-5.0, of pairs of ids, known or not."""
        self._require_fitted()
        users, movies = np.asarray(users, dtype=np.int64), np.asarray(movies, dtype=np.int64)
        predicted = self._predict(self.users.index(users), self.movies.index(movies))
        return np.clip(predicted, RATING_MIN, RATING_MAX).astype(np.float32)


def top_k(scores: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Columns and values (n, k) of the largest scores, best first, equal ones by column; -1 where not finite."""
    n, m = scores.shape
    kept = min(k, m)
    index = np.full((n, k), -1, dtype=np.int64)
    values = np.full((n, k), -np.inf, dtype=np.float32)
    if kept == 0 or n == 0:
        return index, values
    part = np.argpartition(-scores, kept - 1, axis=1)[:, :kept] if kept < m else np.tile(np.arange(m), (n, 1))
    part.sort(axis=1)
    part_scores = np.take_along_axis(scores, part, axis=1)
    order = np.argsort(-part_scores, axis=1, kind="stable")
    values[:, :kept] = np.take_along_axis(part_scores, order, axis=1)
    index[:, :kept] = np.take_along_axis(part, order, axis=1)
    index[~np.isfinite(values)] = -1
    values[index < 0] = -np.inf
    return index, values


def hide(scores: FloatArray, seen: Histories) -> None:
    """Set the scores of each row's seen movies to -inf, in place."""
    scores[seen.rows, seen.movies] = -np.inf


def check_interactions(interactions: pl.DataFrame) -> None:
    """Refuse what no model can learn from, naming the first offence."""
    missing = {"user_id", "movie_id", "rating", "timestamp"} - set(interactions.columns)
    if missing:
        raise ModelError(f"interactions lack column {', '.join(sorted(missing))}")
    if len(interactions) == 0:
        raise ModelError("interactions are empty; nothing to fit")
    if interactions.select(pl.any_horizontal(pl.all().is_null().any())).item():
        raise ModelError("interactions hold nulls; re-materialize `ratings`, which quarantines them")
    outside = interactions.filter(~pl.col("rating").is_between(RATING_MIN, RATING_MAX))
    if len(outside):
        raise ModelError(f"rating {outside['rating'][0]} is outside {RATING_MIN}-{RATING_MAX}")
    if interactions.select("user_id", "movie_id").is_duplicated().any():
        raise ModelError("interactions hold a user and movie twice; re-materialize `ratings`, which keeps the latest")


def titles_of(catalogue: pl.DataFrame) -> list[str]:
    """`Title (year)` of every row."""
    year = pl.when(pl.col("year").is_null()).then(pl.lit("")).otherwise(pl.format(" ({})", pl.col("year")))
    return catalogue.select(pl.concat_str("title", year))["title"].to_list()


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest of an exported model, its format and checksums verified."""
    path = directory / "manifest.json"
    if not path.exists():
        raise ModelError(f"{directory} holds no exported model (no manifest.json)")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ModelError(f"{path} has format {manifest.get('format_version')}, this code reads {FORMAT_VERSION}")
    for file, expected in manifest["sha256"].items():
        if sha256_of(directory / file) != expected:
            raise ModelError(f"{directory / file} does not have the checksum of its manifest; export the model again")
    return manifest


def sha256_of(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
