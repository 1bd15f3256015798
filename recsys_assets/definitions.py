"""The code location: everything under `defs/`, and how its steps are run."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import dagster as dg

FORKSERVER_PRELOAD: Final = (
    "recsys_assets.step_server",
    "great_expectations",
    "mlflow.pyfunc",
    "sklearn.feature_extraction.text",
    "surprise",
    "matplotlib.figure",
)
"""Imported once a run, not once a step (six empty steps: 26 s -> 9 s). Only modules whose import starts no thread and
opens nothing: what runs while a process forks is lost or locked in its children."""

EXECUTOR = dg.multiprocess_executor.configured(
    {"max_concurrent": 2, "start_method": {"forkserver": {"preload_modules": list(FORKSERVER_PRELOAD)}}}
)
"""Two steps at a time, forked from a server that has imported the heavy libraries once."""


@dg.definitions
def defs() -> dg.Definitions:
    return _loaded()


@cache
def _loaded() -> dg.Definitions:
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(loaded, dg.Definitions(executor=EXECUTOR))
