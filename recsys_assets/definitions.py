"""The code location: everything under `defs/`, and how its steps are run."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Final

import dagster as dg

import recsys_assets.defs
from recsys_assets.settings import PROJECT_ROOT

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
    # Not `dg.load_from_defs_folder`: it looks for pyproject.toml, which an installed package has not.
    tree = dg.ComponentTree.from_module(defs_module=recsys_assets.defs, project_root=PROJECT_ROOT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        loaded = tree.build_defs()
    return dg.Definitions(
        assets=_with_code_references(loaded),
        asset_checks=loaded.asset_checks,
        jobs=loaded.jobs,
        schedules=loaded.schedules,
        sensors=loaded.sensors,
        resources=loaded.resources,
        executor=EXECUTOR,
    )


def _with_code_references(loaded: dg.Definitions) -> list[dg.AssetsDefinition]:
    """Every asset with the file and line it is written at; an asset that several modules import comes once."""
    once = list({id(asset): asset for asset in loaded.assets or []}.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return list(dg.with_source_code_references(once))  # type: ignore[arg-type]
