"""Groups hold who belongs to them, and tell nothing of a handful of people."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys_assets.evaluation.bootstrap import mean_interval
from recsys_assets.evaluation.groups import FEWEST, activity_of, age_of, group_users
from recsys_assets.evaluation.results import Evaluation


def users(lengths: list[int]) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    n = len(lengths)
    return pl.DataFrame(
        {
            "user_id": np.arange(n),
            "n_history": lengths,
            "ndcg_at_10": rng.random(n),
            "hr_at_10": (rng.random(n) < 0.5).astype(float),
        }
    )


def test_every_history_length_has_its_group() -> None:
    lengths = pl.Series([0, 1, 4, 5, 19, 20, 99, 100, 9000])
    expected = ["0", "1-4", "1-4", "5-19", "5-19", "20-99", "20-99", "100+", "100+"]
    assert activity_of(lengths).cast(pl.String).to_list() == expected


def test_every_age_has_its_band_and_an_unknown_one_none() -> None:
    found = age_of(pl.Series([1, 17, 18, 24, 25, 34, 45, 55, 99, None], dtype=pl.Int32)).cast(pl.String).to_list()
    assert found == ["0-17", "0-17", "18-24", "18-24", "25-34", "25-34", "45-54", "55+", "55+", None]


def test_means_and_intervals_are_those_of_the_groups_own_users() -> None:
    per_user = users([0] * 6 + [7] * 9 + [200] * 5)
    found = group_users(per_user, None, seed=4)
    assert [(g.label, g.n) for g in found] == [("0", 6), ("5-19", 9), ("100+", 5)]
    middle = per_user[6:15]
    assert found[1].ndcg == mean_interval(middle["ndcg_at_10"].to_numpy(), seed=4)
    assert found[1].hit_rate.mean == pytest.approx(middle["hr_at_10"].mean())


def test_a_group_of_fewer_than_five_is_not_shown() -> None:
    found = group_users(users([0] * (FEWEST - 1) + [30] * FEWEST), None, seed=0)
    assert [g.label for g in found] == ["20-99"]


def test_age_and_gender_are_told_where_known() -> None:
    people = pl.DataFrame(
        {
            "user_id": np.arange(3, 25),
            "age": [20] * 10 + [60] * 12,
            "gender": ["F"] * 6 + [None] * 6 + ["M"] * 10,
        },
        schema_overrides={"age": pl.Int32},
    )
    found = {g.key: g.n for g in group_users(users([30] * 20), people, seed=0)}
    assert found == {"activity_20_99": 20, "age_18_24": 10, "age_55_up": 7, "gender_f": 6, "gender_m": 5}
    nobody = people.clear()
    assert [g.kind for g in group_users(users([30] * 20), nobody, seed=0)] == ["activity"]


def test_groups_are_part_of_an_evaluation(evaluations: dict[str, Evaluation]) -> None:
    result = evaluations["mean"].ranking("temporal_test")
    assert result is not None
    assert [(g.key, g.n) for g in result.groups] == [("activity_0", 6), ("activity_5_19", 54)]
    assert evaluations["mean"].metrics()["temporal_test_activity_5_19_ndcg_at_10"] == result.groups[1].ndcg.mean
    assert result.groups[1].ndcg.mean == pytest.approx(result.warm[0].ndcg)
