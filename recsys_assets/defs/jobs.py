"""Jobs: named selections of the graph."""

from __future__ import annotations

import dagster as dg

everything = dg.define_asset_job(
    "everything",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("daily", "feedback"),
    description="From published files to promoted champions; what the nightly schedule runs.",
)

refresh_data = dg.define_asset_job(
    "refresh_data",
    selection=dg.AssetSelection.groups("ingest", "features"),
    description="Fetch, validate and publish the data; no model is trained.",
)

retrain = dg.define_asset_job(
    "retrain",
    selection=dg.AssetSelection.groups("recommenders", "evaluation", "promotion"),
    description="Train, compare and promote every model on the data published last.",
)
