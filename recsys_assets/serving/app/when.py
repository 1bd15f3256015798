"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime

STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (365, "day"))


def ago(moment: datetime | None, *, now: datetime | None = None) -> str:
    """`3 hours ago`; `never` for no time."""
    if moment is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    if seconds < 5:
        return "just now"
    found, unit = seconds, "second"
    for size, name in STEPS:
        unit = name
        if found < size:
            break
        found /= size
    else:
        unit = "year"
    return f"{int(found):,} {unit}{'' if int(found) == 1 else 's'} ago"


def lasted(seconds: float | None) -> str:
    """`95 s`, `1 h 52 min`."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
