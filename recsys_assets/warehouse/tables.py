"""Every table of the platform, declared once.

Raw tables hold published values as text under our column names, one row per published line, with
`source_file` and `source_line`. Validated tables are typed, keyed and referenced; what breaks a rule on the
way is in `quarantine`. Times are UTC, stored without zone.
"""

from __future__ import annotations

from datetime import datetime

from recsys_assets.warehouse.bounds import EARLIEST_YEAR, LATEST_YEAR, NIGHTLY, OPTIONAL
from recsys_assets.warehouse.companion_tables import GENOME, IMDB_TITLES, TMDB_MOVIES
from recsys_assets.warehouse.declaration import Column, Distribution, Reference, Table, Volume
from recsys_assets.warehouse.raw_tables import (
    RAW_CREDITS,
    RAW_GENOME_SCORES,
    RAW_GENOME_TAGS,
    RAW_IMDB_MOVIES,
    RAW_KEYWORDS,
    RAW_LINKS,
    RAW_MOVIES,
    RAW_NAME_BASICS,
    RAW_RATINGS,
    RAW_TAGS,
    RAW_TITLE_BASICS,
    RAW_TITLE_CREW,
    RAW_TITLE_PRINCIPALS,
    RAW_TITLE_RATINGS,
    RAW_TMDB_MOVIES,
    RAW_USERS,
)

RATING_MIN, RATING_MAX = 0.5, 5.0
EARLIEST_EVENT = datetime(1995, 1, 1)
"""No public rating is older: MovieLens began in 1997, its data sets hold test ratings from 1995 on."""
PARTS = ("train", "validation", "test")
ACTIONS = ("like", "watch", "click", "skip", "ignore", "rating")
"""What can be done with a movie; `rating` alone carries stars."""

ASPECTS = (
    "acting",
    "characters",
    "dialogue",
    "direction",
    "humour",
    "length",
    "music",
    "pace",
    "plot",
    "visuals",
)
"""What of a film a text may praise or criticize."""
TEXT_LABELS = ("positive", "negative", "neutral", "unknown")

_GENRES = Distribution("genres", "Movies by genre", "genres", "values")
_DECADES = Distribution("decades", "Movies by decade", "year", "steps", step=10)

LINKS = Table(
    "links",
    "validated",
    "Identifiers at IMDb and TMDb; built with `movies`, which holds what is used of it",
    (
        Column("movie_id", "BIGINT", "MovieLens id", required=True, minimum=1),
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits"),
        Column("tmdb_id", "BIGINT", "TMDb id", minimum=1),
    ),
    key=("movie_id",),
    order_by=("movie_id",),
)
"""Not in TABLES: a step on the way to `movies`, not an asset."""

MOVIES = Table(
    "movies",
    "validated",
    "One row per MovieLens movie",
    (
        Column("movie_id", "BIGINT", "MovieLens id", required=True, minimum=1),
        Column("title", "VARCHAR", "Title without its year", required=True),
        Column("year", "INTEGER", "Year of release", minimum=EARLIEST_YEAR, maximum=LATEST_YEAR, severity="warning"),
        Column("genres", "VARCHAR[]", "MovieLens genres, sorted; empty where none is listed", required=True),
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits"),
        Column("tmdb_id", "BIGINT", "TMDb id", minimum=1),
    ),
    key=("movie_id",),
    min_rows=1,
    order_by=("movie_id",),
    freshness=NIGHTLY,
    volume=Volume(),
    distributions=(_DECADES, _GENRES),
)

RATINGS = Table(
    "ratings",
    "validated",
    "Interactions: one row per user and movie, the latest rating where several were published",
    (
        Column("user_id", "BIGINT", "Who rated", required=True, minimum=1),
        Column("movie_id", "BIGINT", "What was rated", required=True, minimum=1),
        Column("rating", "FLOAT", "Stars", required=True, minimum=RATING_MIN, maximum=RATING_MAX),
        Column("timestamp", "TIMESTAMP", "When, UTC", required=True),
    ),
    key=("user_id", "movie_id"),
    references=(Reference("movie_id", "movies", "movie_id"),),
    min_rows=1,
    order_by=("user_id", "movie_id"),
    freshness=NIGHTLY,
    volume=Volume(),
    distributions=(
        Distribution("stars", "Ratings by stars", "rating", "steps", step=0.5, limit=0.1),
        Distribution("activity", "Users by how much they rated", "user_id", "rows"),
        Distribution("popularity", "Movies by how often they were rated", "movie_id", "rows"),
        Distribution("recency", "Ratings by month", "timestamp", "months"),
    ),
)

