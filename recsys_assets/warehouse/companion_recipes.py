"""Recipes of what is published beside ratings: TMDb, IMDb's official data sets, the tag genome."""

from __future__ import annotations

from recsys_assets.warehouse import fields
from recsys_assets.warehouse.companion_tables import (
    CREDITS,
    FILM_KINDS,
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
from recsys_assets.warehouse.fields import Field
from recsys_assets.warehouse.raw_tables import (
    RAW_CREDITS,
    RAW_GENOME_SCORES,
    RAW_GENOME_TAGS,
    RAW_KEYWORDS,
    RAW_NAME_BASICS,
    RAW_TITLE_BASICS,
    RAW_TITLE_CREW,
    RAW_TITLE_PRINCIPALS,
    RAW_TITLE_RATINGS,
    RAW_TMDB_MOVIES,
)
from recsys_assets.warehouse.recipe import Recipe
from recsys_assets.warehouse.sql import literal
from recsys_assets.warehouse.titles import title_sql

_TMDB_ID = fields.whole_number("r.tmdb_id")
_IMDB_ID = fields.imdb_key("r.imdb_id")
_TAG_ID = fields.whole_number("r.tag_id", "INTEGER")

_FILMS = f"({', '.join(map(literal, FILM_KINDS))})"
_OF_A_FILM = (
    f"(r.imdb_id IN (SELECT imdb_id FROM raw_title_basics WHERE kind IN {_FILMS} AND imdb_id IS NOT NULL) "
    f"OR {_IMDB_ID.value} IS NULL)"
)
"""Rows of series and episodes, nine of ten, are left out before they are typed; rows of no title at all are not."""


def _tmdb_title() -> Field:
    """Three rows of The Movies Dataset have only an original title."""
    published = "coalesce(nullif(trim(r.title), ''), nullif(trim(r.original_title), ''))"
    return Field(title_sql(published), published)


def _joined(value: str) -> Field:
    """Of a joined table, where it was judged already."""
    return Field(value, "NULL")


_TMDB = {
    CREDITS.name: Recipe(
        RAW_CREDITS,
        {
            "tmdb_id": _TMDB_ID,
            "cast": fields.tmdb_cast('r."cast"'),
            "director": fields.tmdb_director("r.crew"),
        },
        costly=True,
    ),
    KEYWORDS.name: Recipe(
        RAW_KEYWORDS, {"tmdb_id": _TMDB_ID, "keywords": fields.tmdb_names("r.keywords")}, costly=True
    ),
    TMDB_MOVIES.name: Recipe(
        RAW_TMDB_MOVIES,
        {
            "tmdb_id": _TMDB_ID,
            "imdb_id": fields.imdb_title_id("r.imdb_id"),
            "title": _tmdb_title(),
            "year": fields.year_of_date("r.release_date"),
            "genres": fields.tmdb_genres("r.genres"),
            "overview": fields.overview("r.overview"),
            "vote_count": fields.whole_number("r.vote_count"),
            "vote_average": fields.tmdb_rating("r.vote_average"),
        },
        costly=True,
    ),
}

_IMDB = {
    IMDB_PEOPLE.name: Recipe(
        RAW_NAME_BASICS, {"person_id": fields.person_number("r.person_id"), "name": fields.text("r.name")}
    ),
    IMDB_RATINGS.name: Recipe(
        RAW_TITLE_RATINGS,
        {"imdb_id": _IMDB_ID, "rating": fields.number("r.rating"), "votes": fields.whole_number("r.votes")},
    ),
    IMDB_DIRECTORS.name: Recipe(
        RAW_TITLE_CREW,
        {"imdb_id": _IMDB_ID, "person_id": fields.first_person_number("r.directors")},
        where=f"r.directors IS NOT NULL AND {_OF_A_FILM}",
        needs=("raw_title_basics",),
        costly=True,
    ),
    IMDB_CAST.name: Recipe(
        RAW_TITLE_PRINCIPALS,
        {
            "imdb_id": _IMDB_ID,
            "ordering": fields.whole_number("r.ordering", "INTEGER"),
            "person_id": fields.person_number("r.person_id"),
        },
        where=f"r.category IN ('actor', 'actress') AND {_OF_A_FILM}",
        needs=("raw_title_basics",),
        costly=True,
    ),
    IMDB_TITLES.name: Recipe(
        RAW_TITLE_BASICS,
        {
            "imdb_id": _IMDB_ID,
            "kind": fields.text("r.kind"),
            "title": fields.text("r.title"),
            "original_title": fields.text("r.original_title"),
            "year": fields.whole_number("r.year", "INTEGER"),
            "genres": fields.genre_list("r.genres"),
            "rating": _joined("v.rating"),
            "votes": _joined("v.votes"),
            "director": _joined("d.name"),
            "cast": _joined('coalesce(c."cast", [])'),
        },
        join="LEFT JOIN imdb_ratings v ON v.imdb_id = r.imdb_id "
        "LEFT JOIN (SELECT imdb_id, name FROM imdb_directors JOIN imdb_people USING (person_id)) d "
        "ON d.imdb_id = r.imdb_id "
        f'LEFT JOIN (SELECT imdb_id, list(name ORDER BY ordering)[:{fields.LEADING_ACTORS}] AS "cast" '
        "FROM imdb_cast JOIN imdb_people USING (person_id) GROUP BY imdb_id) c ON c.imdb_id = r.imdb_id",
        gathered={"d.name": (IMDB_PEOPLE.name, "name"), "c.cast": (IMDB_PEOPLE.name, "name")},
        where=f"r.kind IS NULL OR r.kind IN {_FILMS}",
        costly=True,
    ),
}

_GENOME = {
    GENOME_TAGS.name: Recipe(RAW_GENOME_TAGS, {"tag_id": _TAG_ID, "tag": fields.lowered("r.tag")}),
    GENOME.name: Recipe(
        RAW_GENOME_SCORES,
        {
            "movie_id": fields.whole_number("r.movie_id"),
            "tag_id": _TAG_ID,
            "tag": _joined("g.tag"),
            "relevance": fields.number("r.relevance"),
        },
        join=f"LEFT JOIN genome_tags g ON g.tag_id = {_TAG_ID.value}",
    ),
}

COMPANION_RECIPES: dict[str, Recipe] = {**_TMDB, **_IMDB, **_GENOME}
