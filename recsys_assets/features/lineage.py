"""Which columns the catalogue and the splits are made of; what of it a query decides is said in catalogue.py."""

from __future__ import annotations

from recsys_assets.warehouse.tables import CATALOGUE, MOVIES, RATINGS

Source = tuple[str, str]
"""Table and column."""

_BESIDE = {
    "overview": (("tmdb_movies", "overview"), ("imdb_movies", "description")),
    "keywords": (("raw_keywords", "keywords"), ("imdb_movies", "keywords")),
    "cast": (("raw_credits", "cast"), ("imdb_titles", "cast"), ("imdb_movies", "cast")),
    "director": (("raw_credits", "crew"), ("imdb_titles", "director"), ("imdb_movies", "director")),
    "imdb_id": (("imdb_titles", "imdb_id"), ("imdb_movies", "imdb_id")),
    "vote_count": (("tmdb_movies", "vote_count"), ("imdb_titles", "votes"), ("imdb_movies", "votes")),
    "vote_average": (("tmdb_movies", "vote_average"), ("imdb_titles", "rating"), ("imdb_movies", "rating")),
    "imdb_match": tuple((t, c) for t in ("imdb_titles", "imdb_movies") for c in ("imdb_id", "title", "year")),
}

CATALOGUE_SOURCES: dict[str, tuple[Source, ...]] = {
    c: (*(((MOVIES.name, c),) if c in MOVIES.column_names else ()), *_BESIDE.get(c, ())) for c in CATALOGUE.column_names
}

SPLITS_SOURCES: dict[str, tuple[Source, ...]] = {
    **{c: ((RATINGS.name, c),) for c in RATINGS.column_names},
    "temporal": ((RATINGS.name, "timestamp"),),
    "leave_one_out": tuple((RATINGS.name, c) for c in ("user_id", "timestamp", "movie_id")),
    "fold": tuple((RATINGS.name, c) for c in ("user_id", "movie_id")),
}
