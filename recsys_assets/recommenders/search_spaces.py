"""What of each model may be tuned, and within which bounds.

Bounds are wide enough for data sets from 100 thousand to 30 million ratings, and hold the default, from which every
search starts. Models made of models choose their own weights when they are fitted, on a validation of their own: of
them a search draws which parts there are, and how the parts are set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsys_assets.recommenders.models import model_class
from recsys_assets.recommenders.results import ModelError
from recsys_assets.recommenders.search_dimensions import (
    Between,
    Bounds,
    Dimension,
    OneOf,
    Switches,
    dimensions_of,
    fields_of,
    nested,
)

Space = dict[str, Bounds]

HALF_LIVES = OneOf((None, 2.0, 5.0, 10.0, 20.0, 50.0))
DESCENT: Space = {
    "factors": Between(10, 200, log=True),
    "epochs": Between(10, 120, log=True),
    "learning_rate": Between(0.001, 0.03, log=True),
    "regularization": Between(0.01, 0.3, log=True),
}
SEQUENCES: Space = {
    "window": OneOf((20, 50, 100, 200)),
    "dim": OneOf((32, 64, 128)),
    "dropout": Between(0.0, 0.6),
    "learning_rate": Between(0.0005, 0.01, log=True),
    "initial_spread": Between(0.005, 0.2, log=True),
    "weight_decay": Between(0.0, 0.1),
    "pipeline.batch_size": OneOf((8, 16, 32, 64, 128)),
}
RECURRENT: Space = {"hidden": OneOf((64, 128, 256)), "layers": Between(1, 3)}

SPACES: dict[str, Space] = {
    "popularity": {"order": OneOf(), "percentile": Between(0.0, 0.99)},
    "content": {
        "weights.genres": Between(0.0, 2.0),
        "weights.cast": Between(0.0, 2.0),
        "weights.director": Between(0.0, 2.0),
        "weights.keywords": Between(0.0, 2.0),
        "weights.overview": Between(0.0, 2.0),
        "interest": Between(0.0, 3.0),
        "newcomer_ratings": Between(0.0, 30.0),
        "half_life": OneOf((None, 3, 10, 30, 100)),
        "prior": Between(0.0, 1.0),
    },
    "baseline": {"damping": Between(0.5, 50, log=True)},
    "svd": DESCENT,
    "svdpp": {
        "factors": Between(5, 60, log=True),
        "epochs": Between(10, 60, log=True),
        "learning_rate": Between(0.002, 0.02, log=True),
        "regularization": Between(0.01, 0.3, log=True),
    },
    "biased_mf": DESCENT | {"start": Between(0.001, 0.3, log=True)},
    "rating_knn": {
        "damping": Between(0.5, 50, log=True),
        "co_raters": Between(1, 300, log=True),
        "power": Between(1, 5),
        "shrink": Between(0.001, 0.3, log=True),
        "moment": Between(0.001, 0.3, log=True),
        "neighbours": Between(30, 1000, log=True),
    },
    "bayesian_fm": {"factors": Between(4, 32, log=True), "draws": Between(40, 300, log=True)},
    "item_knn": {
        "neighbours": Between(20, 1000, log=True),
        "shrinkage": Between(0.1, 200, log=True),
        "half_life": HALF_LIVES,
        "rating_weight": Between(0.0, 1.0),
        "prior": Between(0.0001, 0.1, log=True),
    },
    "markov": {
        "window": Between(2, 50, log=True),
        "decay": Between(0.5, 1.0),
        "backward": Between(0.0, 1.0),
        "history_exponent": Between(0.0, 1.0),
        "movie_exponent": Between(0.0, 1.0),
        "shrinkage": Between(0.5, 50, log=True),
        "recency": Between(0.3, 1.0),
    },
    "ease": {
        "regularization": Between(20, 5000, log=True),
        "half_life": HALF_LIVES,
        "rating_weight": Between(0.0, 1.0),
    },
    "norm_ease": {
        "regularization": Between(0.05, 10, log=True),
        "user_power": Between(0.0, 1.0),
        "movie_power": Between(0.0, 1.0),
        "popularity_power": Between(0.0, 0.5),
        "diagonal_power": Between(0.0, 1.0),
        "half_life": HALF_LIVES,
        "rating_weight": Between(0.0, 1.0),
    },
    "ials": {
        "factors": Between(16, 256, log=True),
        "unobserved": Between(0.01, 1, log=True),
        "regularization": Between(0.01, 3, log=True),
        "frequency_power": Between(0.0, 1.0),
        "iterations": Between(3, 20, log=True),
        "half_life": HALF_LIVES,
        "rating_weight": Between(0.0, 1.0),
    },
    "implicit_als": {
        "factors": Between(16, 256, log=True),
        "regularization": Between(0.01, 100, log=True),
        "confidence": Between(1, 50, log=True),
        "iterations": Between(3, 30, log=True),
    },
    "user_kernel": {
        "sharpness": Between(0.5, 6),
        "regularization": Between(0.01, 5, log=True),
        "movie_power": Between(0.0, 1.0),
        "popularity_power": Between(0.0, 0.5),
        "half_life": HALF_LIVES,
        "rating_weight": Between(0.0, 1.0),
    },
    "sasrec": SEQUENCES | {"layers": Between(1, 4), "heads": OneOf((1, 2, 4))},
    "gru4rec": SEQUENCES | RECURRENT,
    "time_rating_lstm": SEQUENCES | RECURRENT,
    "time_rating_content": SEQUENCES | RECURRENT | {"content_dim": Between(32, 256, log=True)},
}
"""Model -> field -> bounds."""


def of_part(part: str, *fields: str, like: str | None = None) -> Space:
    """Fields of a part's own space, as a model that it is a part of names them; `like`: the part's model."""
    own = SPACES[like or part]
    return {f"part_configs.{part}.{field}": own[field] for field in fields}


CONTENT = of_part("content", "interest", "half_life")
MARKOV = of_part("markov", "window", "history_exponent", "movie_exponent", "shrinkage", "recency")
ITEM_KNN = of_part("item_knn", "neighbours", "shrinkage", "half_life")
IALS = of_part("ials", "factors", "unobserved", "regularization", "half_life")
INNER_VALIDATION: Space = {"validation_share": Between(0.05, 0.3)}
MADE_OF_MODELS: dict[str, Space] = {
    "hybrid": {
        "parts": Switches.of("biased_mf", "markov", "ials", "item_knn"),
        **CONTENT,
        **of_part("biased_mf", "factors", "regularization"),
        **MARKOV,
        **IALS,
        **ITEM_KNN,
        **INNER_VALIDATION,
    },
    "switch": {
        "parts": Switches.of("markov", "item_knn", "ials", "ease"),
        **CONTENT,
        **MARKOV,
        **IALS,
        **ITEM_KNN,
        **of_part("ease", "regularization", "half_life"),
        "cold_price": Between(0.0, 0.05),
        **INNER_VALIDATION,
    },
    "topn_blend": {
        "parts": Switches.of("user_kernel", "markov"),
        **of_part("norm_ease", "regularization", "popularity_power", "half_life"),
        **IALS,
        **of_part("user_kernel", "sharpness", "regularization", "half_life"),
        **MARKOV,
        **INNER_VALIDATION,
    },
    "rating_blend": {
        "parts": Switches({"moments": "bayesian_fm", "neighbours": "rating_knn", "taste": "biased_mf"}),
        **of_part("moments", "factors", "draws", like="bayesian_fm"),
        **of_part("minutes", "factors", "draws", like="bayesian_fm"),
        **of_part("neighbours", "damping", "co_raters", "shrink", "neighbours", like="rating_knn"),
        **of_part("taste", "factors", "regularization", like="biased_mf"),
        **of_part("biases", "damping", like="baseline"),
    },
    "time_rating_hybrid": {
        **of_part("time_rating_lstm", "dim", "hidden", "dropout", "learning_rate"),
        **of_part("time_rating_content", "content_dim", "hidden", "dropout", "learning_rate"),
    },
    "next_item": {
        "parts": Switches.of(
            "markov_events", "markov_lasting", "markov_forward", "ease_lasting", "user_kernel", "item_knn", "popularity"
        ),
        "candidates": Between(50, 500, log=True),
        "events_per_user": Between(1, 20, log=True),
        "regularization": Between(0.0001, 0.1, log=True),
    },
}
SPACES |= MADE_OF_MODELS
SPACES["dqn_agent"] = {
    "alpha": Between(0.0, 0.5),
    "dqn.learning_rate": Between(0.0001, 0.01, log=True),
    "dqn.explore_among": Between(5, 100, log=True),
    "dqn.n_steps": OneOf((3, 5, 10, 20)),
    "dqn.network.shortlist": OneOf((20, 50, 100, 200)),
    "setting.taste.factors": Between(2, 20),
}
SPACES["ppo_agent"] = {
    "alpha": Between(0.0, 0.5),
    "ppo.learning_rate": Between(0.0001, 0.01, log=True),
    "ppo.kl_target": Between(0.01, 1.0, log=True),
    "ppo.network.start_scale": Between(1.0, 10.0, log=True),
    "ppo.network.shortlist": OneOf((20, 50, 100)),
    "setting.taste.factors": Between(2, 20),
}


def search_space(model: str) -> tuple[Dimension, ...]:
    """The dimensions of a model's search, in the order declared."""
    return dimensions_of(model, _space(model))


def config_fields(model: str, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Values drawn for the dimensions of `search_space`, as config fields by the name that `--set` takes."""
    return fields_of(model, _space(model), drawn)


def config_of(model: str, drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Values drawn for the dimensions of `search_space`, as `build` and the launchpad take them."""
    return nested(config_fields(model, drawn))


def _space(model: str) -> Space:
    model_class(model)  # says which models there are where there is none of that name
    if model not in SPACES:
        raise ModelError(f"{model} has no search space; models that can be tuned are {', '.join(SPACES)}")
    return SPACES[model]
