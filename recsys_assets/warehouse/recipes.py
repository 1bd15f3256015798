"""Which published columns each validated column comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsys_assets.warehouse import fields
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.fields import Field
from recsys_assets.warehouse.tables import (
    IMDB_MOVIES,
    LINKS,
    MOVIES,
    RATINGS,
    RAW_IMDB_MOVIES,
    RAW_LINKS,
    RAW_MOVIES,
    RAW_RATINGS,
    RAW_TAGS,
    RAW_USERS,
    TAGS,
    USERS,
)
from recsys_assets.warehouse.titles import title_sql, year_sql


@dataclass(frozen=True)
class Recipe:
    """`raw` is read as `r`; `join` may add other tables to it, one row each at most."""

    raw: Table
    fields: Mapping[str, Field]
    join: str = ""


_MOVIE_ID = fields.whole_number("r.movie_id")
_USER_ID = fields.whole_number("r.user_id")


def _title(column: str) -> Field:
    return Field(title_sql(column), f"nullif(trim({column}), '')")


def _movie_year() -> Field:
    """Of the title; ml-100k also publishes a release date, `01-Jan-1995`."""
    released = "TRY_CAST(nullif(regexp_extract(r.release_date, '([0-9]{4})', 1), '') AS INTEGER)"
    return Field(f"coalesce({year_sql('r.title')}, {released})", "nullif(trim(r.release_date), '')")


def _imdb_year() -> Field:
    """Of the row; a table of one year's films may say so in its name only, `imdb_movies_2025_cleaned.csv`."""
    of_table = "nullif(regexp_extract(r.source_file, '(?:^|_)((?:19|20)[0-9]{2})(?:_|[.])', 1), '')"
    return fields.whole_number(f"coalesce(r.year, {of_table})", "INTEGER")


RECIPES: dict[str, Recipe] = {
    LINKS.name: Recipe(
        RAW_LINKS,
        {
            "movie_id": _MOVIE_ID,
            "imdb_id": fields.imdb_title_id("r.imdb_id"),
            "tmdb_id": fields.whole_number("r.tmdb_id"),
        },
    ),
    MOVIES.name: Recipe(
        RAW_MOVIES,
        {
            "movie_id": _MOVIE_ID,
            "title": _title("r.title"),
            "year": _movie_year(),
            "genres": fields.genre_list("r.genres"),
            "imdb_id": Field("l.imdb_id", "l.imdb_id"),
            "tmdb_id": Field("l.tmdb_id", "l.tmdb_id"),
        },
        join=f"LEFT JOIN links l ON l.movie_id = {_MOVIE_ID.value}",
    ),
    RATINGS.name: Recipe(
        RAW_RATINGS,
        {
            "user_id": _USER_ID,
            "movie_id": _MOVIE_ID,
            "rating": fields.number("r.rating"),
            "timestamp": fields.unix_time("r.timestamp"),
        },
    ),
    TAGS.name: Recipe(
        RAW_TAGS,
        {
            "user_id": _USER_ID,
            "movie_id": _MOVIE_ID,
            "tag": fields.lowered("r.tag"),
            "timestamp": fields.unix_time("r.timestamp"),
        },
    ),
    USERS.name: Recipe(
        RAW_USERS,
        {
            "user_id": _USER_ID,
            "age": fields.whole_number("r.age", "INTEGER"),
            "gender": fields.text("r.gender"),
            "occupation": fields.text("r.occupation"),
            "zip_code": fields.text("r.zip_code"),
        },
    ),
    IMDB_MOVIES.name: Recipe(
        RAW_IMDB_MOVIES,
        {
            "imdb_row": Field("r.rowid + 1", "(r.rowid + 1)::VARCHAR"),
            "imdb_id": fields.imdb_title_id("r.imdb_id"),
            "title": fields.text("r.title"),
            "year": _imdb_year(),
            "genres": fields.genre_list("r.genres"),
            "rating": fields.number("r.rating"),
            "votes": fields.whole_number("r.votes"),
            "director": fields.text("r.director"),
            "cast": fields.name_list('r."cast"'),
            "keywords": fields.name_list("r.keywords"),
            "description": fields.text("r.description"),
        },
    ),
}
