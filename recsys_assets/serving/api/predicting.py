"""What somebody would rate movies: by the best champion that predicts ratings, or the one that is named.

Of a known user it is the model's prediction; of somebody who brings ratings, its score for them folded in, which is a
predicted rating too, within 0.5 to 5 stars.
"""

from __future__ import annotations

import logging

import numpy as np

from recsys_assets.recommenders import RatingPredictor
from recsys_assets.recommenders.checks import RATING_MAX, RATING_MIN
from recsys_assets.recommenders.data import FloatArray
from recsys_assets.serving.api import fallback as rule
from recsys_assets.serving.api.asks import Person
from recsys_assets.serving.api.deadline import TooBusyError, TooLateError
from recsys_assets.serving.api.fallback import Fallback
from recsys_assets.serving.api.problems import ProblemError
from recsys_assets.serving.api.schemas.facts import PredictAnswer, Prediction
from recsys_assets.serving.api.schemas.requests import PredictIn
from recsys_assets.serving.api.scoring import standing_of
from recsys_assets.serving.api.served import Served
from recsys_assets.serving.api.service import Service

log = logging.getLogger("recsys.api")
PREFERRED = ("rating_blend", "bayesian_fm", "svdpp", "biased_mf", "svd", "rating_knn", "baseline")
"""In the order of their error on the leaderboards."""


def predict(service: Service, body: PredictIn, *, request_id: str) -> PredictAnswer:
    """Raises a 422 problem for a model that predicts no ratings, a 404 for one that has no champion."""
    served = _who(service, body.model)
    person = service.person(user_id=body.user_id, ratings=[(r.movie_id, r.rating) for r in body.ratings])
    movies = np.array(body.movies, dtype=np.int64)
    stars, failed = _in_time(service, served, person, movies)
    rated = zip(body.movies, stars.tolist(), strict=True)
    return PredictAnswer(
        request_id=request_id,
        user_id=body.user_id,
        model=served.model,
        model_version=served.name,
        data_version=served.data_version,
        fallback=failed,
        ratings=[Prediction(movie_id=movie, rating=rating) for movie, rating in rated],
    )


def _who(service: Service, model: str | None) -> Served:
    if model is None:
        exported = service.champions.exported()
        model = next((name for name in PREFERRED if name in exported), None)
        if model is None:
            raise ProblemError(503, "no-champion", "no champion predicts ratings; materialize one, say biased_mf")
    served, missing = service.champion(model)
    if missing is not None:
        raise ProblemError(404, "unknown-model", missing.why)
    if not isinstance(served.recommender, RatingPredictor):
        raise ProblemError(422, "invalid-request", f"{served.model} predicts no ratings; {', '.join(PREFERRED)} do")
    return served


def _in_time(
    service: Service, served: Served, person: Person, movies: np.ndarray
) -> tuple[FloatArray, Fallback | None]:
    seconds = service.config.deadline_seconds
    try:
        return service.deadlines.within(seconds, lambda: _stars(served, person, movies)), None
    except TooLateError:
        failed = rule.model_slow(served.model, seconds)
    except TooBusyError:
        failed = rule.model_busy(served.model)
    except Exception:  # whatever a model does, people get an answer
        log.exception("model failed", extra={"model": served.name})
        failed = rule.model_failed(served.model)
    service.metrics.fallbacks.labels(failed.kind).inc()
    columns = served.recommender.movies.index(movies)
    return np.clip(served.recommender.fallback_scores[columns], RATING_MIN, RATING_MAX), failed


def _stars(served: Served, person: Person, movies: np.ndarray) -> FloatArray:
    model = served.recommender
    assert isinstance(model, RatingPredictor)
    standing = standing_of(model, person)
    if standing.known >= 0 or not standing.n_ratings:
        return model.predict(np.full(len(movies), person.user_id or -1), movies)
    scores = model._scores(standing.history, np.array([-1]), model.fallback_scores)[0]
    return np.clip(scores[model.movies.index(movies)], RATING_MIN, RATING_MAX).astype(np.float32)
