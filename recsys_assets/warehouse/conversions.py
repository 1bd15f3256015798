"""A published value in our form, as SQL over a whole column of text: what a `Conversion` means when a file lands.

What can't be converted lands so that cleaning puts it aside: as published where that can't be taken for a value of
ours, else with what is wrong behind it. `3` on a scale of 10 to 100 is no rating, yet would be read as one, so it
lands as `3 (not on the scale 10-100)`.
"""

from __future__ import annotations

from recsys_assets.sources.files import Conversion
from recsys_assets.warehouse.sql import literal
from recsys_assets.warehouse.tables import RATING_MAX, RATING_MIN

_ISO = (
    r"(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s?(?:(Z|UTC)|([+-])([01]\d|2[0-3]):?([0-5]\d)?)?)?"
)
"""ISO 8601 as it is published: a date; a date and a time; these and `Z`, `UTC`, `+02:00`, `+0200` or `+02`."""

_UNITS = {"ms": ("milliseconds", 1_000), "us": ("microseconds", 1_000_000)}


def converted_sql(published: str, conversion: Conversion) -> str:
    """A text expression over the text expression `published`; NULL stays NULL.

    Raises ValueError where the conversion states more than one thing to do.
    """
    stated = [
        sql
        for asked, sql in (
            (conversion.scale, _rescaled),
            (conversion.time, _seconds),
            (conversion.separator, _separated),
            (conversion.ids, _numbered),
        )
        if asked is not None
    ]
    if len(stated) > 1:
        raise ValueError(f"{conversion} states more than one conversion; a column has one at most")
    return stated[0](published, conversion) if stated else published


def _rescaled(published: str, conversion: Conversion) -> str:
    """Linearly onto the stars. A rating beyond the scale keeps its text where that is beyond the stars, too."""
    low, high = conversion.scale or (RATING_MIN, RATING_MAX)
    number = f"TRY_CAST(trim({published}) AS DOUBLE)"
    stars = f"{RATING_MIN} + {RATING_MAX - RATING_MIN} * ({number} - {low!r}) / {float(high) - float(low)!r}"
    return (
        f"CASE WHEN {number} BETWEEN {min(low, high)!r} AND {max(low, high)!r} THEN round({stars}, 4)::VARCHAR "
        f"WHEN TRY_CAST(trim({published}) AS FLOAT) BETWEEN {RATING_MIN} AND {RATING_MAX} "
        f"THEN {published} || {literal(f' (not on the scale {low:g}-{high:g})')} ELSE {published} END"
    )


def _seconds(published: str, conversion: Conversion) -> str:
    """Whole seconds since 1970, rounded down. A number that could not be read would be taken for seconds."""
    if conversion.time == "iso":
        words, seconds = "ISO 8601", _iso_seconds(published)
    else:
        words, per_second = _UNITS[conversion.time or "ms"]
        whole = f"TRY_CAST(regexp_extract(trim({published}), '^([0-9]+)([.]0+)?$', 1) AS BIGINT)"
        seconds = f"({whole} // {per_second})"
    number = f"TRY_CAST(replace(trim({published}), ',', '') AS DOUBLE)"
    unread = f"CASE WHEN {number} IS NULL THEN {published} ELSE {published} || {literal(f' (not {words})')} END"
    return f"coalesce({seconds}::VARCHAR, {unread})"


def _iso_seconds(published: str) -> str:
    """UTC where no zone is named. The offset is taken off here, as DuckDB's own types would add the session's zone."""
    parts = f"regexp_extract(trim({published}), {literal(f'^{_ISO}$')}, ['day', 'clock', 'utc', 'sign', 'h', 'm'])"
    clock = "coalesce(nullif(replace(p.clock, ',', '.'), ''), '00:00')"
    local = f"epoch_us(TRY_CAST(p.day || ' ' || {clock} AS TIMESTAMP))"
    hours, minutes = (f"coalesce(TRY_CAST(p.sign || p.{part} AS BIGINT), 0)" for part in "hm")
    read = f"floor({local} / 1000000)::BIGINT - 3600 * {hours} - 60 * {minutes}"
    return f"list_transform([{parts}], lambda p: {read})[1]"


def _separated(published: str, conversion: Conversion) -> str:
    """`|` between the values. A single value with a comma gets one behind it, lest it be split at the comma."""
    listed = f"replace({published}, {literal(conversion.separator or '|')}, '|')"
    return f"CASE WHEN contains({listed}, ',') AND NOT contains({listed}, '|') THEN {listed} || '|' ELSE {listed} END"


def _numbered(published: str, conversion: Conversion) -> str:
    """What `sources.own.ids.number_of` gives."""
    trimmed = f"nullif(trim({published}, ' '), '')"
    return f"(md5_number_upper({trimmed}) >> 11)::VARCHAR"