TAGS = Table(
    "tags",
    "validated",
    "Free-text tags, one row per user, movie and tag",
    (
        Column("user_id", "BIGINT", "Who tagged", required=True, minimum=1),
        Column("movie_id", "BIGINT", "What was tagged", required=True, minimum=1),
        Column("tag", "VARCHAR", "Trimmed, lower case", required=True),
        Column("timestamp", "TIMESTAMP", "When, UTC"),
    ),
    key=("user_id", "movie_id", "tag"),
    references=(Reference("movie_id", "movies", "movie_id"),),
    order_by=("movie_id", "tag", "user_id"),
    freshness=NIGHTLY,
    volume=OPTIONAL,
    distributions=(Distribution("tagged", "Movies by how often they were tagged", "movie_id", "rows"),),
)

USERS = Table(
    "users",
    "validated",
    "Demographics where the data set has them",
    (
        Column("user_id", "BIGINT", "User", required=True, minimum=1),
        Column("age", "INTEGER", "Years", minimum=1, maximum=120, severity="warning"),
        Column("gender", "VARCHAR", "F or M as published", allowed=("F", "M"), severity="warning"),
        Column("occupation", "VARCHAR", "As published"),
        Column("zip_code", "VARCHAR", "As published"),
    ),
    key=("user_id",),
    order_by=("user_id",),
    freshness=NIGHTLY,
    volume=OPTIONAL,
    distributions=(
        Distribution("ages", "Users by age", "age", "steps", step=10),
        Distribution("genders", "Users by gender", "gender", "values"),
    ),
)

IMDB_MOVIES = Table(
    "imdb_movies",
    "validated",
    "IMDb titles; a title that occurs twice is two movies and both stay",
    (
        Column("imdb_row", "BIGINT", "`raw_row` of `raw_imdb_movies`; its identity here", required=True),
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits, where published"),
        Column("title", "VARCHAR", "Title", required=True),
        Column("year", "INTEGER", "Year of release, where published", minimum=EARLIEST_YEAR, maximum=LATEST_YEAR),
        Column("genres", "VARCHAR[]", "IMDb genres, sorted", required=True),
        Column("rating", "FLOAT", "IMDb rating", minimum=1, maximum=10),
        Column("votes", "BIGINT", "IMDb votes", minimum=0),
        Column("director", "VARCHAR", "Director"),
        Column("cast", "VARCHAR[]", "Leading actors", required=True),
        Column("keywords", "VARCHAR[]", "Plot keywords", required=True),
        Column("description", "VARCHAR", "Plot"),
    ),
    key=("imdb_row",),
    order_by=("imdb_row",),
    freshness=NIGHTLY,
    volume=OPTIONAL,
    distributions=(Distribution("scores", "Movies by IMDb rating", "rating", "steps"),),
)

CATALOGUE = Table(
    "catalogue",
    "feature",
    "One movie table from all sources; what models and pages read",
    (
        Column("movie_id", "BIGINT", "MovieLens id", required=True, minimum=1),
        Column("title", "VARCHAR", "Title without its year", required=True),
        Column("year", "INTEGER", "Year of release", minimum=EARLIEST_YEAR, maximum=LATEST_YEAR, severity="warning"),
        Column("genres", "VARCHAR[]", "MovieLens genres, sorted", required=True),
        Column("overview", "VARCHAR", "Plot, from TMDb or IMDb"),
        Column("keywords", "VARCHAR[]", "Plot keywords, from TMDb or IMDb", required=True),
        Column("cast", "VARCHAR[]", "Leading actors", required=True),
        Column("director", "VARCHAR", "Director"),
        Column("imdb_id", "VARCHAR", "`tt` and at least 7 digits"),
        Column("tmdb_id", "BIGINT", "TMDb id", minimum=1),
        Column("vote_count", "BIGINT", "Votes at TMDb or IMDb", minimum=0),
        Column("vote_average", "FLOAT", "Their mean, of the same source", minimum=0.5, maximum=10),
        Column(
            "imdb_match",
            "VARCHAR",
            "How the IMDb row was found; NULL where none was",
            allowed=("imdb_id", "title_year", "title_genre"),
        ),
    ),
    key=("movie_id",),
    min_rows=1,
    order_by=("movie_id",),
    volume=Volume(),
    distributions=(
        _DECADES,
        _GENRES,
        Distribution("matches", "Movies by how their IMDb row was found", "imdb_match", "values"),
    ),
)

SPLITS = Table(
    "splits",
    "feature",
    "Every rating with the part it plays in each protocol; frozen, so that all models meet the same",
    (
        *RATINGS.columns,
        Column("temporal", "VARCHAR", "By time: 80, 10, 10 %", required=True, allowed=PARTS),
        Column(
            "leave_one_out",
            "VARCHAR",
            "Each user's last event is test, the one before it validation",
            required=True,
            allowed=PARTS,
        ),
        Column("fold", "TINYINT", "Random fold of five", required=True, minimum=0, maximum=4),
    ),
    key=("user_id", "movie_id"),
    min_rows=1,
    order_by=("user_id", "timestamp", "movie_id"),
)
"""Not in TABLES: made from a published snapshot and never in the warehouse file."""

