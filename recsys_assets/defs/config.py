"""A model's typed config as a form in the launchpad; declared once, beside the model."""

from __future__ import annotations

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import dagster as dg
from pydantic import BaseModel, Field, create_model

from recsys_assets.recommenders import config_class


def launchpad_config(model: str) -> type[dg.Config]:
    """A Dagster config class with the fields, defaults and docstrings of the config of `model`.

    The launchpad knows fewer types than pydantic; ranges are checked when the model is built from `as_fields`.
    """
    return _mirrored(config_class(model), f"{model.title().replace('_', '')}Params")


def as_fields(config: dg.Config) -> dict[str, Any]:
    """The fields of a launchpad config, ready for `recommenders.build`."""
    return config.model_dump(mode="json")


def _mirrored(source: type[BaseModel], name: str) -> type[dg.Config]:
    fields: dict[str, Any] = {}
    for field_name, field in source.model_fields.items():
        if field.exclude:  # of the machine that fits, not of the model
            continue
        kind = _launchpad_type(field.annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            nested = _mirrored(kind, f"{name}_{field_name}")
            default: Any = nested(**field.get_default(call_default_factory=True).model_dump())
            fields[field_name] = (nested, Field(default=default, description=field.description))
        else:
            value = field.get_default(call_default_factory=True)
            value = list(value) if isinstance(value, tuple) else value
            fields[field_name] = (kind, Field(default=value, description=field.description))
    return create_model(name, __base__=dg.Config, __module__=__name__, **fields)


def _launchpad_type(annotation: Any) -> Any:
    """The nearest type that the launchpad knows: choices become text, constraints are dropped."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return type(arguments[0])
    if origin in (Union, UnionType):
        return Union[tuple(_launchpad_type(a) for a in arguments)]  # noqa: UP007
    if origin in (tuple, list):
        return list[_launchpad_type(arguments[0])]  # type: ignore[misc]
    if hasattr(annotation, "__metadata__"):
        return _launchpad_type(arguments[0])
    return annotation
