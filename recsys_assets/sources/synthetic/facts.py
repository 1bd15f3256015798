"""What there is to say about each generated movie; every layout publishes a part of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_assets.sources.synthetic import texts
from recsys_assets.sources.synthetic.movies import Movies
from recsys_assets.sources.synthetic.world import Stage, stream

IMDB_FIRST_ID = 90_000_000
"""Above every id that IMDb has given, so that no generated movie is taken for a real one."""
TMDB_FIRST_ID = 9_000_000


@dataclass(frozen=True)
class Facts:
    """`frame` has one row a movie, in order of its published id; `walk` is that order."""

    frame: pl.DataFrame
    """Columns movie_id, imdb (a number), tmdb (null for one in a hundred), title (The Silent Harbor), filed (Silent
    Harbor, The), year, genres (joined by `|`), rating (1-10), votes, director, cast and keywords (joined by `, `),
    description, anonymous (IMDb's table leaves out its id)."""
    keywords: texts.Texts
    """(m, 4), in the order of `Movies`, as tags need them."""
    walk: np.ndarray
    """(m,) index into `Movies` of each row."""


def make_facts(stage: Stage) -> Facts:
    """Draw titles, texts, votes and identifiers."""
    movies = stage.movies
    text_rng, link_rng = stream(stage.config, "texts"), stream(stage.config, "links")
    m = len(movies)
    named = texts.titles(movies, text_rng)
    keywords = texts.keywords(movies, text_rng)
    no_tmdb = link_rng.random(m) < 0.01
    rating, votes = _votes(movies, text_rng)
    frame = pl.DataFrame(
        {
            "movie_id": movies.movie_id,
            "imdb": movies.movie_id + IMDB_FIRST_ID,
            "tmdb": movies.movie_id + TMDB_FIRST_ID,
            "title": named["title"],
            "filed": named["filed"],
            "year": movies.year,
            "genres": texts.genre_list(movies, "|"),
            "rating": rating,
            "votes": votes,
            "director": texts.people(movies.director, shift=texts.DIRECTORS).astype(str),
            "cast": texts.joined(texts.people(movies.cast, shift=texts.ACTORS), ", "),
            "keywords": texts.joined(keywords, ", "),
            "description": texts.plots(movies, text_rng),
            "no_tmdb": no_tmdb,
            "anonymous": link_rng.random(m) < 0.1,
        }
    )
    walk = np.argsort(movies.movie_id)
    whole = frame.with_columns(pl.when(~pl.col("no_tmdb")).then("tmdb").alias("tmdb")).drop("no_tmdb")
    return Facts(whole[walk], keywords, walk)


def _votes(movies: Movies, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores with one digit, 1.0 to 9.8, and numbers of votes, by what is offered and how good it is."""
    offered = movies.offered.sum(axis=0)
    votes = 50 + 2_000_000 * offered / offered.max() * rng.lognormal(0, 0.3, len(movies))
    score = 6.3 + 1.6 * movies.quality + 0.25 * rng.normal(size=len(movies))
    return np.round(np.clip(score, 1.0, 9.8), 1), votes.astype(np.int64)
