"""The planted catalogue: what each movie is (genres, factors, series, people), how good and how popular."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsys_assets.sources.synthetic import words
from recsys_assets.sources.synthetic.config import SyntheticConfig

FIRST_YEAR, LAST_YEAR = 1930, 2024
WINDOW_START, WINDOW_YEARS = 2015, 10
"""Ratings fall into these years, cut into quarters."""
N_QUARTERS = 4 * WINDOW_YEARS
MAX_GENRES = 3

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Movies:
    """One entry a movie, m of them.

    The order is a walk through the world: movies of one first genre are together, series in order, the like
    beside the like. Published ids are shuffled, so that they tell nothing.
    """

    movie_id: Ints
    """(m,) published id, 1 to m."""
    genres: Ints
    """(m, 3) indices into GENRES, -1 where fewer; the first one leads."""
    factors: Floats
    """(m, d), rows of length about 1."""
    quality: Floats
    """(m,) stars added to everybody's rating."""
    year: Ints
    released: Ints
    """(m,) quarter of the window from which it can be rated; 0 for older movies."""
    series: Ints
    """(m,) number of the series (or single movie) it belongs to."""
    part: Ints
    """(m,) place in its series, from 0."""
    director: Ints
    cast: Ints
    """(m, 4) actors."""
    offered: Floats
    """(N_QUARTERS, m) how strongly each movie is offered in each quarter; 0 before its release."""

    def __len__(self) -> int:
        return len(self.year)

    @property
    def lead_genre(self) -> Ints:
        return self.genres[:, 0]


@dataclass(frozen=True)
class GenreSpace:
    """Genres as unit vectors of taste space, with their standing."""

    vectors: Floats
    """(g, d)."""
    affinity: Floats
    """(g, g) how readily the second joins the first."""
    appeal: Floats
    """(g,) stars added to each rating of the genre."""


def genre_space(config: SyntheticConfig, rng: np.random.Generator) -> GenreSpace:
    vectors = _unit(rng.normal(size=(len(words.GENRES), config.n_tastes)))
    affinity = np.exp(2.5 * vectors @ vectors.T) * words.GENRE_WEIGHTS
    np.fill_diagonal(affinity, 0.0)
    return GenreSpace(
        vectors.astype(np.float32), affinity.astype(np.float32), rng.normal(0, 0.25, len(vectors)).astype(np.float32)
    )


def make_movies(config: SyntheticConfig, space: GenreSpace, rng: np.random.Generator) -> Movies:
    """Draw `config.n_movies` movies, series by series."""
    series, part = _series(config.n_movies, rng)
    genres, factors, director, first_year, series_quality = _series_traits(int(series[-1]) + 1, config, space, rng)
    order = np.lexsort((part, series, factors[series] @ space.vectors[0], genres[series, 1], genres[series, 0]))
    series, part = series[order], part[order]

    movie_factors = _unit(factors[series] + 0.15 * rng.normal(size=(config.n_movies, config.n_tastes)))
    quality = series_quality[series] + 0.25 * rng.normal(size=config.n_movies) - 0.12 * part
    year = np.minimum(first_year[series] + part * rng.integers(2, 4, len(part)), LAST_YEAR)
    quarter = 4 * (year - WINDOW_START) + rng.integers(0, 4, len(year))
    released = np.clip(quarter, 0, N_QUARTERS - 1)
    lead = genres[series, 0]
    return Movies(
        movie_id=rng.permutation(config.n_movies).astype(np.int64) + 1,
        genres=genres[series],
        factors=movie_factors.astype(np.float32),
        quality=(quality + space.appeal[lead]).astype(np.float32),
        year=year,
        released=released,
        series=series,
        part=part,
        director=director[series],
        cast=_cast(lead, series, config.n_movies, rng),
        offered=_offered(config, quality, released, rng),
    )


