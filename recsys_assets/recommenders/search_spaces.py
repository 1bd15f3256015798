"""What of each model may be tuned, and within which bounds: declared here, typed by the model's own config.

A field is named as `--set` names it, `weights.genres` for a field of a field. Its type comes from the config: whole
numbers are drawn whole. Bounds are wide enough for data sets from 100 thousand to 30 million ratings, and hold the
default, from which every search starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from recsys_assets.recommenders.models import config_class
from recsys_assets.recommenders.results import ModelError


@dataclass(frozen=True)
class Between:
    """Numbers from `low` to `high`, both included; `log`: factors matter, not differences."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class OneOf:
    """One of a few values; without any, all that the field's type allows."""

    options: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Dimension:
    """A field to be tuned, with what its config says of it."""

    name: str
    kind: Literal["whole", "real", "choice"]
    default: Any
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    options: tuple[Any, ...] = ()


HALF_LIVES = OneOf((None, 2.0, 5.0, 10.0, 20.0, 50.0))
SEQUENCES: dict[str, Between | OneOf] = {
    "window": OneOf((20, 50, 100, 200)),
    "dim": OneOf((32, 64, 128)),
    "dropout": Between(0.0, 0.6),
    "learning_rate": Between(0.0005, 0.01, log=True),
    "initial_spread": Between(0.005, 0.2, log=True),
    "weight_decay": Between(0.0, 0.1),
    "pipeline.batch_size": OneOf((8, 16, 32, 64, 128)),
}
RECURRENT: dict[str, Between | OneOf] = {"hidden": OneOf((64, 128, 256)), "layers": Between(1, 3)}

SPACES: dict[str, dict[str, Between | OneOf]] = {
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
    "svd": {
        "factors": Between(10, 200, log=True),
        "epochs": Between(10, 120, log=True),
        "learning_rate": Between(0.001, 0.03, log=True),
        "regularization": Between(0.01, 0.3, log=True),
    },
    "svdpp": {
        "factors": Between(5, 60, log=True),
        "epochs": Between(10, 60, log=True),
        "learning_rate": Between(0.002, 0.02, log=True),
        "regularization": Between(0.01, 0.3, log=True),
    },
    "biased_mf": {
        "factors": Between(10, 200, log=True),
        "epochs": Between(10, 120, log=True),
        "learning_rate": Between(0.001, 0.03, log=True),
        "regularization": Between(0.01, 0.3, log=True),
        "start": Between(0.001, 0.3, log=True),
    },
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
    "hybrid": {
        "validation_share": Between(0.05, 0.3),
        "part_configs.content.interest": Between(0.0, 3.0),
        "part_configs.content.half_life": OneOf((None, 3, 10, 30, 100)),
        "part_configs.svd.regularization": Between(0.02, 0.2, log=True),
    },
}
"""Model -> field -> bounds."""


def search_space(model: str) -> tuple[Dimension, ...]:
    """The dimensions of a model's search, in the order declared."""
    config = config_class(model)
    if model not in SPACES:
        raise ModelError(f"{model} has no search space; models that can be tuned are {', '.join(SPACES)}")
    return tuple(_dimension(model, config, name, bounds) for name, bounds in SPACES[model].items())


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`{"weights.genres": 2}` as `{"weights": {"genres": 2}}`, the form that `build` takes."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        *folders, last = name.split(".")
        place = found
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return found


def _dimension(model: str, config: type[BaseModel], name: str, bounds: Between | OneOf) -> Dimension:
    annotation, default = _field(model, config, name.split("."))
    if isinstance(bounds, OneOf):
        options = bounds.options or _options(annotation)
        if default not in options:
            raise ModelError(f"search space of {model}: {name} is {default!r} by default, which is not among {options}")
        return Dimension(name, "choice", default, options=options)
    if not bounds.low <= default <= bounds.high:
        raise ModelError(f"search space of {model}: {name} is {default!r} by default, outside {bounds}")
    return Dimension(
        name, "whole" if int in _types(annotation) else "real", default, bounds.low, bounds.high, bounds.log
    )


def _field(model: str, config: type[BaseModel], path: list[str]) -> tuple[Any, Any]:
    """Annotation and default of a field, or of a field of one."""
    first, *rest = path
    if first == "part_configs" and rest:  # of a blend: the part is a model itself, tuned as that blend has it
        from recsys_assets.recommenders.hybrid import PART_CONFIGS

        part, *own = rest
        annotation, default = _field(part, config_class(part), own)
        return annotation, PART_CONFIGS.get(part, {}).get(own[0], default)
    if first not in config.model_fields:
        raise ModelError(
            f"search space of {model}: there is no field {first!r}; fields are {', '.join(config.model_fields)}"
        )
    field = config.model_fields[first]
    if not rest:
        return field.annotation, field.get_default(call_default_factory=True)
    if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
        raise ModelError(f"search space of {model}: {first} has no field {rest[0]!r}")
    inner = field.get_default(call_default_factory=True)
    annotation, _ = _field(model, field.annotation, rest)
    for key in rest:
        inner = getattr(inner, key)
    return annotation, inner


def _types(annotation: Any) -> tuple[Any, ...]:
    """The plain types of an annotation: `int | None` and `Annotated[int, Gt(0)]` are of int."""
    arguments = get_args(annotation)
    if get_origin(annotation) is None or get_origin(annotation) is Literal or not arguments:
        return (annotation,)
    if hasattr(annotation, "__metadata__"):
        return _types(arguments[0])
    return tuple(kind for argument in arguments if argument is not NoneType for kind in _types(argument))


def _options(annotation: Any) -> tuple[Any, ...]:
    """All values of a Literal or a truth value."""
    if annotation is bool:
        return (False, True)
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    raise ModelError(f"a field of type {annotation} has no list of values; name them in the search space")
