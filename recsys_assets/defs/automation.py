"""When an asset is rebuilt without a clock: one rule for all that follow tables with blocking checks."""

from __future__ import annotations

import dagster as dg

ON_SOUND_INPUTS = dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()
"""Rebuild once an input has changed, but only from inputs whose blocking checks passed on what they hold now.

A blocking check stops what is downstream in its own run. `eager()` alone would start a new run from the very table that
failed; the second condition makes the check count in every other run too:

- A failing critical check holds everything downstream back until the check passes, by a new materialization or by the
  check alone. What was held back is then requested once.
- A check that never ran on the newest materialization holds back as a failing one does, so that tables are to be
  materialized with their checks (jobs and the web UI do so by themselves).
- A failing warning holds nothing back: only blocking checks are asked.
- A run that materializes everything (the nightly schedule) is not followed by another: what it has rebuilt is up to
  date, and nothing is requested while it is under way. Where it stopped at a failing check, what it could not rebuild
  is requested once the check passes.
- Only direct inputs are asked. A table that nothing checks passes on whatever it was made of.

It is evaluated by an automation sensor, which has to be switched on; without one, nothing is ever requested.
"""
