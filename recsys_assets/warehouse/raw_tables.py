"""Raw tables: published values as text under our column names, one row per published record."""

from __future__ import annotations

from recsys_assets.warehouse.declaration import Column, Table

_SOURCE = (
    Column("source_file", "VARCHAR", "Name of the published file", required=True),
    Column("source_line", "BIGINT", "Record number in that file, header counted, from 1", required=True, minimum=1),
)


def _raw(name: str, description: str, required: tuple[str, ...], optional: tuple[str, ...], min_rows: int) -> Table:
    columns = [Column(c, "VARCHAR", f"{c} as published", required=c in required) for c in (*required, *optional)]
    return Table(name, "raw", description, (*columns, *_SOURCE), min_rows=min_rows)


RAW_RATINGS = _raw(
    "raw_ratings", "Ratings as published", ("user_id", "movie_id", "rating", "timestamp"), (), min_rows=1
)
RAW_MOVIES = _raw("raw_movies", "Movies as published", ("movie_id",), ("title", "genres", "release_date"), min_rows=1)
"""No title is asked of it: The Movies Dataset has titles in another file."""
RAW_LINKS = _raw("raw_links", "Identifiers at IMDb and TMDb as published", ("movie_id",), ("imdb_id", "tmdb_id"), 0)
RAW_TAGS = _raw("raw_tags", "Free-text tags as published", ("user_id", "movie_id", "tag"), ("timestamp",), 0)
RAW_USERS = _raw("raw_users", "Demographics as published", ("user_id",), ("age", "gender", "occupation", "zip_code"), 0)
RAW_IMDB_MOVIES = _raw(
    "raw_imdb_movies",
    "IMDb titles as published",
    ("title",),
    ("imdb_id", "year", "genres", "rating", "votes", "director", "cast", "keywords", "description"),
    0,
)

RAW_TMDB_MOVIES = _raw(
    "raw_tmdb_movies",
    "TMDb movies as published",
    ("tmdb_id", "title"),
    ("original_title", "imdb_id", "release_date", "genres", "overview", "vote_count", "vote_average"),
    0,
)
RAW_CREDITS = _raw("raw_credits", "Cast and crew of TMDb movies as published", ("tmdb_id",), ("cast", "crew"), 0)
RAW_KEYWORDS = _raw("raw_keywords", "Plot keywords of TMDb movies as published", ("tmdb_id",), ("keywords",), 0)
RAW_TITLE_BASICS = _raw(
    "raw_title_basics",
    "IMDb's `title.basics` as published",
    ("imdb_id", "kind", "title"),
    ("original_title", "year", "genres"),
    0,
)
RAW_TITLE_RATINGS = _raw(
    "raw_title_ratings", "IMDb's `title.ratings` as published", ("imdb_id", "rating", "votes"), (), 0
)
RAW_TITLE_CREW = _raw("raw_title_crew", "IMDb's `title.crew` as published", ("imdb_id",), ("directors",), 0)
RAW_TITLE_PRINCIPALS = _raw(
    "raw_title_principals",
    "IMDb's `title.principals` as published",
    ("imdb_id", "ordering", "person_id", "category"),
    (),
    0,
)
RAW_NAME_BASICS = _raw("raw_name_basics", "IMDb's `name.basics` as published", ("person_id", "name"), (), 0)
RAW_GENOME_SCORES = _raw(
    "raw_genome_scores", "Tag genome scores as published", ("movie_id", "tag_id", "relevance"), (), 0
)
RAW_GENOME_TAGS = _raw("raw_genome_tags", "Tags of the tag genome as published", ("tag_id", "tag"), (), 0)
