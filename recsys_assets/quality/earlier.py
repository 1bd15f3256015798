"""The run that volume and distributions are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsys_assets.quality.drift import Spread

NO_EARLIER_RUN = "no earlier run to compare with"


@dataclass(frozen=True)
class EarlierRun:
    """What one table was like in a run in which it kept all critical rules."""

    run_id: str
    checked_at: str
    """ISO 8601, UTC."""
    rows: int
    spreads: Mapping[str, Spread]
    """By name of the distribution."""

    @property
    def name(self) -> str:
        """`run 1b9d6bcd of 2026-11-23 02:05 UTC`."""
        return f"run {self.run_id[:8]} of {self.checked_at[:16].replace('T', ' ')} UTC"
