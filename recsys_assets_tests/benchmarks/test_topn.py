"""Top-N models beside `implicit` and LensKit, and at full size: `make bench`, or pytest -m benchmark on this file.

Each row is a process of its own, so that its peak memory is its own, and is written as soon as it is there.
`RECSYS_RIVALS_PYTHON` names the Python of an environment that holds LensKit; without it, its rows are left out. The
second table is of generated ratings, a fiftieth of MovieLens's 26,024,289 unless `RECSYS_BENCHMARK_RATINGS` says how
many.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from rich.table import Table
from scipy import sparse

from recsys_assets.evaluation.ultragcn import ULTRAGCN_CONFIGS, K, f1, scored, ultragcn
from recsys_assets.progress import silent
from recsys_assets.recommenders import build
from recsys_assets.recommenders.data import Histories, Ids, TrainingData, align_people
from recsys_assets.sources.ml_1m_ultragcn import UltraGcnData, read_ultragcn
from recsys_assets_tests.benchmarks.alone import alone
from recsys_assets_tests.benchmarks.peak import peak_mb
from recsys_assets_tests.benchmarks.tables import show, write

pytestmark = [pytest.mark.benchmark, pytest.mark.real_data]

FULL_SIZE = 26_024_289
USERS_AT_FULL_SIZE, MOVIES = 270_896, 45_115
SEED = 0
ASKED = 256
LENSKIT_SCRIPT = Path(__file__).parent / "rivals" / "lenskit_rival.py"
SCALE: dict[str, dict[str, Any]] = {
    "norm_ease": {"max_movies": 20_000},
    "ials": {"factors": 64, "iterations": 5},
}


@dataclass(frozen=True)
class Row:
    """Quality and cost of one model on the UltraGCN split."""

    model: str
    f1: float
    ndcg: float
    recall: float
    fit_cpu_s: float
    rank_cpu_ms_per_user: float
    peak_mb: float


# -- quality ---------------------------------------------------------------------------------------------------------


def default_als() -> Any:
    from implicit.als import AlternatingLeastSquares

    return AlternatingLeastSquares(random_state=SEED)


def tuned_als() -> Any:
    from implicit.als import AlternatingLeastSquares

    return AlternatingLeastSquares(factors=64, regularization=60.0, alpha=4.0, iterations=15, random_state=SEED)


def cosine_knn() -> Any:
    from implicit.nearest_neighbours import CosineRecommender

    return CosineRecommender(K=200)


RIVALS: dict[str, Callable[[], Any]] = {
    "implicit ALS, defaults": default_als,
    "implicit ALS, tuned": tuned_als,
    "implicit cosine kNN": cosine_knn,
}


def of_ours(name: str, data: UltraGcnData) -> Row:
    found = ultragcn(lambda: build(name, ULTRAGCN_CONFIGS[name]), data, seed=SEED)
    rank = 1000 * found.score_cpu_seconds / found.n_users
    return Row(name, found.f1, found.ndcg, found.recall, found.fit_cpu_seconds, rank, peak_mb())


def of_rival(name: str, data: UltraGcnData) -> Row:
    """The library as its users call it, on the same pairs."""
    users, movies = data.train["user_id"].to_numpy(), data.train["movie_id"].to_numpy()
    chosen = sparse.csr_matrix((np.ones(len(users), dtype=np.float32), (users, movies)))
    asked = data.test["user_id"].unique().sort().to_numpy()
    model = RIVALS[name]()
    started = time.process_time()
    model.fit(chosen, show_progress=False)
    fitted = time.process_time()
    ranked, _ = model.recommend(asked, chosen[asked], N=K, filter_already_liked_items=True)
    answered = time.process_time()
    per_user = scored(asked, np.asarray(ranked, dtype=np.int64), data.test)
    ndcg, recall, precision = (float(per_user[f"{m}_at_{K}"].mean()) for m in ("ndcg", "recall", "precision"))  # type: ignore[arg-type]
    rank = 1000 * (answered - fitted) / len(asked)
    return Row(name, f1(precision, recall), ndcg, recall, fitted - started, rank, peak_mb())


LENSKIT = ("ItemKNN", "ImplicitMF", "EASE")


def of_lenskit(name: str, data: UltraGcnData, folder: Path) -> Row | None:
    """LensKit in an environment of its own."""
    asked = data.test["user_id"].unique().sort().to_numpy()
    data.train.write_parquet(folder / "train.parquet")
    np.save(folder / "users.npy", asked)
    command = [os.environ["RECSYS_RIVALS_PYTHON"], str(LENSKIT_SCRIPT), name, str(folder), str(K)]
    cost = alone(command, what=f"UltraGCN split: LensKit {name}")
    if cost is None:
        return None
    per_user = scored(asked, np.load(folder / "lists.npy"), data.test)
    ndcg, recall, precision = (float(per_user[f"{m}_at_{K}"].mean()) for m in ("ndcg", "recall", "precision"))  # type: ignore[arg-type]
    rank = 1000 * cost["recommend_cpu_s"] / len(asked)
    return Row(f"LensKit {name}", f1(precision, recall), ndcg, recall, cost["fit_cpu_s"], rank, cost["peak_mb"])


def measured(mirror: Path, work: Path) -> Iterator[Row]:
    """Rows in the order of the table, those left out that took too long."""
    folder = mirror / "ml-1m-ultragcn"
    for name in (*RIVALS, *ULTRAGCN_CONFIGS):
        if found := by_itself("quality", name, str(folder), what=f"UltraGCN split: {name}"):
            yield Row(**found)
    data = read_ultragcn(folder / "train.txt", folder / "test.txt")
    for name in LENSKIT if "RECSYS_RIVALS_PYTHON" in os.environ else ():
        if row := of_lenskit(name, data, work):
            yield row


def quality_table(rows: list[Row]) -> Table:
    title = f"MovieLens-1M, UltraGCN split, seed {SEED}, settings chosen on train only"
    columns = ["model", "F1@20", "NDCG@20", "Recall@20", "fit CPU s", "rank CPU ms/user", "peak MB"]
    quality = [[r.model, f"{r.f1:.4f}", f"{r.ndcg:.4f}", f"{r.recall:.4f}"] for r in rows]
    cost = [[f"{r.fit_cpu_s:.1f}", f"{r.rank_cpu_ms_per_user:.2f}", f"{r.peak_mb:,.0f}"] for r in rows]
    return table_of(title, columns, [[*good, *dear] for good, dear in zip(quality, cost, strict=True)])


@pytest.mark.timeout(14_400)
def test_ours_beside_implicit_and_lenskit(mirror: Path, tmp_path: Path) -> None:
    rows: list[Row] = []
    for row in measured(mirror, tmp_path):
        rows.append(row)
        write(quality_table(rows), "topn")
    show(quality_table(rows), "topn")
    by_name = {r.model: r for r in rows}
    assert by_name["norm_ease"].ndcg > by_name["implicit ALS, tuned"].ndcg
    assert by_name["norm_ease"].ndcg >= 0.271
    assert by_name["topn_blend"].ndcg > max(r.ndcg for r in rows if r.model in RIVALS) + 0.01


# -- size ------------------------------------------------------------------------------------------------------------


def generated(ratings: int, *, seed: int = SEED) -> TrainingData:
    """About `ratings` ratings: log-normal activity, Zipf-like popularity, no tastes; for time and memory only."""
    rng = np.random.default_rng(seed)
    users = max(100, int(USERS_AT_FULL_SIZE * ratings / FULL_SIZE))
    activity = rng.lognormal(0, 1.1, users)
    popularity = np.cumsum(1 / (np.arange(MOVIES) + 60.0) ** 1.05)
    pairs: NDArray[np.int64] = np.empty(0, dtype=np.int64)
    while len(pairs) < ratings:
        missing = int((ratings - len(pairs)) * 1.15) + 100
        who = np.repeat(np.arange(users), rng.multinomial(missing, activity / activity.sum()))
        what = np.searchsorted(popularity, rng.random(missing) * popularity[-1])
        pairs = np.unique(np.concatenate([pairs, who * MOVIES + what]))
    pairs = np.delete(pairs, rng.choice(len(pairs), len(pairs) - ratings, replace=False))
    who, what = np.divmod(pairs, MOVIES)
    del pairs
    indptr = np.concatenate(([0], np.cumsum(np.bincount(who, minlength=users)))).astype(np.int64)
    histories = Histories(
        indptr, what.astype(np.int32), np.full(ratings, 4, dtype=np.float32), np.zeros(ratings, dtype=np.int64)
    )
    ids, movies = Ids(np.arange(users)), Ids(np.arange(MOVIES))
    catalogue = pl.DataFrame({"movie_id": movies.values}).with_columns(
        title=pl.format("movie {}", "movie_id"), year=pl.lit(None, pl.Int32), genres=pl.lit([], pl.List(pl.String))
    )
    return TrainingData(ids, movies, histories, catalogue, seed, silent, align_people(None, ids))


def of_size(name: str, ratings: int) -> dict[str, Any]:
    data = generated(ratings)
    model, before = build(name, SCALE[name]), peak_mb()
    started = time.process_time()
    model.fit_data(data)
    fitted = time.process_time()
    model.recommend(data.users.values[:ASKED], K)
    rank = 1000 * (time.process_time() - fitted) / ASKED
    return {"fit": fitted - started, "rank": rank, "before": before, "peak": peak_mb()}


@pytest.mark.timeout(7200)
def test_size() -> None:
    ratings = int(os.environ.get("RECSYS_BENCHMARK_RATINGS", str(FULL_SIZE // 50)))
    rows, found = [], {}
    for name, config in SCALE.items():
        cost = by_itself("size", name, str(ratings), what=f"{name}: {ratings:,} generated ratings")
        assert cost, "no answer in time; raise RECSYS_BENCHMARK_LIMIT"
        found[name] = cost
        rows.append([name, json.dumps(config)] + [f"{cost[key]:,.1f}" for key in ("fit", "rank", "before", "peak")])
    columns = ["model", "settings", "fit CPU s", "rank CPU ms/user", "MB before", "peak MB"]
    show(table_of(f"{ratings:,} generated ratings, {MOVIES:,} movies", columns, rows), "topn-size")
    assert all(cost["peak"] >= cost["before"] for cost in found.values())


# -- both ------------------------------------------------------------------------------------------------------------


def by_itself(task: str, name: str, argument: str, *, what: str) -> dict[str, Any] | None:
    """What this file prints as a script for one model."""
    return alone([sys.executable, __file__, task, name, argument], what=what)


def table_of(title: str, columns: list[str], rows: list[list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    return table


def main() -> None:
    task, name, argument = sys.argv[1:]
    if task == "size":
        sys.stdout.write(f"{json.dumps(of_size(name, int(argument)))}\n")
        return
    data = read_ultragcn(Path(argument) / "train.txt", Path(argument) / "test.txt")
    row = of_rival(name, data) if name in RIVALS else of_ours(name, data)
    sys.stdout.write(f"{json.dumps(asdict(row))}\n")


if __name__ == "__main__":
    main()
