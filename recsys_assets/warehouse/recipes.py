"""Which published columns each validated column comes from."""

from __future__ import annotations

from recsys_assets.warehouse import fields
from recsys_assets.warehouse.companion_recipes import COMPANION_RECIPES
from recsys_assets.warehouse.companion_tables import (
    CREDITS,
    GENOME,
    GENOME_TAGS,
    IMDB_CAST,
    IMDB_DIRECTORS,
    IMDB_PEOPLE,
    IMDB_RATINGS,
    IMDB_TITLES,
    KEYWORDS,
    TMDB_MOVIES,
)
from recsys_assets.warehouse.declaration import Table
from recsys_assets.warehouse.fields import Field
from recsys_assets.warehouse.recipe import Recipe
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

BUILT_WITH: dict[str, tuple[Table, ...]] = {
    MOVIES.name: (LINKS,),
    TMDB_MOVIES.name: (CREDITS, KEYWORDS),
    IMDB_TITLES.name: (IMDB_PEOPLE, IMDB_RATINGS, IMDB_DIRECTORS, IMDB_CAST),
    GENOME.name: (GENOME_TAGS,),
}
"""Tables built on the way to another, before it and in this order. They are in the warehouse and have their own name
in quarantine, but are no assets."""

_MOVIE_ID = fields.whole_number("r.movie_id")
_BY_IMDB_ID = (
    "LEFT JOIN (SELECT imdb_id, min(tmdb_id) AS tmdb_id FROM tmdb_movies WHERE imdb_id IS NOT NULL GROUP BY imdb_id) i "
    "ON i.imdb_id = l.imdb_id AND l.tmdb_id IS NULL"
)
"""A link without a TMDb id may still lead to TMDb's movie: both know the movie at IMDb."""
_USER_ID = fields.whole_number("r.user_id")


def _title(column: str) -> Field:
    return Field(title_sql(column), f"nullif(trim({column}), '')")


def _movie_title() -> Field:
    """Of the row; where it has none, TMDb's."""
    title = _title("r.title")
    return Field(f"coalesce({title.value}, x.title)", f"coalesce({title.published}, x.title)")


def _movie_genres() -> Field:
    genres = fields.genre_list("r.genres")
    return Field(f"CASE WHEN r.genres IS NULL THEN coalesce(x.genres, []) ELSE {genres.value} END", genres.published)


def _movie_year() -> Field:
    """Of the title; ml-100k also publishes a release date, `01-Jan-1995`; else TMDb's."""
    released = "TRY_CAST(nullif(regexp_extract(r.release_date, '([0-9]{4})', 1), '') AS INTEGER)"
    return Field(f"coalesce({year_sql('r.title')}, {released}, x.year)", "nullif(trim(r.release_date), '')")


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
            "title": _movie_title(),
            "year": _movie_year(),
            "genres": _movie_genres(),
            "imdb_id": Field("coalesce(l.imdb_id, x.imdb_id)", "NULL"),
            "tmdb_id": Field("coalesce(l.tmdb_id, i.tmdb_id)", "NULL"),
        },
        join=f"LEFT JOIN links l ON l.movie_id = {_MOVIE_ID.value} {_BY_IMDB_ID} "
        "LEFT JOIN tmdb_movies x ON x.tmdb_id = coalesce(l.tmdb_id, i.tmdb_id)",
        needs=("tmdb_movies",),
        gathered={"i.tmdb_id": ("tmdb_movies", "tmdb_id")},
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
            "imdb_row": Field("r.raw_row", "r.raw_row::VARCHAR"),
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
    **COMPANION_RECIPES,
}
