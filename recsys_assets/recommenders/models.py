"""Every model by name; a model's module is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from recsys_assets.recommenders.base import Recommender
from recsys_assets.recommenders.export import read_manifest
from recsys_assets.recommenders.results import ModelError

MODELS: dict[str, str] = {
    "popularity": "recsys_assets.recommenders.popularity:Popularity",
    "content": "recsys_assets.recommenders.content:Content",
    "baseline": "recsys_assets.recommenders.baseline:Baseline",
    "svd": "recsys_assets.recommenders.svd:Svd",
    "svdpp": "recsys_assets.recommenders.svdpp:Svdpp",
    "biased_mf": "recsys_assets.recommenders.biased_mf:BiasedMf",
    "rating_knn": "recsys_assets.recommenders.rating_knn:RatingKnn",
    "bayesian_fm": "recsys_assets.recommenders.bayesian_fm:BayesianFm",
    "rating_blend": "recsys_assets.recommenders.rating_blend:RatingBlend",
    "item_knn": "recsys_assets.recommenders.item_knn:ItemKnn",
    "markov": "recsys_assets.recommenders.markov:Markov",
    "ease": "recsys_assets.recommenders.ease:Ease",
    "norm_ease": "recsys_assets.recommenders.norm_ease:NormEase",
    "ials": "recsys_assets.recommenders.ials:Ials",
    "implicit_als": "recsys_assets.recommenders.implicit_als:ImplicitAls",
    "user_kernel": "recsys_assets.recommenders.user_kernel:UserKernel",
    "topn_blend": "recsys_assets.recommenders.topn_blend:TopnBlend",
    "sasrec": "recsys_assets.recommenders.sasrec:Sasrec",
    "gru4rec": "recsys_assets.recommenders.gru4rec:Gru4rec",
    "time_rating_lstm": "recsys_assets.recommenders.time_rating_lstm:TimeRatingLstm",
    "time_rating_content": "recsys_assets.recommenders.time_rating_content:TimeRatingContent",
    "time_rating_hybrid": "recsys_assets.recommenders.time_rating_hybrid:TimeRatingHybrid",
    "next_item": "recsys_assets.recommenders.next_item:NextItem",
    "hybrid": "recsys_assets.recommenders.hybrid:Hybrid",
    "switch": "recsys_assets.recommenders.switch:Switch",
    "dqn_agent": "recsys_assets.agents.recommender:DqnAgent",
    "ppo_agent": "recsys_assets.agents.ppo.recommender:PpoAgent",
}
"""Name -> `module:Class`. Agents live above this package, which knows them by name only."""


def model_class(name: str) -> type[Recommender]:
    """The class of a model of `MODELS`."""
    if name not in MODELS:
        raise ModelError(f"there is no model {name!r}; models are {', '.join(MODELS)}")
    module, _, attribute = MODELS[name].partition(":")
    found: type[Recommender] = getattr(import_module(module), attribute)
    return found


def config_class(name: str) -> type[BaseModel]:
    """The typed config of a model."""
    return model_class(name).Config


def build(name: str, config: Mapping[str, Any] | BaseModel | None = None) -> Recommender:
    """An unfitted model; `config` as its fields or its typed config, the tuned defaults where not given."""
    model = model_class(name)
    if isinstance(config, BaseModel):
        if not isinstance(config, model.Config):
            raise ModelError(f"{name} takes a {model.Config.__name__}, not a {type(config).__name__}")
        return model(config)
    try:
        return model(model.Config.model_validate(dict(config or {})))
    except ValidationError as error:
        first = error.errors()[0]
        field, said = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        if not field:  # of the fields together
            raise ModelError(f"config of {name}: {said}") from error
        fields = ", ".join(model.Config.model_fields)
        raise ModelError(f"config of {name}, field {field!r}: {said}; fields are {fields}") from error


def load_model(directory: Path) -> Recommender:
    """The model that `directory` is an export of, whichever it is."""
    return model_class(read_manifest(directory)["model"]).load(directory)
