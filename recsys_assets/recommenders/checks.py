"""What a model refuses at the door: interactions, catalogues and histories that nothing can be learned from."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from recsys_assets.recommenders.results import ModelError

RATING_MIN, RATING_MAX = 0.5, 5.0
CATALOGUE_COLUMNS = ("movie_id", "title", "year", "genres")
"""What every model needs of the catalogue and its export carries, for explanations and lists."""


def check_interactions(interactions: pl.DataFrame) -> None:
    """Refuse what no model can learn from, naming the first offence."""
    columns = ("user_id", "movie_id", "rating", "timestamp")
    _require_columns("interactions", interactions, columns)
    if len(interactions) == 0:
        raise ModelError("interactions are empty; nothing to fit")
    if not isinstance(interactions.schema["timestamp"], pl.Datetime):
        raise ModelError(
            f"interactions have timestamps of type {interactions.schema['timestamp']}; cast them to Datetime (UTC)"
        )
    _require_values("interactions", interactions.select(columns), "re-materialize `ratings`, which quarantines them")
    _require_ratings(interactions["rating"])
    if interactions.select("user_id", "movie_id").is_duplicated().any():
        raise ModelError("interactions hold a user and movie twice; re-materialize `ratings`, which keeps the latest")


def check_catalogue(catalogue: pl.DataFrame) -> None:
    """Refuse a catalogue that lacks what every model needs, or lists a movie twice."""
    _require_columns("the catalogue", catalogue, CATALOGUE_COLUMNS)
    twice = catalogue.filter(pl.col("movie_id").is_duplicated())["movie_id"]
    if len(twice):
        raise ModelError(f"the catalogue lists movie id {twice[0]} twice; re-materialize `catalogue`, whose key it is")


def check_history(ratings: pl.DataFrame) -> None:
    """Refuse a newcomer's ratings that no history can be made of."""
    columns = ("movie_id", "rating")
    _require_columns("the newcomer's ratings", ratings, columns)
    _require_values("the newcomer's ratings", ratings.select(columns), "leave those rows out")
    _require_ratings(ratings["rating"])
    twice = ratings.filter(pl.col("movie_id").is_duplicated())["movie_id"]
    if len(twice):
        raise ModelError(f"the newcomer's ratings hold movie id {twice[0]} twice; keep the latest")


def _require_columns(what: str, frame: pl.DataFrame, columns: Iterable[str]) -> None:
    missing = set(columns) - set(frame.columns)
    if missing:
        verb = "lacks" if what == "the catalogue" else "lack"
        raise ModelError(f"{what} {verb} column {', '.join(sorted(missing))}")


def _require_values(what: str, frame: pl.DataFrame, remedy: str) -> None:
    nulls = [c for c in frame.columns if frame[c].null_count()]
    if nulls:
        raise ModelError(f"{what} hold nulls in {', '.join(nulls)}; {remedy}")


def _require_ratings(ratings: pl.Series) -> None:
    values = ratings.cast(pl.Float64)
    outside = values.filter(~values.is_between(RATING_MIN, RATING_MAX))  # NaN is above every number to polars
    if len(outside):
        raise ModelError(f"rating {outside[0]} is outside {RATING_MIN}-{RATING_MAX}")
