"""The code location of the kill test: the platform's own assets, checks, jobs and sensors; a quick model learns.

Steps run in the run's process: nothing else differs from `recsys_assets.definitions`.
"""

from __future__ import annotations

import dagster as dg

from recsys_assets import definitions as platform
from recsys_assets.defs.dead_runs import dead_runs
from recsys_assets.defs.feedback import feedback_inbox, take_feedback
from recsys_assets.defs.retraining import retraining_of
from recsys_assets.feedback.retraining import RetrainRule

LEARNS = "popularity"
RULE = RetrainRule(least_events=60, longest_wait=15, first_pause=2, longest_pause=10)

retrain, on_feedback = retraining_of((LEARNS,), rule=lambda: RULE)


@dg.definitions
def defs() -> dg.Definitions:
    whole = platform.defs()
    return dg.Definitions(
        assets=whole.assets,
        asset_checks=whole.asset_checks,
        jobs=[take_feedback, retrain],
        sensors=[feedback_inbox, on_feedback, dead_runs],
        resources=whole.resources,
        executor=dg.in_process_executor,
    )
