"""Challengers in shadow: what they would have shown, written down, and never a request that fails by them."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from recsys_assets.atomic import point_to
from recsys_assets.recommenders import build
from recsys_assets.serving.shadow import LOG_SCHEMA, Shadow, ShadowScore, _tau, shadow_folder, shadow_report
from recsys_assets.settings import Settings


def ratings(best: int) -> pl.DataFrame:
    """Everyone rated movies 1-6; `best` and its neighbours best."""
    rows = [
        (user, movie, 5.0 - 0.5 * abs(movie - best), datetime(2020, 1, 1) + timedelta(days=movie))
        for user in range(1, 9)
        for movie in range(1, 7)
    ]
    return pl.DataFrame(rows, ["user_id", "movie_id", "rating", "timestamp"], orient="row")


CATALOGUE = pl.DataFrame(
    {"movie_id": range(1, 7), "title": list("ABCDEF"), "year": [2000] * 6, "genres": [["Drama"]] * 6}
)


def export(folder: Path, model: str, version: int, best: int) -> None:
    at = folder / ".versions" / model / str(version)
    build(model).fit(ratings(best), CATALOGUE, seed=1).save(at)
    point_to(folder / model, at)


@pytest.fixture
def shadow(settings: Settings) -> Shadow:
    export(settings.champion_dir, "popularity", 1, best=1)
    export(settings.challenger_dir, "popularity", 2, best=6)
    found = Shadow.of(settings, "popularity")
    assert found is not None
    return found


def test_without_a_challenger_there_is_no_shadow(settings: Settings) -> None:
    export(settings.champion_dir, "popularity", 1, best=1)
    assert Shadow.of(settings, "popularity") is None
    assert shadow_report(settings).is_empty()


def test_opposite_tastes_share_no_movie_and_rank_the_other_way_round(shadow: Shadow) -> None:
    found = shadow.newcomer(pl.DataFrame(schema={"movie_id": pl.Int64, "rating": pl.Float64}), 3, request_id="r1")
    assert (found.champion, found.challenger, found.k, found.request_id) == (1, 2, 3, "r1")
    assert found.overlap == 0
    assert found.same_list is False
    assert found.rank == pytest.approx(-1)
    assert found.score is not None
    assert found.score < 0, "the challenger thinks less of what the champion shows"


def test_a_model_beside_itself_agrees_wholly(settings: Settings) -> None:
    export(settings.champion_dir, "popularity", 1, best=3)
    export(settings.challenger_dir, "popularity", 2, best=3)
    shadow = Shadow.of(settings, "popularity")
    assert shadow is not None
    found = shadow.request(999, 4)
    assert (found.overlap, found.same_list, found.rank, found.score) == (1.0, True, pytest.approx(1.0), 0.0)


def test_a_challenger_that_fails_is_a_line_and_not_a_failure(shadow: Shadow, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("torn weights")

    monkeypatch.setattr(shadow.challenger, "recommend", broken)
    found = shadow.request(999, 3)
    assert found.error == "ValueError: torn weights"
    assert found.overlap is None


def test_the_report_has_a_row_for_each_pair_of_versions(shadow: Shadow, settings: Settings) -> None:
    nothing = pl.DataFrame(schema={"movie_id": pl.Int64, "rating": pl.Float64})
    first, second = shadow.newcomer(nothing, 3), shadow.newcomer(nothing, 6)
    path = shadow_folder(settings) / "popularity.ndjson"
    path.write_bytes(path.read_bytes() + b'{"at": "20')  # a killed writer
    (row,) = shadow_report(settings).to_dicts()
    assert (row["requests"], row["failed"], row["champion"], row["challenger"]) == (2, 0, 1, 2)
    assert row["overlap"] == pytest.approx((first.overlap + second.overlap) / 2)  # type: ignore[operator]
    assert second.overlap == 1


def test_fields_and_columns_are_the_same() -> None:
    assert list(LOG_SCHEMA) == list(ShadowScore.__dataclass_fields__)


def test_tau_is_that_of_counted_pairs() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 4, 12).astype(np.float32), rng.integers(0, 4, 12).astype(np.float32)
    pairs = list(itertools.combinations(range(12), 2))
    both = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in pairs]
    expected = sum(x * y for x, y in both) / np.sqrt(sum(x != 0 for x, _ in both) * sum(y != 0 for _, y in both))
    assert _tau(a, b) == pytest.approx(expected)
    assert _tau(a, np.zeros(12, dtype=np.float32)) is None
