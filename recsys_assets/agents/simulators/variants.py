"""People otherwise than assumed: the constants that no log settles, each set to what it might be instead.

A comparison that holds in all of them does not hang on a guess; where it turns, the report shows on which.
"""

from __future__ import annotations

from recsys_assets.agents.simulators.base import Temper
from recsys_assets.agents.simulators.evidence import Evidence

BOREDOM, LEAVING = (0.0, 0.5, 2.0), (0.5, 2.0)
"""Factors of the constants of each."""
PATIENCE = ("leave", "leave_when_bad", "leave_after_streak")


def variants(temper: Temper, evidence: Evidence) -> dict[str, Temper]:
    """By what is changed, in words; `temper` itself is not among them."""
    changes: dict[str, dict[str, object]] = {f"boredom x {f:g}": {"boredom": temper.boredom * f} for f in BOREDOM}
    changes |= {f"leaving x {f:g}": {name: getattr(temper, name) * f for name in PATIENCE} for f in LEAVING}
    changes["unknown movies are considered like known ones"] = {"considered": (sum(temper.considered), 0.0)}
    found = {name: temper.model_copy(update=change) for name, change in changes.items()}
    return {**found, "boredom and leaving as rating logs have them": evidence.temper(temper)}
