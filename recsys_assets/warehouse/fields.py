"""From published text to typed values, as SQL over whole columns. What can't be read becomes NULL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recsys_assets.warehouse.python_literals import is_list_of_dicts_sql, list_of_dicts_sql
from recsys_assets.warehouse.sql import literal
from recsys_assets.warehouse.storage import KEPT_AS_NUMBERS, whole

NO_GENRE = ("(no genres listed)", "unknown")
"""What MovieLens publishes where it knows no genre."""
GENRES_TODAY = {"Children's": "Children"}
"""Genres of older data sets in the words of newer ones."""
TMDB_GENRES = {"Science Fiction": "Sci-Fi", "Family": "Children"}
"""TMDb's genres in MovieLens's words, where they differ."""
NO_OVERVIEW = "No overview found."
"""What TMDb publishes where it has no plot."""
LEADING_ACTORS = 10
SHOWN = 200
"""Characters of a long malformed text that a reason quotes."""


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
    kept, name = "", column.removeprefix("r.")
    if column.startswith("r.") and name in KEPT_AS_NUMBERS and type_ == "BIGINT":
        kept = f"WHEN r.{whole(name)} IS NOT NULL THEN r.{whole(name)} "
    return Field(
        # The first branches are the rule and cost no regular expression.
        f"CASE {kept}WHEN {cast}::VARCHAR = {published} THEN {cast} "
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
    return Field(f"list_sort(list_distinct({_in_words(named, GENRES_TODAY)}))", _trimmed(column))


def name_list(column: str) -> Field:
    """In published order, each once."""
    return Field(_each_once(_items(column)), _trimmed(column))


def imdb_key(column: str) -> Field:
    """`tt` and at least 7 digits, as IMDb publishes it."""
    published = _trimmed(column)
    return Field(f"CASE WHEN regexp_full_match({published}, 'tt[0-9]{{7,}}') THEN {published} END", published)


def person_number(column: str) -> Field:
    """`nm0000158` -> 158."""
    published = _trimmed(column)
    number_ = f"TRY_CAST(substr({published}, 3) AS BIGINT)"
    return Field(f"CASE WHEN regexp_full_match({published}, 'nm[0-9]+') THEN {number_} END", published)


def first_person_number(column: str) -> Field:
    """`nm0000158,nm0000102` -> 158."""
    return person_number(f"split_part({column}, ',', 1)")


def year_of_date(column: str) -> Field:
    """`1995-10-30` -> 1995."""
    published = _trimmed(column)
    return Field(
        f"CASE WHEN regexp_full_match({published}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
        f"THEN TRY_CAST({published}[:4] AS INTEGER) END",
        published,
    )


def tmdb_rating(column: str) -> Field:
    """TMDb publishes 0 where nobody voted; that is no rating."""
    rating = number(column)
    nothing = f"coalesce(TRY_CAST({rating.published} AS FLOAT) = 0, false)"
    return Field(
        f"CASE WHEN NOT {nothing} THEN {rating.value} END", f"CASE WHEN NOT {nothing} THEN {rating.published} END"
    )


def overview(column: str) -> Field:
    published = f"nullif({_trimmed(column)}, {literal(NO_OVERVIEW)})"
    return Field(published, published)


def tmdb_genres(column: str) -> Field:
    """Names of a list of dicts, in MovieLens's words; sorted, each once."""
    return _of_dicts(column, lambda x: f"list_sort(list_distinct({_in_words(_names(x), TMDB_GENRES)}))", ("name",))


def tmdb_names(column: str) -> Field:
    """Names of a list of dicts, in published order, each once."""
    return _of_dicts(column, lambda x: _each_once(_names(x)), ("name",))


def tmdb_cast(column: str) -> Field:
    """Names of the leading actors in billing order, `order` of each dict; each once."""

    def leading(dicts: str) -> str:
        order = 'coalesce(TRY_CAST(x."order" AS INTEGER), 2147483647)'
        billed = f"list_sort(list_transform({dicts}, lambda x, i: {{'place': {order}, 'line': i, 'name': x.name}}))"
        return f"({_each_once(_names(billed))})[:{LEADING_ACTORS}]"

    return _of_dicts(column, leading, ("name", "order"))


def tmdb_director(column: str) -> Field:
    """The first of a crew whose job is `Director`; NULL is fine where none is."""
    published = _trimmed(column)
    crew = list_of_dicts_sql(published, keys=("job", "name"), containing="Director")
    directors = f"list_filter({crew}, lambda x: x.job = 'Director')"
    return Field(
        f"{_names(directors)}[1]", f"CASE WHEN NOT {is_list_of_dicts_sql(published)} THEN {published}[:{SHOWN}] END"
    )


def _of_dicts(column: str, of: Callable[[str], str], keys: tuple[str, ...]) -> Field:
    """`of` the dicts that a Python literal lists; nothing published is an empty list."""
    published = _trimmed(column)
    listed = of(list_of_dicts_sql(f"coalesce({published}, '[]')", keys=keys))
    return Field(listed, f"{published}[:{SHOWN}]")


def _names(dicts: str) -> str:
    """Field `name` of each struct where it is not blank."""
    return f"list_filter(list_transform({dicts}, lambda x: trim(x.name)), lambda x: x <> '')"


def _in_words(items: str, words: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in words.items())
    return f"list_transform({items}, lambda x: CASE x {cases} ELSE x END)"


def _each_once(items: str) -> str:
    """Wrapped in a list of one, as a lambda would work out `items` anew for each of its elements."""
    return f"list_transform([{items}], lambda l: list_filter(l, lambda x, i: list_position(l, x) = i))[1]"


def _items(column: str) -> str:
    """Values between `|`, or, where there is none, between `,`; never NULL."""
    split = f"CASE WHEN contains({column}, '|') THEN string_split({column}, '|') ELSE string_split({column}, ',') END"
    return f"list_filter(list_transform(coalesce({split}, []), lambda x: trim(x)), lambda x: x <> '')"


def _trimmed(column: str) -> str:
    return f"nullif(trim({column}), '')"
