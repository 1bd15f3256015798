"""Profiles against a brute-force count, worked examples, and identities of alignment."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_assets.features.profile import ProfileConfig, alignment, profiles

GENRES = {1: ["Crime", "Drama"], 2: ["Comedy"], 3: [], 4: ["Crime"], 5: ["Comedy", "Drama", "War"]}
YEARS = {1: 1995, 2: 1989, 3: 1990, 4: None, 5: 2000}
CATALOGUE = pl.DataFrame({"movie_id": list(GENRES), "year": list(YEARS.values()), "genres": list(GENRES.values())})
START = datetime(2020, 1, 1)


def _interactions(seed: int, users: int = 6) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    pairs = [(u, m) for u in range(1, users + 1) for m in GENRES if rng.random() < 0.7]
    return pl.DataFrame(
        {
            "user_id": [u for u, _ in pairs],
            "movie_id": [m for _, m in pairs],
            "rating": rng.choice([1.0, 2.5, 4.0, 5.0], len(pairs)).astype(np.float32),
            "timestamp": [START + timedelta(hours=int(h)) for h in rng.integers(0, 20_000, len(pairs))],
        }
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("half_life", [None, 100.0])
def test_all_users_at_once_are_as_counted_one_by_one(seed: int, half_life: float | None) -> None:
    interactions = _interactions(seed)
    found = profiles(interactions, CATALOGUE, ProfileConfig(half_life_days=half_life, shrinkage=3))
    for (user,), mine in interactions.group_by("user_id"):
        last, mean = mine["timestamp"].max(), float(np.mean(mine["rating"].to_list()))
        weight: dict[str, float] = defaultdict(float)
        given: dict[str, list[float]] = defaultdict(list)
        for row in mine.to_dicts():
            age = (last - row["timestamp"]) / timedelta(days=1)
            for genre in GENRES[row["movie_id"]]:
                weight[genre] += (0.5 ** (age / half_life) if half_life else 1.0) / len(GENRES[row["movie_id"]])
                given[genre].append(row["rating"])
        told = {row["genre"]: row for row in found.genres.filter(pl.col("user_id") == user).to_dicts()}
        assert set(told) == set(weight)
        for genre, row in told.items():
            assert row["share"] == pytest.approx(weight[genre] / sum(weight.values()))
            assert row["n_ratings"] == len(given[genre])
            assert row["liking"] == pytest.approx((sum(given[genre]) + 3 * mean) / (len(given[genre]) + 3))


def test_an_old_rating_counts_half_after_a_half_life() -> None:
    interactions = pl.DataFrame(
        {
            "user_id": [1, 1],
            "movie_id": [2, 4],
            "rating": [4.0, 2.0],
            "timestamp": [START, START + timedelta(days=30)],
        }
    )
    found = profiles(interactions, CATALOGUE, ProfileConfig(half_life_days=30))
    assert found.genres.select("genre", "share").rows() == [
        ("Crime", pytest.approx(2 / 3)),
        ("Comedy", pytest.approx(1 / 3)),
    ]
    assert found.users.rows() == [(1, 2, 3.0, START, START + timedelta(days=30))]


def test_decades_leave_out_movies_without_a_year() -> None:
    interactions = pl.DataFrame(
        {"user_id": [1] * 5, "movie_id": [1, 2, 3, 4, 5], "rating": [3.0] * 5, "timestamp": [START] * 5}
    )
    found = profiles(interactions, CATALOGUE).decades
    assert found.select("decade", "n_ratings", "share").rows() == [(1990, 2, 0.5), (1980, 1, 0.25), (2000, 1, 0.25)]
    assert found["liking"].to_list() == [3.0] * 3


def test_the_order_of_rows_does_not_matter() -> None:
    interactions = _interactions(1)
    found, again = (
        profiles(rows, CATALOGUE) for rows in (interactions, interactions.sample(fraction=1, shuffle=True, seed=3))
    )
    for one, other in ((found.genres, again.genres), (found.decades, again.decades), (found.users, again.users)):
        assert one.drop("share", "liking", strict=False).equals(other.drop("share", "liking", strict=False))


def test_a_list_of_what_was_watched_fits_perfectly() -> None:
    interactions = _interactions(2)
    found = profiles(interactions, CATALOGUE, ProfileConfig(half_life_days=None))
    fit = alignment(found.genres, interactions.select("user_id", "movie_id"), CATALOGUE)
    assert fit.users["cosine"].to_list() == pytest.approx([1.0] * len(fit.users))
    assert fit.users["overlap"].to_list() == pytest.approx([1.0] * len(fit.users))


def test_alignment_is_as_worked_by_hand() -> None:
    genres = pl.DataFrame({"user_id": [1, 1, 2], "genre": ["Crime", "War", "War"], "share": [0.75, 0.25, 1.0]})
    lists = pl.DataFrame({"user_id": [1, 1, 3, 2], "movie_id": [4, 2, 4, 3]})
    fit = alignment(genres, lists, CATALOGUE)
    crime_only = 0.75 * 0.5 / ((0.75**2 + 0.25**2) ** 0.5 * 0.5**0.5)
    assert fit.users.rows() == [(1, pytest.approx(crime_only), 0.5), (2, 0.0, 0.0), (3, 0.0, 0.0)]
    assert fit.genres.filter(pl.col("user_id") == 1).rows() == [
        (1, "Crime", 0.75, 0.5),
        (1, "War", 0.25, 0.0),
        (1, "Comedy", 0.0, 0.5),
    ]
