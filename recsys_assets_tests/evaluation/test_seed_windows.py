"""Windows split at random leak, and the look-up proves it; split by time they do not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.errors import EvaluationError
from recsys_assets.evaluation.seed_windows import (
    LENGTH,
    Windows,
    WindowSplit,
    at_random,
    by_time,
    cut,
    frequent,
    look_up,
    seed_windows,
    successors,
)
from recsys_assets.recommenders import build
from recsys_assets.recommenders.data import Ids
from recsys_assets_tests.evaluation.worlds import catalogue_of, splits_of


@pytest.fixture(scope="module")
def ratings() -> pl.DataFrame:
    """Every user rates movies in an order of their own: nothing can be learned of what comes next."""
    return splits_of(users=80, movies=60, events=30, cold=0)


def test_windows_are_the_movies_of_one_user_in_time_order_two_apart(ratings: pl.DataFrame) -> None:
    histories, movies = frequent(ratings)
    windows = cut(histories, histories.lengths)
    expected = []
    for user in sorted(set(ratings["user_id"])):
        own = ratings.filter(pl.col("user_id") == user).sort("timestamp")["movie_id"].to_list()
        kept = [m for m in own if m in set(movies.values.tolist())]
        expected += [kept[start : start + LENGTH + 1] for start in range(0, len(kept) - LENGTH, 2)]
    assert movies.values[windows.movies].tolist() == expected


def test_movies_of_few_ratings_are_left_out() -> None:
    rated = splits_of(users=6, movies=40, events=30, cold=0)
    votes = rated.group_by("movie_id").len().filter(pl.col("len") >= 5)["movie_id"]
    assert set(frequent(rated)[1].values.tolist()) == set(votes)
    with pytest.raises(EvaluationError, match="larger data set"):
        frequent(rated.head(3))


def test_the_parts_of_a_random_split_are_of_the_right_size_and_share_no_window(ratings: pl.DataFrame) -> None:
    histories, movies = frequent(ratings)
    everything, split = cut(histories, histories.lengths), at_random(histories, movies, seed=3)
    assert len(split.test) == round(0.15 * len(everything))
    assert len(split.train) == len(everything) - 2 * round(0.15 * len(everything))

    def keys(windows: Windows) -> set[tuple[int, ...]]:
        return {(u, *m) for u, m in zip(windows.users.tolist(), windows.movies.tolist(), strict=True)}

    assert not keys(split.train) & keys(split.test)
    assert keys(at_random(histories, movies, seed=3).test) == keys(split.test)


def test_split_by_time_no_training_window_of_a_user_holds_the_answer(ratings: pl.DataFrame) -> None:
    split = by_time(*frequent(ratings))
    for user, target in zip(split.test.users, split.test.targets, strict=True):
        assert target not in split.train.movies[split.train.users == user]
    assert not split.leaked.any()


def test_a_successor_is_read_from_a_window_of_the_same_user_only() -> None:
    train = Windows(np.array([0, 1]), np.array([[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]]), np.ones((2, 6)))
    asked = Windows(
        np.array([0, 1, 0, 2]), np.array([[9, 9, 9, 9, 2, 3]] * 2 + [[9, 9, 9, 9, 5, 1]] * 2), np.ones((4, 6))
    )
    split = WindowSplit("at random", train, asked, Ids(np.arange(10)))
    assert successors(split, asked).tolist() == [3, 1, -1, -1]
    assert split.leaked.tolist() == [True, False, False, False]
    assert look_up(split)(asked).argmax(axis=1).tolist()[:2] == [3, 1]


def test_the_look_up_of_the_leak_scores_high_where_windows_are_split_at_random_and_no_more_where_by_time(
    ratings: pl.DataFrame,
) -> None:
    random, timed = seed_windows({}, ratings, catalogue_of(60), seed=3)
    assert random.leaked_share > 0.8
    popular, read = random.scores
    assert read.hit_rate.mean > 0.8
    assert popular.hit_rate.mean < 0.35
    assert timed.leaked_share == 0
    assert timed.scores[1].hit_rate == timed.scores[0].hit_rate


def test_any_recommender_can_be_put_through(ratings: pl.DataFrame) -> None:
    makers = {"popularity": lambda: build("popularity", {"order": "count"})}
    for table in seed_windows(makers, ratings, catalogue_of(60), seed=3):
        assert [s.model for s in table.scores] == ["popularity of targets", "look-up of the leak", "popularity"]
        chance = 10 / (60 - LENGTH)
        assert table.scores[2].hit_rate.mean == pytest.approx(chance, abs=0.15)
        assert 0 < table.scores[2].ndcg.mean < table.scores[2].hit_rate.mean
