"""Predictors of ratings, ours and Surprise's: `pytest -m benchmark recsys_assets_tests/benchmarks/test_ratings.py -s`.

All are fitted and scored on the same random folds, each in a process of its own with one thread, after a small fit
that loads libraries and compiles. `RECSYS_BENCHMARK_DATASET` is ml-100k or ml-latest-small, `RECSYS_BENCHMARK_FOLDS`
how many of the five folds are run (1), `RECSYS_BENCHMARK_MODELS` names some models only,
`RECSYS_BENCHMARK_RATINGS=26024289` is the size of the second benchmark.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.table import Table as RichTable

from recsys_assets.features.splits import random_folds
from recsys_assets.recommenders import RatingPredictor, build
from recsys_assets.recommenders.data import Histories, Ids, TrainingData
from recsys_assets_tests.benchmarks.alone import alone
from recsys_assets_tests.benchmarks.peak import peak_mb
from recsys_assets_tests.benchmarks.tables import show, write
from recsys_assets_tests.recommenders.published import published

pytestmark = pytest.mark.benchmark

SEED = 20261123
OURS = ("baseline", "svd", "svdpp", "biased_mf", "rating_knn", "bayesian_fm", "rating_blend")
SURPRISE: dict[str, tuple[str, dict[str, Any]]] = {
    "Surprise BaselineOnly": ("BaselineOnly", {"verbose": False}),
    "Surprise SVD": ("SVD", {"random_state": 0}),
    "Surprise SVD, tuned": (
        "SVD",
        {"n_factors": 100, "n_epochs": 60, "lr_all": 0.007, "reg_all": 0.09, "random_state": 0},
    ),
    "Surprise SVD++": ("SVDpp", {"cache_ratings": True, "random_state": 0}),
    "Surprise KNNBaseline, items": (
        "KNNBaseline",
        {
            "sim_options": {"name": "pearson_baseline", "user_based": False, "shrinkage": 100},
            "bsl_options": {},
            "verbose": False,
        },
    ),
}
RIVAL = "Surprise SVD, tuned"
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)


@pytest.mark.timeout(7200)
def test_predictors_of_ratings_beside_surprise(mirror: Path) -> None:
    dataset = os.environ.get("RECSYS_BENCHMARK_DATASET", "ml-100k")
    folds = int(os.environ.get("RECSYS_BENCHMARK_FOLDS", "1"))
    named = os.environ.get("RECSYS_BENCHMARK_MODELS")
    models = [m.strip() for m in named.split(";")] if named else [*SURPRISE, *OURS]
    found: dict[str, dict[str, float]] = {}
    for model in models:
        if measured := _measured("folds", model, dataset, str(folds), str(mirror), what=f"{dataset}: {model}"):
            found[model] = measured
            write(_beside_surprise(found, dataset, folds), f"ratings-{dataset}")
    show(_beside_surprise(found, dataset, folds), f"ratings-{dataset}")
    assert all(0 < m["rmse"] < 2 for m in found.values())


def _beside_surprise(found: dict[str, dict[str, float]], dataset: str, folds: int) -> RichTable:
    rival = found.get(RIVAL, {"fit": float("nan")})["fit"]
    table = RichTable(title=f"{dataset}, {folds} of 5 random folds, seed {SEED}, one thread", title_justify="left")
    table.add_column("model")
    for column in ("RMSE", "MAE", "fit CPU s", "predict CPU s", "peak MB", f"times as fast as {RIVAL}"):
        table.add_column(column, justify="right")
    for model, m in found.items():
        figures = f"{m['rmse']:.4f}", f"{m['mae']:.4f}", f"{m['fit']:.2f}", f"{m['predict']:.2f}", f"{m['peak']:.0f}"
        table.add_row(model, *figures, f"{rival / m['fit']:.1f}")
    return table


@pytest.mark.timeout(3600)
def test_biased_mf_on_many_ratings() -> None:
    asked = int(os.environ.get("RECSYS_BENCHMARK_RATINGS", "5000000"))
    m = _measured("many", str(asked), what=f"biased_mf: {asked:,} ratings")
    assert m, "no answer in time; raise RECSYS_BENCHMARK_LIMIT"
    table = RichTable(title=f"biased_mf, {asked:,} ratings, 64 factors, 20 epochs, one thread", title_justify="left")
    for column in ("fit CPU s", "CPU s an epoch", "compiling, CPU s", "data alone MB", "peak MB"):
        table.add_column(column, justify="right")
    row = f"{m['fit']:.1f}", f"{m['fit'] / 20:.2f}", f"{m['compile']:.1f}", f"{m['before']:.0f}", f"{m['peak']:.0f}"
    table.add_row(*row)
    show(table, "ratings-many")


def _measured(*arguments: str, what: str) -> dict[str, float] | None:
    return alone([sys.executable, "-m", __name__, *arguments], what=what, env=ONE_THREAD)


def over_folds(model: str, dataset: str, folds: int, mirror: Path) -> dict[str, float]:
    """Means over folds."""
    ratings, catalogue, people = published(dataset, mirror)
    ratings = ratings.with_columns(fold=random_folds(ratings, seed=SEED))
    fit = _surprise if model in SURPRISE else _ours
    fit(model, ratings.head(400), catalogue, people)
    rows = []
    for fold in range(folds):
        train, test = ratings.filter(pl.col("fold") != fold), ratings.filter(pl.col("fold") == fold)
        started = time.process_time()
        predict = fit(model, train, catalogue, people)
        fitted = time.process_time()
        error = predict(test) - test["rating"].to_numpy()
        rows.append(
            {
                "rmse": float(np.sqrt((error**2).mean())),
                "mae": float(np.abs(error).mean()),
                "fit": fitted - started,
                "predict": time.process_time() - fitted,
            }
        )
    return {k: float(np.mean([row[k] for row in rows])) for k in rows[0]} | {"peak": peak_mb()}


Predict = Callable[[pl.DataFrame], np.ndarray]


def _ours(name: str, train: pl.DataFrame, catalogue: pl.DataFrame, people: pl.DataFrame | None) -> Predict:
    model = build(name).fit(train.drop("fold"), catalogue, people=people, seed=SEED)
    assert isinstance(model, RatingPredictor)

    def predict(test: pl.DataFrame) -> np.ndarray:
        at = test["timestamp"].dt.epoch("s").to_numpy()
        return model.predict(test["user_id"].to_numpy(), test["movie_id"].to_numpy(), at=at)

    return predict


def _surprise(name: str, train: pl.DataFrame, catalogue: pl.DataFrame, people: pl.DataFrame | None) -> Predict:
    import surprise

    kind, options = SURPRISE[name]
    lines = train.select("user_id", "movie_id", "rating").to_pandas()
    trainset = surprise.Dataset.load_from_df(lines, surprise.Reader(rating_scale=(0.5, 5))).build_full_trainset()
    algorithm = getattr(surprise, kind)(**options)
    algorithm.fit(trainset)

    def predict(test: pl.DataFrame) -> np.ndarray:
        asked = test.select("user_id", "movie_id", "rating").rows()
        return np.array([told.est for told in algorithm.test(asked)])

    return predict


def many(n: int, *, epochs: int = 20) -> dict[str, float]:
    """Fit on ratings of the size and shape of The Movies Dataset, drawn at random: the times of it, not the quality."""
    data = _drawn(n)
    warm = build("biased_mf", {"factors": 64, "epochs": 1})
    started = time.process_time()
    warm.fit_data(_drawn(1000))
    compiled = time.process_time() - started
    before = peak_mb()
    model, started = build("biased_mf", {"factors": 64, "epochs": epochs}), time.process_time()
    model.fit_data(data)
    return {"fit": time.process_time() - started, "compile": compiled, "before": before, "peak": peak_mb()}


def _drawn(n: int) -> TrainingData:
    rng = np.random.default_rng(SEED)
    n_users, n_movies = max(2, int(n * 270_896 / 26_024_289)), max(2, min(45_115, n // 10))
    activity = rng.lognormal(0, 1.3, n_users)
    lengths = np.maximum(1, (activity / activity.sum() * n).astype(np.int64))
    lengths[0] += max(0, n - lengths.sum())
    total = int(lengths.sum())
    movies = (n_movies * rng.random(total, dtype=np.float32) ** 4).astype(np.int32)
    np.minimum(movies, n_movies - 1, out=movies)
    ratings = rng.integers(1, 11, total, dtype=np.int8).astype(np.float32) / 2
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    histories = Histories(indptr, movies, ratings, np.arange(total, dtype=np.int64))
    catalogue = pl.DataFrame({"movie_id": np.arange(n_movies)}).with_columns(
        title=pl.lit("x"), year=pl.lit(1990), genres=pl.lit([], dtype=pl.List(pl.String))
    )
    ids = Ids(np.arange(n_users)), Ids(np.arange(n_movies))
    return TrainingData(*ids, histories, catalogue, SEED, lambda _: None, pl.DataFrame())


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    answer = many(int(rest[0])) if what == "many" else over_folds(rest[0], rest[1], int(rest[2]), Path(rest[3]))
    sys.stdout.write(json.dumps(answer) + "\n")
