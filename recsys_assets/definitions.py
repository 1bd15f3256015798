"""The code location: everything under `defs/`, and the policy that holds for all of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg

from recsys_assets.defs.preload import FORKSERVER_PRELOAD

FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))
"""Every asset is rebuilt nightly; a missed night warns, one and a half fails."""

EXECUTOR = dg.multiprocess_executor.configured(
    {"max_concurrent": 2, "start_method": {"forkserver": {"preload_modules": list(FORKSERVER_PRELOAD)}}}
)
"""Two steps at a time, forked from a server that has imported the heavy libraries once."""


@dg.definitions
def defs() -> dg.Definitions:
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    fresh = loaded.map_resolved_asset_specs(func=lambda spec: dg.apply_freshness_policy(spec, FRESHNESS))
    return dg.Definitions.merge(fresh, dg.Definitions(executor=EXECUTOR))
