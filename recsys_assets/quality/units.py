"""Figures in the words that a reader uses: `26,024,289` of a count, `-67.7 %` of a share, `3.5 hours` of a time."""

from __future__ import annotations

import math
from typing import Literal

Unit = Literal["number", "share", "hours"]
"""What a rule's figure counts: things or an index, parts of a whole, time."""


def told(value: float | None, unit: str = "number") -> str:
    """A figure with its unit; `no number` where there is none."""
    if value is None or not math.isfinite(value):
        return "no number"
    if unit == "share":
        return f"{100 * value:,.3g} %"
    if unit == "hours":
        return f"{round(value, 1):,g} hours"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
