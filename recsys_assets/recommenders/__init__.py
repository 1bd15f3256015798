"""Recommenders: one protocol, one file a model. Importing this loads no model's library."""

from recsys_assets.recommenders.base import Exclude, RatingPredictor, Recommender
from recsys_assets.recommenders.models import MODELS, build, config_class, load_model, model_class
from recsys_assets.recommenders.results import Explanation, ModelError, Reason, Recommendations, Route

__all__ = [
    "MODELS",
    "Exclude",
    "Explanation",
    "ModelError",
    "RatingPredictor",
    "Reason",
    "Recommendations",
    "Recommender",
    "Route",
    "build",
    "config_class",
    "load_model",
    "model_class",
]
