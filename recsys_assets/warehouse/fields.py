"""From published text to typed values, as SQL over whole columns. What can't be read becomes NULL."""

from __future__ import annotations

from dataclasses import dataclass

from recsys_assets.warehouse.sql import literal

NO_GENRE = ("(no genres listed)", "unknown")
"""What MovieLens publishes where it knows no genre."""


@dataclass(frozen=True)
class Field:
    """How one validated column comes from the published row `r`."""

    value: str
    """SQL of the declared type; NULL where nothing is published or it can't be read."""
    published: str
    """SQL of the trimmed published text; NULL where nothing is published."""


def text(column: str) -> Field:
    published = _trimmed(column)
    return Field(published, published)


def lowered(column: str) -> Field:
    return Field(f"lower({_trimmed(column)})", _trimmed(column))


def whole_number(column: str, type_: str = "BIGINT") -> Field:
    """`12`, `12.0` and `1,234,567`, but not `1.5`, `1e3` or `1_000`, which a bare cast would take."""
    published = _trimmed(column)
    cast = f"TRY_CAST({published} AS {type_})"
    digits = f"replace(regexp_replace({published}, '\\.0+$', ''), ',', '')"
    return Field(
        # The first branch is the rule and costs no regular expression.
        f"CASE WHEN {cast}::VARCHAR = {published} THEN {cast} "
        f"WHEN regexp_full_match({published}, '[+-]?([0-9]+|[0-9]{{1,3}}(,[0-9]{{3}})+)(\\.0+)?') "
        f"THEN TRY_CAST({digits} AS {type_}) END",
        published,
    )


def number(column: str) -> Field:
    """A finite number."""
    published = _trimmed(column)
    cast = f"TRY_CAST({published} AS FLOAT)"
    return Field(f"CASE WHEN isfinite({cast}) THEN {cast} END", published)


def unix_time(column: str) -> Field:
    """Seconds since 1970 UTC -> TIMESTAMP without zone."""
    seconds = whole_number(column)
    return Field(f"TRY(make_timestamp(({seconds.value}) * 1000000))", seconds.published)


def imdb_title_id(column: str) -> Field:
    """`0114709`, `114709`, `tt0114709` or an address that holds the latter -> `tt0114709`."""
    published = _trimmed(column)
    digits = f"regexp_extract({published}, '(?:^|/)(?:tt)?0*([0-9]+)(?:\\.0+)?(?:/|\\?|$)', 1)"
    padded = f"lpad({digits}, greatest(7, length({digits}))::INTEGER, '0')"
    return Field(f"CASE WHEN {digits} NOT IN ('', '0') THEN 'tt' || {padded} END", published)


def genre_list(column: str) -> Field:
    """Sorted, each once; `Children's` of older data sets is today's `Children`."""
    unknown = ", ".join(literal(name) for name in NO_GENRE)
    named = f"list_filter({_items(column)}, lambda x: x NOT IN ({unknown}))"
    today = f"list_transform({named}, lambda x: CASE x WHEN 'Children''s' THEN 'Children' ELSE x END)"
    return Field(f"list_sort(list_distinct({today}))", _trimmed(column))


def name_list(column: str) -> Field:
    """In published order, each once."""
    items = _items(column)
    return Field(f"list_filter({items}, lambda x, i: list_position({items}, x) = i)", _trimmed(column))


def _items(column: str) -> str:
    """Values between `|`, or, where there is none, between `,`; never NULL."""
    split = f"CASE WHEN contains({column}, '|') THEN string_split({column}, '|') ELSE string_split({column}, ',') END"
    return f"list_filter(list_transform(coalesce({split}, []), lambda x: trim(x)), lambda x: x <> '')"


def _trimmed(column: str) -> str:
    return f"nullif(trim({column}), '')"
