"""The code location: everything under `defs/`, and how its steps are run."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from recsys_assets.defs.preload import FORKSERVER_PRELOAD

EXECUTOR = dg.multiprocess_executor.configured(
    {"max_concurrent": 2, "start_method": {"forkserver": {"preload_modules": list(FORKSERVER_PRELOAD)}}}
)
"""Two steps at a time, forked from a server that has imported the heavy libraries once."""


@dg.definitions
def defs() -> dg.Definitions:
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(loaded, dg.Definitions(executor=EXECUTOR))
