"""LensKit (lkpy) as a rival: runs in an environment of its own, as it can't share pandas 3.

    python lenskit_rival.py MODEL WORK K

WORK holds `train.parquet` (`user_id, movie_id, rating`) and `users.npy`; written is `lists.npy` (n_users, K) int64,
-1 where fewer remain, and printed the cost (fit_cpu_s, recommend_cpu_s, peak_mb) as JSON. What a user has in train is
not listed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from recsys_assets_tests.benchmarks.peak import peak_mb


def scorer(name: str) -> object:
    """LensKit's own defaults where it has them; sizes as its documentation's examples."""
    from lenskit.als import ImplicitMFScorer
    from lenskit.knn import EASEScorer, ItemKNNScorer

    makers = {
        "ItemKNN": lambda: ItemKNNScorer(max_nbrs=20, feedback="implicit"),
        "ImplicitMF": lambda: ImplicitMFScorer(embedding_size=64, epochs=10),
        "EASE": lambda: EASEScorer(),
    }
    return makers[name]()


def main(name: str, work: Path, k: int) -> None:
    from lenskit.batch import recommend as recommend_all
    from lenskit.data import from_interactions_df
    from lenskit.pipeline import topn_pipeline

    frame = pd.read_parquet(work / "train.parquet").rename(columns={"movie_id": "item_id"})
    data = from_interactions_df(frame[["user_id", "item_id"]])
    users = np.load(work / "users.npy")
    pipeline = topn_pipeline(scorer(name), n=k)
    started = time.process_time()
    pipeline.train(data)
    fitted = time.process_time()
    lists = recommend_all(pipeline, users.tolist(), k, n_jobs=1)
    answered = time.process_time()
    table = np.full((len(users), k), -1, dtype=np.int64)
    place = {user: row for row, user in enumerate(users.tolist())}
    for key, items in lists.items():
        ids = items.ids()
        table[place[int(key.user_id)], : len(ids)] = ids
    np.save(work / "lists.npy", table)
    cost = {"fit_cpu_s": fitted - started, "recommend_cpu_s": answered - fitted, "peak_mb": peak_mb()}
    sys.stdout.write(f"{json.dumps(cost)}\n")


if __name__ == "__main__":
    os.environ.setdefault("LK_NUM_THREADS", "1")
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