FEEDBACK = Table(
    "feedback",
    "validated",
    "What people did with movies they were shown: one row per event, whatever batch brought it first",
    (
        Column("event_id", "VARCHAR", "Idempotency key, made by the client", required=True),
        Column("user_id", "BIGINT", "Who; may be new", required=True, minimum=1),
        Column("movie_id", "BIGINT", "MovieLens id", required=True, minimum=1),
        Column("action", "VARCHAR", "What was done", required=True, allowed=ACTIONS),
        Column("rating", "DOUBLE", "Stars, with action `rating` only", minimum=RATING_MIN, maximum=RATING_MAX),
        Column("text", "VARCHAR", "What the person wrote; data and nothing else"),
        Column("timestamp", "TIMESTAMP", "When it was done, UTC", required=True),
        Column("received_at", "TIMESTAMP", "When the platform had it, UTC", required=True),
        Column("session_id", "VARCHAR", "Session it was part of"),
        Column("request_id", "VARCHAR", "Answer that showed the movie"),
        Column("position", "BIGINT", "Place in that list, from 0", minimum=0),
        Column("policy", "VARCHAR", "Policy that chose it"),
        Column("model_version", "VARCHAR", "Version of its model"),
        Column("propensity", "DOUBLE", "Probability with which it was put there", minimum=0, maximum=1),
        Column("batch_id", "VARCHAR", "Sealed file that brought it", required=True),
    ),
    key=("event_id",),
    references=(Reference("movie_id", "movies", "movie_id"),),
    order_by=("timestamp", "event_id"),
    distributions=(
        Distribution("acts", "Events by what was done", "action", "values"),
        Distribution("stars", "Ratings by stars", "rating", "steps", step=0.5),
        Distribution("activity", "Users by how much they did", "user_id", "rows"),
    ),
)

FEEDBACK_TEXTS = Table(
    "feedback_texts",
    "feature",
    "What texts of feedback say; beside what people stated, and never in its place",
    (
        Column("event_id", "VARCHAR", "Event of `feedback` that carries the text", required=True),
        Column("user_id", "BIGINT", "Who wrote it", required=True, minimum=1),
        Column("movie_id", "BIGINT", "Of what", required=True, minimum=1),
        Column("timestamp", "TIMESTAMP", "When, UTC", required=True),
        Column("text_md5", "VARCHAR", "MD5 of the text, so that equal texts are read once", required=True),
        Column("sentiment", "DOUBLE", "From -1, against, to 1, for", required=True, minimum=-1, maximum=1),
        Column("label", "VARCHAR", "The same in a word", required=True, allowed=TEXT_LABELS),
        Column("confidence", "DOUBLE", "How sure the reader is", required=True, minimum=0, maximum=1),
        Column("praised", "VARCHAR[]", "Aspects spoken well of", required=True, allowed=ASPECTS),
        Column("criticized", "VARCHAR[]", "Aspects spoken ill of", required=True, allowed=ASPECTS),
        Column("stated", "DOUBLE", "What the same person stated of the movie, -1 to 1", minimum=-1, maximum=1),
        Column("conflict", "BOOLEAN", "The text says the opposite of what was stated", required=True),
        Column("model", "VARCHAR", "Reader and its version", required=True),
    ),
    key=("event_id",),
    references=(Reference("event_id", "feedback", "event_id"),),
    order_by=("timestamp", "event_id"),
    distributions=(
        Distribution("labels", "Texts by sentiment", "label", "values"),
        Distribution("praise", "Praised aspects", "praised", "values"),
        Distribution("criticism", "Criticized aspects", "criticized", "values"),
    ),
)

QUARANTINE = Table(
    "quarantine",
    "validated",
    "Rows that broke a rule, with the rule and where they came from; nothing is lost",
    (
        Column("table_name", "VARCHAR", "Table the row was meant for", required=True),
        Column("rule", "VARCHAR", "Name of the broken rule", required=True),
        Column("reason", "VARCHAR", "The rule and the value that broke it, in words", required=True),
        Column("source_file", "VARCHAR", "Published file", required=True),
        Column("source_line", "BIGINT", "Record number in that file", required=True),
        Column("row_json", "VARCHAR", "The published row", required=True),
    ),
    order_by=("table_name", "source_file", "source_line", "rule"),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        RAW_RATINGS,
        RAW_MOVIES,
        RAW_LINKS,
        RAW_TAGS,
        RAW_USERS,
        RAW_IMDB_MOVIES,
        RAW_TMDB_MOVIES,
        RAW_CREDITS,
        RAW_KEYWORDS,
        RAW_TITLE_BASICS,
        RAW_TITLE_RATINGS,
        RAW_TITLE_CREW,
        RAW_TITLE_PRINCIPALS,
        RAW_NAME_BASICS,
        RAW_GENOME_SCORES,
        RAW_GENOME_TAGS,
        TMDB_MOVIES,
        MOVIES,
        RATINGS,
        TAGS,
        USERS,
        GENOME,
        IMDB_MOVIES,
        IMDB_TITLES,
        CATALOGUE,
        FEEDBACK,
        FEEDBACK_TEXTS,
        QUARANTINE,
    )
}
