"""Options that name models and set fields of their configs: `--model ease --set regularization=500`."""

from __future__ import annotations

import json
from typing import Any

from recsys_assets.cli.common import MISUSED, stop


def configs_of(models: list[str], assignments: list[str]) -> dict[str, dict[str, Any]]:
    """The config fields given for each model. A field of one of several models is led by the model's name.

    A value is JSON where it reads as such, else text; `weights.genres=2` sets a field of a field.
    """
    if len(set(models)) < len(models):
        stop(MISUSED, f"a model is given twice among {', '.join(models)}; give each once")
    configs: dict[str, dict[str, Any]] = {model: {} for model in models}
    for assignment in assignments:
        path, given, value = assignment.partition("=")
        keys = path.strip().split(".")
        if not given or not all(keys):
            stop(MISUSED, f"--set {assignment!r} is no assignment; write --set FIELD=VALUE")
        if keys[0] in configs and len(keys) > 1:
            owners = [keys.pop(0)]
        elif len(models) == 1:
            owners = models
        else:
            stop(MISUSED, f"--set {assignment!r}: which model? Write --set {models[0]}.{assignment}")
        for owner in owners:
            _put(configs[owner], keys, _value(value))
    return configs


def _put(config: dict[str, Any], keys: list[str], value: Any) -> None:
    *folders, last = keys
    for key in folders:
        config = config.setdefault(key, {})
    config[last] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text.strip()
