"""What is published beside ratings: TMDb's movies, IMDb's official data sets, GroupLens's tag genome.

Assets are `tmdb_movies`, `imdb_titles` and `genome`; the others are steps on the way to them.
"""

from __future__ import annotations

from recsys_assets.warehouse.bounds import EARLIEST_YEAR, LATEST_YEAR, NIGHTLY, OPTIONAL
from recsys_assets.warehouse.declaration import Column, Reference, Table

FILM_KINDS = ("movie", "tvMovie", "video", "short", "tvMiniSeries", "tvSpecial")
"""IMDb's types of titles that MovieLens holds, features first."""

CREDITS = Table(
    "credits",
    "validated",
    "Who plays in TMDb movies and who directs them; built with `tmdb_movies`",
    (
        Column("tmdb_id", "BIGINT", "TMDb id", required=True, minimum=1),
        Column("cast", "VARCHAR[]", "The first ten actors in billing order", required=True),
        Column("director", "VARCHAR", "The first director listed"),
    ),
    key=("tmdb_id",),
    order_by=("tmdb_id",),
)

KEYWORDS = Table(
    "keywords",
    "validated",
    "Plot keywords of TMDb movies; built with `tmdb_movies`",
    (
        Column("tmdb_id", "BIGINT", "TMDb id", required=True, minimum=1),
        Column("keywords", "VARCHAR[]", "In published order, each once", required=True),
    ),
    key=("tmdb_id",),
    order_by=("tmdb_id",),
)

TMDB_MOVIES = Table(
    "tmdb_movies",
    "validated",
    "One row per TMDb movie",
    (
        Column("tmdb_id", "BIGINT", "TMDb id", required=True, minimum=1),
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits"),
        Column("title", "VARCHAR", "Title", required=True),
        Column("year", "INTEGER", "Year of release", minimum=EARLIEST_YEAR, maximum=LATEST_YEAR, severity="warning"),
        Column("genres", "VARCHAR[]", "In MovieLens's words, sorted", required=True),
        Column("overview", "VARCHAR", "Plot"),
        Column("vote_count", "BIGINT", "TMDb votes", minimum=0),
        Column("vote_average", "FLOAT", "TMDb rating; none where it is 0", minimum=0.5, maximum=10),
    ),
    key=("tmdb_id",),
    order_by=("tmdb_id",),
    freshness=NIGHTLY,
    volume=OPTIONAL,
)

IMDB_PEOPLE = Table(
    "imdb_people",
    "validated",
    "Names of IMDb's people; built with `imdb_titles`",
    (
        Column("person_id", "BIGINT", "Number of the `nm...` identifier", required=True, minimum=1),
        Column("name", "VARCHAR", "Name", required=True),
    ),
    key=("person_id",),
    order_by=("person_id",),
)

IMDB_RATINGS = Table(
    "imdb_ratings",
    "validated",
    "Rating and votes of IMDb titles; built with `imdb_titles`",
    (
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits", required=True),
        Column("rating", "FLOAT", "IMDb rating", required=True, minimum=1, maximum=10),
        Column("votes", "BIGINT", "IMDb votes", required=True, minimum=0),
    ),
    key=("imdb_id",),
    order_by=("imdb_id",),
)

IMDB_DIRECTORS = Table(
    "imdb_directors",
    "validated",
    "The first director of IMDb's films; built with `imdb_titles`",
    (
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits", required=True),
        Column("person_id", "BIGINT", "Number of the `nm...` identifier", required=True, minimum=1),
    ),
    key=("imdb_id",),
    references=(Reference("person_id", "imdb_people", "person_id"),),
    order_by=("imdb_id",),
)

IMDB_CAST = Table(
    "imdb_cast",
    "validated",
    "Actors of IMDb's films, one row each; built with `imdb_titles`",
    (
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits", required=True),
        Column("ordering", "INTEGER", "Place among the title's people", required=True, minimum=1),
        Column("person_id", "BIGINT", "Number of the `nm...` identifier", required=True, minimum=1),
    ),
    key=("imdb_id", "ordering"),
    references=(Reference("person_id", "imdb_people", "person_id"),),
    order_by=("imdb_id", "ordering"),
)

IMDB_TITLES = Table(
    "imdb_titles",
    "validated",
    "IMDb's films of its non-commercial data sets; series, episodes and games are left out",
    (
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits", required=True),
        Column("kind", "VARCHAR", "IMDb's title type", required=True, allowed=FILM_KINDS),
        Column("title", "VARCHAR", "The better known title", required=True),
        Column("original_title", "VARCHAR", "Title in the original language"),
        Column("year", "INTEGER", "Year of release", minimum=EARLIEST_YEAR, maximum=LATEST_YEAR, severity="warning"),
        Column("genres", "VARCHAR[]", "IMDb genres, sorted", required=True),
        Column("rating", "FLOAT", "IMDb rating", minimum=1, maximum=10),
        Column("votes", "BIGINT", "IMDb votes", minimum=0),
        Column("director", "VARCHAR", "The first director listed"),
        Column("cast", "VARCHAR[]", "The first ten actors in IMDb's order", required=True),
    ),
    key=("imdb_id",),
    order_by=("imdb_id",),
    freshness=NIGHTLY,
    volume=OPTIONAL,
)

GENOME_TAGS = Table(
    "genome_tags",
    "validated",
    "Tags of the tag genome; built with `genome`",
    (
        Column("tag_id", "INTEGER", "Number of the tag", required=True, minimum=1),
        Column("tag", "VARCHAR", "Trimmed, lower case", required=True),
    ),
    key=("tag_id",),
    order_by=("tag_id",),
)

GENOME = Table(
    "genome",
    "validated",
    "How strongly each tag applies to each movie, computed by GroupLens from users' tags and ratings of all times; "
    "not in the catalogue, as a model would learn from it what it is tested on",
    (
        Column("movie_id", "BIGINT", "MovieLens id", required=True, minimum=1),
        Column("tag_id", "INTEGER", "Number of the tag", required=True, minimum=1),
        Column("tag", "VARCHAR", "The tag; that of no row is missing, as its number is known"),
        Column("relevance", "FLOAT", "0: does not apply, 1: applies strongly", required=True, minimum=0, maximum=1),
    ),
    key=("movie_id", "tag_id"),
    references=(Reference("movie_id", "movies", "movie_id"), Reference("tag_id", "genome_tags", "tag_id")),
    order_by=("movie_id", "tag_id"),
    freshness=NIGHTLY,
    volume=OPTIONAL,
)
