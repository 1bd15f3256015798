"""What a search space is made of: bounds, typed by the model's own config; and drawn values as that config's fields.

A field is named as `--set` names it, `weights.genres` for a field of a field. Its type and default come from the
config: whole numbers are drawn whole. Of a model made of models also the parts are drawn, one yes or no each, and their
fields are `part_configs.<part>.<field>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from recsys_assets.recommenders.models import config_class
from recsys_assets.recommenders.parts import PartsConfig
from recsys_assets.recommenders.results import ModelError

PARTS = "parts"


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
class Switches:
    """Of a field `parts`: those that may be in or out, name -> model; all others of the default are always in."""

    models: Mapping[str, str]

    @classmethod
    def of(cls, *names: str) -> Switches:
        """Parts that are named as their models are."""
        return cls({name: name for name in names})


Bounds = Between | OneOf | Switches


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


def dimensions_of(model: str, space: Mapping[str, Bounds]) -> tuple[Dimension, ...]:
    """The dimensions of a model's search, in the order declared."""
    found: list[Dimension] = []
    for name, bounds in space.items():
        if isinstance(bounds, Switches):
            default = _default_parts(model)
            found += [Dimension(f"{PARTS}.{p}", "choice", p in default, options=(False, True)) for p in bounds.models]
        else:
            found.append(_dimension(model, space, name, bounds))
    return tuple(found)


def fields_of(model: str, space: Mapping[str, Bounds], drawn: Mapping[str, Any]) -> dict[str, Any]:
    """Values drawn, by dimension, as fields of the model's config, by name: yes and no of the parts become `parts`.

    What was drawn for a part that is left out falls away.
    """
    switches = space.get(PARTS)
    switched = {k.removeprefix(f"{PARTS}."): v for k, v in drawn.items() if k.startswith(f"{PARTS}.")}
    if not isinstance(switches, Switches) or not switched:
        return dict(drawn)
    default = _default_parts(model)
    parts = {n: m for n, m in {**default, **switches.models}.items() if switched.get(n, n in default)}
    named = _default(model).model_dump()[PARTS]
    others = {k: v for k, v in drawn.items() if not k.startswith(f"{PARTS}.")}
    kept = {k: v for k, v in others.items() if not k.startswith("part_configs.") or k.split(".")[1] in parts}
    return {PARTS: parts if isinstance(named, dict) else list(parts), **kept}


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


def _dimension(model: str, space: Mapping[str, Bounds], name: str, bounds: Between | OneOf) -> Dimension:
    path = name.split(".")
    if path[0] == "part_configs" and len(path) > 2:
        annotation, default = _field_of_part(model, space, path[1], path[2:])
    else:
        annotation, default = _field(model, config_class(model), path)
    if isinstance(bounds, OneOf):
        options = bounds.options or _options(annotation)
        if default not in options:
            raise ModelError(f"search space of {model}: {name} is {default!r} by default, which is not among {options}")
        return Dimension(name, "choice", default, options=options)
    if not bounds.low <= default <= bounds.high:
        raise ModelError(f"search space of {model}: {name} is {default!r} by default, outside {bounds}")
    kind: Literal["whole", "real"] = "whole" if int in _types(annotation) else "real"
    return Dimension(name, kind, default, bounds.low, bounds.high, bounds.log)


def _field_of_part(model: str, space: Mapping[str, Bounds], part: str, path: list[str]) -> tuple[Any, Any]:
    """Annotation and default of a field of a part: as the model has it, else as models of its kind do."""
    switches = space.get(PARTS)
    models = _default_parts(model) | dict(switches.models if isinstance(switches, Switches) else {})
    if part not in models:
        raise ModelError(f"search space of {model}: there is no part {part!r}; parts are {', '.join(models)}")
    annotation, default = _field(models[part], config_class(models[part]), path)
    own: Any = getattr(_default(model), "part_configs", {}).get(part, {})
    for key in path:
        if key not in own:
            return annotation, default
        own = own[key]
    return annotation, own


def _default(model: str) -> BaseModel:
    return config_class(model)()


def _default_parts(model: str) -> dict[str, str]:
    """Name of each part by default -> its model."""
    default = _default(model)
    return default.models_of_parts() if isinstance(default, PartsConfig) else {}


def _field(model: str, config: type[BaseModel], path: list[str]) -> tuple[Any, Any]:
    """Annotation and default of a field, or of a field of one."""
    first, *rest = path
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
