"""Score a fitted model: its lists against the movies each user went on to rate, its predictions against ratings.

What the model was fitted on is read from the model itself, so a pair it was fitted on can never be scored.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_assets.evaluation.beyond_accuracy import (
    calibration,
    coverage,
    diversity,
    gini,
    history_popularity,
    novelty,
    popularity,
    popularity_lift,
)
from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.metrics import (
    METRICS,
    Hits,
    find_hits,
    mean_absolute_error,
    mean_squared_error,
    root_mean_squared_error,
)
from recsys_assets.evaluation.results import SHORT_NAMES, RankingMetrics, RankingResult, RatingResult
from recsys_assets.recommenders import RatingPredictor, Recommender
from recsys_assets.recommenders.data import Histories, Ids

LENGTHS = (10, 20)
"""List lengths k that are reported; what is beyond accuracy is of the first."""


def score_lists(
    model: Recommender,
    relevant: pl.DataFrame,
    *,
    protocol: str,
    hidden: pl.DataFrame | None = None,
    lengths: tuple[int, ...] = LENGTHS,
) -> RankingResult:
    """Rank all movies for each user of `relevant` (`user_id, movie_id`, the pairs to be found) and score the lists.

    What the model was fitted on is masked, and so are the pairs of `hidden`.
    """
    if len(relevant) == 0:
        raise EvaluationError(f"{protocol}: there is no pair to find, so no list can be scored")
    require_unfitted(model, relevant, protocol)
    users = relevant["user_id"].unique().sort().to_numpy()
    masked = None if hidden is None else _still_to_mask(model, hidden, users)
    started = time.perf_counter()
    ranked = model.recommend(users, max(lengths), also_exclude=masked).movies
    seconds = time.perf_counter() - started
    hits = find_hits(users, ranked, relevant["user_id"].to_numpy(), relevant["movie_id"].to_numpy())
    histories = model.histories.take(model.users.index(users))
    history = histories.lengths
    per_user = _per_user(users, history, hits, lengths)
    top = ranked[:, : lengths[0]]
    rated = model.movies.values[model.histories.movies]
    return RankingResult(
        protocol=protocol,
        n_users=len(users),
        n_cold_users=int((history == 0).sum()),
        n_relevant=len(relevant),
        n_unseen_movies=int((~np.isin(relevant["movie_id"].to_numpy(), rated)).sum()),
        at=_means(per_user, lengths),
        warm=_means(per_user.filter(~pl.col("is_cold")), lengths),
        cold=_means(per_user.filter("is_cold"), lengths),
        k=lengths[0],
        coverage=coverage(top, model.movies.values),
        diversity=diversity(top, model.catalogue),
        **_beyond_hits(model, histories, top, rated),
        recommend_ms_per_user=1000 * seconds / len(users),
        per_user=per_user,
    )


def score_ratings(model: RatingPredictor, actual: pl.DataFrame, *, protocol: str) -> RatingResult:
    """Errors of the predicted ratings of the pairs of `actual` (`user_id, movie_id, rating, timestamp`)."""
    if len(actual) == 0:
        raise EvaluationError(f"{protocol}: there is no rating to predict")
    require_unfitted(model, actual, protocol)
    users, movies = actual["user_id"].to_numpy(), actual["movie_id"].to_numpy()
    truth = actual["rating"].cast(pl.Float64).to_numpy()
    at = actual["timestamp"].dt.epoch("s").to_numpy() if "timestamp" in actual.columns else None
    predicted = model.predict(users, movies, at=at).astype(np.float64)
    rated = model.movies.values[np.unique(model.histories.movies)]
    warm = (model.histories.take(model.users.index(users)).lengths > 0) & np.isin(movies, rated)
    return RatingResult(
        protocol=protocol,
        n=len(truth),
        n_cold=int((~warm).sum()),
        rmse=root_mean_squared_error(predicted, truth),
        mse=mean_squared_error(predicted, truth),
        mae=mean_absolute_error(predicted, truth),
        warm_rmse=root_mean_squared_error(predicted[warm], truth[warm]) if warm.any() else None,
        warm_mae=mean_absolute_error(predicted[warm], truth[warm]) if warm.any() else None,
        per_user=_errors_by_user(users, predicted - truth),
    )


def fitted_on(model: Recommender, pairs: pl.DataFrame) -> NDArray[np.bool_]:
    """(n,) True where the model was fitted on that pair of `user_id` and `movie_id`."""
    users = Ids.of(pairs["user_id"].to_numpy())
    histories = model.histories.take(model.users.index(users.values))
    n_movies = len(model.movies)
    movies = model.movies.index(pairs["movie_id"].to_numpy())
    asked = users.index(pairs["user_id"].to_numpy()) * n_movies + movies
    fitted: NDArray[np.bool_] = (movies >= 0) & np.isin(asked, histories.rows * n_movies + histories.movies)
    return fitted


def require_unfitted(model: Recommender, pairs: pl.DataFrame, protocol: str) -> None:
    """Refuse to score a model on what it was fitted on."""
    seen = int(fitted_on(model, pairs).sum())
    if seen:
        raise EvaluationError(
            f"{protocol}: {model.name} was fitted on {seen} of the {len(pairs)} pairs it would be scored on; "
            "score a model fitted on the training part only"
        )


def _still_to_mask(model: Recommender, hidden: pl.DataFrame, users: NDArray[np.int64]) -> pl.DataFrame:
    """The pairs of `hidden` that are of `users` and that the model does not mask by itself."""
    own = hidden.select("user_id", "movie_id").filter(pl.col("user_id").is_in(pl.Series(users).implode()))
    return own.filter(pl.Series(~fitted_on(model, own)))


def _beyond_hits(
    model: Recommender, histories: Histories, top: NDArray[np.int64], rated: NDArray[np.int64]
) -> dict[str, Any]:
    """Novelty, popularity and calibration of lists `top` of users with these histories; `rated` as in `novelty`."""
    n_users = int((model.histories.lengths > 0).sum())
    shown = popularity(top, rated, n_users=n_users)
    raters = np.bincount(model.histories.movies, minlength=len(model.movies))
    divergence = calibration(top, histories, model.movies, model.catalogue)
    return {
        "novelty": novelty(top, rated, n_users=n_users),
        "gini": gini(top, model.movies.values),
        "popularity": float(np.nanmean(shown)) if np.isfinite(shown).any() else 0.0,
        "popularity_lift": popularity_lift(shown, history_popularity(histories, raters, n_users=n_users)),
        "miscalibration": float(np.nanmean(divergence)) if np.isfinite(divergence).any() else None,
    }


def _errors_by_user(users: NDArray[np.int64], errors: NDArray[np.float64]) -> pl.DataFrame:
    """One row a user, by id: how many ratings, and the sums of squared and absolute errors."""
    squared, absolute = np.square(errors), np.abs(errors)
    pairs = pl.DataFrame({"user_id": users, "squared": squared, "absolute": absolute})
    sums = pairs.group_by("user_id").agg(pl.len().cast(pl.Int64).alias("n"), pl.col("squared", "absolute").sum())
    return sums.sort("user_id")


def _per_user(
    users: NDArray[np.int64], history: NDArray[np.int64], hits: Hits, lengths: tuple[int, ...]
) -> pl.DataFrame:
    scores = {f"{SHORT_NAMES[name]}_at_{k}": metric(hits, k) for k in lengths for name, metric in METRICS.items()}
    known = {"user_id": users, "is_cold": history == 0, "n_history": history, "n_relevant": hits.relevant}
    return pl.DataFrame(known | scores)


def _means(per_user: pl.DataFrame, lengths: tuple[int, ...]) -> tuple[RankingMetrics, ...]:
    if len(per_user) == 0:
        return ()
    mean = per_user.mean().row(0, named=True)
    return tuple(RankingMetrics(k, **{name: mean[f"{SHORT_NAMES[name]}_at_{k}"] for name in METRICS}) for k in lengths)
