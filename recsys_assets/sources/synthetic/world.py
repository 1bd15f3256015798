"""The generated world: what is planted, and the streams of the seed that everything is drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recsys_assets.sources.synthetic.behaviour import Ratings, rating_blocks
from recsys_assets.sources.synthetic.config import SyntheticConfig
from recsys_assets.sources.synthetic.movies import Movies, genre_space, make_movies
from recsys_assets.sources.synthetic.users import Users, make_users
from recsys_assets.sources.synthetic.words import GENRES

STREAMS = ("space", "movies", "users", "ratings", "texts", "tags", "links", "extras")
"""Each part has its own stream of the seed, by its place here: what one draws changes nothing of the others."""


@dataclass(frozen=True)
class Stage:
    """Movies and users; ratings are drawn when asked for, the same each time."""

    config: SyntheticConfig
    movies: Movies
    users: Users

    def rating_blocks(self) -> Iterator[Ratings]:
        """All ratings in order, in blocks of some hundred thousand."""
        return rating_blocks(self.config, self.movies, self.users, stream(self.config, "ratings"))


@dataclass(frozen=True)
class World:
    """Everything that was planted; tests and simulators compare to it."""

    config: SyntheticConfig
    movies: Movies
    users: Users
    ratings: Ratings


def make_stage(config: SyntheticConfig) -> Stage:
    """Draw movies and users."""
    space = genre_space(config, stream(config, "space"))
    movies = make_movies(config, space, stream(config, "movies"))
    stocked = np.bincount(movies.lead_genre, minlength=len(GENRES)) > 0
    return Stage(config, movies, make_users(config, space, stocked, stream(config, "users")))


def make_world(config: SyntheticConfig) -> World:
    """A stage with all its ratings in memory."""
    stage = make_stage(config)
    blocks = list(stage.rating_blocks())
    columns = (np.concatenate([getattr(b, f) for b in blocks]) for f in ("user", "movie", "stars", "timestamp"))
    return World(config, stage.movies, stage.users, Ratings(*columns))


def stream(config: SyntheticConfig, name: str) -> np.random.Generator:
    """A generator at the start of one of `STREAMS`."""
    seeds = np.random.SeedSequence(config.seed).spawn(len(STREAMS))
    return np.random.default_rng(seeds[STREAMS.index(name)])