def _series(n_movies: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Cut `n_movies` into series: most of one movie, some of up to six."""
    lengths = rng.choice(np.arange(1, 7), size=n_movies, p=[0.84, 0.06, 0.05, 0.02, 0.02, 0.01])
    series = np.repeat(np.arange(n_movies), lengths)[:n_movies]
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    return series.astype(np.int64), (np.arange(n_movies) - starts[series]).astype(np.int64)


def _series_traits(
    n: int, config: SyntheticConfig, space: GenreSpace, rng: np.random.Generator
) -> tuple[Ints, Floats, Ints, Ints, Floats]:
    """Genres (n, 3), factors (n, d), director, year of the first part and quality of each series."""
    genres = _genres(n, space, rng)
    weight = np.array([1.0, 0.6, 0.4])[None, :, None] * (genres >= 0)[:, :, None]
    director, style = _directors(n, config, space, genres[:, 0], rng)
    mixed = (weight * space.vectors[genres]).sum(axis=1) + 0.35 * style + 0.25 * rng.normal(size=style.shape)
    span = LAST_YEAR - FIRST_YEAR + 1
    back = -20.0 * np.log1p(-rng.random(n) * -np.expm1(-span / 20.0))  # exponential, cut at the first year
    quality = 0.3 * rng.normal(size=n)
    return genres, _unit(mixed), director, LAST_YEAR - back.astype(np.int64), quality.astype(np.float32)


def _genres(n: int, space: GenreSpace, rng: np.random.Generator) -> Ints:
    lead = rng.choice(len(words.GENRES), size=n, p=words.GENRE_WEIGHTS / words.GENRE_WEIGHTS.sum())
    joined = np.log(np.maximum(space.affinity[lead], 1e-30)) + rng.gumbel(size=(n, len(words.GENRES)))
    others = np.argsort(-joined, axis=1)[:, : MAX_GENRES - 1]
    count = rng.choice(MAX_GENRES, size=n, p=[0.3, 0.42, 0.28])
    others[np.arange(MAX_GENRES - 1)[None, :] >= count[:, None]] = -1
    return np.column_stack([lead, others]).astype(np.int64)


def _directors(
    n: int, config: SyntheticConfig, space: GenreSpace, lead: Ints, rng: np.random.Generator
) -> tuple[Ints, Floats]:
    """A director per series, mostly one who works in its genre, and the director's own style as factors (n, d)."""
    pool = max(len(words.GENRES), min(config.n_movies // 5, len(words.FIRST_NAMES) * len(words.LAST_NAMES) // 4))
    per_genre = pool // len(words.GENRES)
    within = (per_genre * rng.random(n) ** 1.7).astype(np.int64)
    genre = np.where(rng.random(n) < 0.85, lead, rng.integers(0, len(words.GENRES), n))
    director = genre * per_genre + within
    style = rng.normal(size=(per_genre * len(words.GENRES), config.n_tastes)) / np.sqrt(config.n_tastes)
    return director, style[director].astype(np.float32)


def _cast(lead: Ints, series: Ints, n_movies: int, rng: np.random.Generator) -> Ints:
    """Four actors a movie, (m, 4): the first two stay through a series; stars of the genre are seen most."""
    names = len(words.FIRST_NAMES) * len(words.LAST_NAMES)
    per_genre = max(8, min(n_movies // 2, names) // len(words.GENRES))
    n_series = int(series.max()) + 1
    within = (per_genre * rng.random((n_movies, 4)) ** 2.0).astype(np.int64)
    within[:, :2] = (per_genre * rng.random((n_series, 2)) ** 2.0).astype(np.int64)[series]
    steps = np.arange(4) * (per_genre // 4)
    genre = np.where(rng.random((n_movies, 4)) < 0.8, lead[:, None], (lead[:, None] + 5) % len(words.GENRES))
    genre[:, :2] = lead[:, None]
    # rotated by place, so that the four are different people
    return (genre * per_genre + (within // 4 + steps) % per_genre).astype(np.int64)


def _offered(config: SyntheticConfig, quality: Floats, released: Ints, rng: np.random.Generator) -> Floats:
    """Zipf popularity, better movies rather ahead, moved by a slow swing and a boost after release."""
    m = config.n_movies
    standing = np.argsort(np.argsort(-(quality + 0.35 * rng.normal(size=m))))
    weight = (standing + 1.0 + m / 100.0) ** -config.popularity_exponent
    quarter = np.arange(N_QUARTERS)[:, None]
    swing = 0.8 * np.sin(2 * np.pi * (quarter / (N_QUARTERS * rng.uniform(0.8, 2.0, m)) + rng.random(m)))
    age = quarter - released
    boost = np.where(released > 0, 1.2 * np.exp(-np.maximum(age, 0) / 4.0), 0.0)
    offered: Floats = (weight * np.exp(swing + boost) * (age >= 0)).astype(np.float32)
    return offered


def _unit(rows: NDArray[np.floating]) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = (rows / np.maximum(length, 1e-9)).astype(np.float32)
    return unit
