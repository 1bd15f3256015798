"""How unlike the training data the feedback is: who gives it, about what, how, and how it is spread.

Ratings of the feedback are compared with the public ones by their stars, events by how popular their movies are
publicly (ten groups of movies, each with a tenth of the public ratings), both by the population stability index less
what chance gives (`quality.drift`); acts of the last seven days with those before. By use a PSI of 0.1 is worth a look
and 0.25 is a shift (Siddiqi 2006). Two shares tell a flood: that of the busiest person and that of the most answered
movie.

It warns, and blocks nothing: people may well have changed, and what a challenger makes of it is for the gate to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from pydantic import BaseModel, NonNegativeFloat, PositiveInt

from recsys_assets.quality.drift import psi
from recsys_assets.recommenders.data import IntArray
from recsys_assets.warehouse.tables import ACTIONS

STARS = tuple(n / 2 for n in range(1, 11))
TENTHS = 10
UNSEEN = "unseen"
"""Label of movies that nobody rated publicly."""
RECENT_DAYS = 7


class DriftBounds(BaseModel, extra="forbid", frozen=True):
    """Above which a figure is a warning."""

    psi: NonNegativeFloat = 0.25
    share: NonNegativeFloat = 0.1
    """Of all events, by one person or about one movie."""
    least_events: PositiveInt = 200
    """Fewer say nothing."""


@dataclass(frozen=True)
class FeedbackDrift:
    """Shares are 0-1; counts go with `STARS`, `popularity_labels()` and `ACTIONS`."""

    events: int
    users: int
    movies: int
    new_users: float
    """Of the people who gave feedback, those without a public rating."""
    new_movies: float
    """Of the movies that got some, those without a public rating."""
    texts: float
    """Of the events."""
    busiest_user: float
    busiest_movie: float
    mean_stars: float
    """Of feedback's ratings; nan where there are none."""
    public_mean_stars: float
    acts: Mapping[str, int]
    recent_acts: Mapping[str, int]
    stars: tuple[int, ...]
    public_stars: tuple[int, ...]
    popularity: tuple[int, ...]
    public_popularity: tuple[int, ...]
    stars_psi: float | None
    popularity_psi: float | None
    acts_psi: float | None
    """Last seven days against before."""

    def figures(self) -> dict[str, float]:
        """Numbers to be plotted over nights."""
        found = {
            "events": self.events,
            "users": self.users,
            "movies": self.movies,
            "new_users": self.new_users,
            "new_movies": self.new_movies,
            "texts": self.texts,
            "busiest_user": self.busiest_user,
            "busiest_movie": self.busiest_movie,
            "mean_stars_difference": self.mean_stars - self.public_mean_stars,
            "stars_psi": self.stars_psi,
            "popularity_psi": self.popularity_psi,
            "acts_psi": self.acts_psi,
        }
        return {name: float(value) for name, value in found.items() if value is not None}

    def warnings(self, bounds: DriftBounds | None = None) -> list[str]:
        """What is worth a look, in words; nothing where there are too few events to say."""
        bounds = bounds or DriftBounds()
        if self.events < bounds.least_events:
            return []
        shifts = {
            "stars are given otherwise than in public ratings": self.stars_psi,
            "movies are more, or less, popular ones than in public ratings": self.popularity_psi,
            f"acts of the last {RECENT_DAYS} days are others than before": self.acts_psi,
        }
        floods = {"one person gave": self.busiest_user, "one movie got": self.busiest_movie}
        return [f"{said}: PSI {value:.2f}" for said, value in shifts.items() if value and value > bounds.psi] + [
            f"{said} {share:.0%} of all events" for said, share in floods.items() if share > bounds.share
        ]


def popularity_labels() -> list[str]:
    """From the most rated movies to the least, then those nobody rated."""
    return [f"{10 * n}-{10 * (n + 1)} %" for n in range(TENTHS)] + [UNSEEN]


def feedback_drift(events: pl.DataFrame, public: pl.DataFrame) -> FeedbackDrift:
    """`events`: accepted feedback; `public`: Interactions that models are trained on beside it."""
    ratings = events.drop_nulls("rating")
    users, movies = events["user_id"].unique(), events["movie_id"].unique()
    recent = pl.col("timestamp") > pl.col("timestamp").max() - pl.duration(days=RECENT_DAYS)
    now, before = (_acts(events.filter(which)) for which in (recent, ~recent))
    group = _popularity_groups(public)
    stars, public_stars = _stars(ratings), _stars(public)
    popularity, public_popularity = _popularity(events, group), _popularity(public, group)
    return FeedbackDrift(
        events=len(events),
        users=len(users),
        movies=len(movies),
        new_users=_share_unknown(users, public["user_id"]),
        new_movies=_share_unknown(movies, public["movie_id"]),
        texts=1 - events["text"].null_count() / max(1, len(events)),
        busiest_user=_largest(events["user_id"]),
        busiest_movie=_largest(events["movie_id"]),
        mean_stars=_mean(ratings),
        public_mean_stars=_mean(public),
        acts=_acts(events),
        recent_acts=now,
        stars=stars,
        public_stars=public_stars,
        popularity=popularity,
        public_popularity=public_popularity,
        stars_psi=psi(stars, public_stars),
        popularity_psi=psi(popularity, public_popularity),
        acts_psi=psi(list(now.values()), list(before.values())),
    )


def _popularity_groups(public: pl.DataFrame) -> pl.DataFrame:
    """`movie_id, group` 0-9: movies by falling number of ratings, cut where a tenth of all ratings is reached."""
    counts = public.group_by("movie_id").len().sort("len", "movie_id", descending=[True, False])
    before = counts["len"].cum_sum() - counts["len"]
    return counts.select("movie_id", group=(before * TENTHS // max(1, len(public))).cast(pl.Int64))


def _popularity(events: pl.DataFrame, groups: pl.DataFrame) -> tuple[int, ...]:
    found = events.select("movie_id").join(groups, on="movie_id", how="left")["group"].fill_null(TENTHS)
    return tuple(int(n) for n in np.bincount(found.to_numpy(), minlength=TENTHS + 1))


def _stars(ratings: pl.DataFrame) -> tuple[int, ...]:
    """Of each half star; public ratings of other scales go to the nearest."""
    places: IntArray = np.clip(np.rint(2 * ratings["rating"].to_numpy().astype(np.float64)), 1, len(STARS)).astype(
        np.int64
    )
    return tuple(int(n) for n in np.bincount(places - 1, minlength=len(STARS)))


def _acts(events: pl.DataFrame) -> dict[str, int]:
    counted = dict(events.group_by("action").len().iter_rows())
    return {action: int(counted.get(action, 0)) for action in ACTIONS}


def _mean(ratings: pl.DataFrame) -> float:
    return float(ratings["rating"].to_numpy().mean()) if len(ratings) else float("nan")


def _share_unknown(ids: pl.Series, known: pl.Series) -> float:
    return float(np.isin(ids.to_numpy(), known.to_numpy(), invert=True).mean()) if len(ids) else 0.0


def _largest(ids: pl.Series) -> float:
    return int(ids.value_counts()["count"].to_numpy().max()) / len(ids) if len(ids) else 0.0
